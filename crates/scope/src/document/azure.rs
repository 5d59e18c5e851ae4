//! Scopes at Microsoft Azure.

use serde::Serialize;

use super::defaults::Defaults;
use crate::azure::authority::{Authority, Statement};
use crate::azure::{AzureOperation, AzureResource, ClientId, Plane};
use crate::fields::Fields;
use crate::finding::{Code, Finding, Span, shown};
use crate::seconds::Seconds;
use crate::syntax::{Kind, Node};
use crate::value::{Bounds, Expected, duration, each, list, parsed, text};

/// What an agent may be given at Azure: tokens of an application or managed identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AzureScope {
    /// The identity whose tokens are minted; the deployment's settings say where the document does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// The operations; at least one.
    pub permissions: Vec<AzureOperation>,
    /// The resources that the operations are meant for; none means all that the identity's role assignments reach.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<AzureResource>,
    /// The longest that a token may live. What it really lives, the tenant's token lifetime decides.
    pub max_duration: Seconds,
}

impl AzureScope {
    /// The calls that the scope allows.
    pub fn authority(&self) -> Authority {
        let resources =
            if self.resources.is_empty() { vec![AzureResource::any()] } else { self.resources.clone() };
        Authority::new(vec![Statement {
            client_id: self.client_id.clone(),
            operations: self.permissions.clone(),
            resources,
        }])
    }

    pub(super) fn read(
        fields: &mut Fields<'_>,
        defaults: &Defaults,
        findings: &mut Vec<Finding>,
    ) -> Option<Self> {
        let at = fields.at();
        let client_id = match fields.take("client_id") {
            Some(node) => parsed(node, CLIENT_ID, findings),
            None => defaults.client_id.clone(),
        };
        let permissions =
            fields.require("permissions", findings).and_then(|node| permissions(node, findings));
        let resources = match fields.take("resources") {
            Some(node) => each::<AzureResource>(node, "resources", RESOURCE, findings),
            None => Some(Vec::new()),
        };
        let max_duration = match fields.take("max_duration") {
            Some(node) => duration(node, "max_duration", &DURATIONS, findings),
            None => Some(defaults.max_duration(&DURATIONS, at, findings)),
        };
        Some(Self {
            client_id,
            permissions: permissions?,
            resources: resources?,
            max_duration: max_duration?,
        })
    }
}

fn permissions(node: &Node, findings: &mut Vec<Finding>) -> Option<Vec<AzureOperation>> {
    let permissions: Vec<AzureOperation> = each(node, "permissions", PERMISSION, findings)?;
    let items = list(node, "permissions", &mut Vec::new()).unwrap_or_default();
    for item in items {
        let Some(written) = text(item, PERMISSION.what, &mut Vec::new()) else { continue };
        let Ok(operation) = written.parse::<AzureOperation>() else { continue };
        if !operation.has_verb() {
            let message =
                format!("operation `{}` ends in nothing that an operation of Azure ends in", shown(written));
            let help =
                "an operation ends in read, write, delete or action, such as virtualMachines/start/action";
            let meant = format!("{written}/action");
            let guess = ["get", "list", "create", "update", "put", "remove"].map(|verb| format!("/{verb}"));
            let is_verb = guess.iter().any(|verb| written.to_ascii_lowercase().ends_with(verb));
            let fix = if is_verb { None } else { item.rewrite(&meant, format!("write `{}`", shown(&meant))) };
            findings.push(Finding::error(Code::OperationShape, message).at(item.span).help(help).fix(fix));
        }
    }
    Some(permissions)
}

/// The finding for a scope of a document whose operations, by their form, are of both planes.
pub(super) fn mixed_in(scope: &Node) -> Option<Finding> {
    let Kind::Mapping(entries) = &scope.kind else { return None };
    let permissions = entries.iter().find(|entry| entry.name == "permissions")?;
    let Kind::List(items) = &permissions.value.kind else { return None };
    mixed(items.iter().filter_map(|item| {
        let Kind::Text(written) = &item.kind else { return None };
        let operation: AzureOperation = written.parse().ok()?;
        Some((item.span, operation.plane()?))
    }))
}

/// The finding for operations of both planes in one scope, at the first of those on data.
pub(crate) fn mixed(planes: impl IntoIterator<Item = (Span, Plane)>) -> Option<Finding> {
    let (mut control, mut data) = (None, None);
    for (span, plane) in planes {
        let first = if plane == Plane::Data { &mut data } else { &mut control };
        first.get_or_insert(span);
    }
    let (control, data) = control.zip(data)?;
    let message = "some of these operations are on resources, others on the data in them";
    let help = format!("line {} has the first on resources; make two scopes of it", control.line);
    Some(Finding::warning(Code::MixedPlanes, message).at(data).help(help))
}

/// Azure takes no duration with a request, so it has no bounds for one.
const DURATIONS: Bounds = Bounds { least: Seconds::new(1), most: Seconds::new(u32::MAX), of: "azure" };

pub(super) const CLIENT_ID: Expected = Expected {
    what: "client_id",
    code: Code::InvalidClientId,
    help: "write the id of the application or managed identity, not its name",
};

const PERMISSION: Expected = Expected {
    what: "permission",
    code: Code::InvalidPermission,
    help: "write it as Azure does, such as Microsoft.Storage/storageAccounts/read",
};

const RESOURCE: Expected = Expected {
    what: "resource",
    code: Code::InvalidResource,
    help: "write a resource's id such as /subscriptions/ID/resourceGroups/prod, or \"*\" for all",
};
