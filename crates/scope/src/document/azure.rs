//! Scopes at Microsoft Azure.

use serde::Serialize;

use super::defaults::Defaults;
use super::fields::Fields;
use super::value::{Bounds, Expected, duration, each, parsed};
use crate::azure::{AzureOperation, ClientId};
use crate::finding::{Code, Finding};
use crate::seconds::Seconds;

/// What an agent may be given at Azure: tokens of an application or managed identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AzureScope {
    /// The identity whose tokens are minted; the deployment's settings say where the document does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// The operations; at least one.
    pub permissions: Vec<AzureOperation>,
    /// The resources that the operations are meant for, by their ids (`/subscriptions/…`) or `*`; none means all
    /// that the identity's role assignments reach.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// The longest that a token may live. What it really lives, the tenant's token lifetime decides.
    pub max_duration: Seconds,
}

impl AzureScope {
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
        let permissions = fields
            .require("permissions", findings)
            .and_then(|node| each(node, "permissions", PERMISSION, findings));
        let resources = match fields.take("resources") {
            Some(node) => each::<Resource>(node, "resources", RESOURCE, findings),
            None => Some(Vec::new()),
        };
        let max_duration = match fields.take("max_duration") {
            Some(node) => duration(node, "max_duration", &DURATIONS, findings),
            None => Some(defaults.max_duration(&DURATIONS, at, findings)),
        };
        Some(Self {
            client_id,
            permissions: permissions?,
            resources: resources?.into_iter().map(|resource| resource.0).collect(),
            max_duration: max_duration?,
        })
    }
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

/// A resource's id, or `*`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Resource(String);

impl std::str::FromStr for Resource {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let id = text
            .strip_prefix('/')
            .is_some_and(|rest| !rest.is_empty() && !rest.split('/').any(str::is_empty));
        // Names of resource groups may hold letters of any language, spaces they may not.
        if text == "*" || (id && !text.contains(|c: char| c.is_whitespace() || c.is_control())) {
            Ok(Self(text.to_owned()))
        } else {
            Err("a resource of Azure is written /subscriptions/ID/..., or * for all")
        }
    }
}
