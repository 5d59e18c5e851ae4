//! Scopes at Google Cloud.

use serde::Serialize;

use super::defaults::Defaults;
use crate::fields::Fields;
use crate::finding::{Code, Finding};
use crate::gcp::authority::{Authority, Statement};
use crate::gcp::{GcpPermission, GcpResource, ServiceAccount};
use crate::identifier::AgentId;
use crate::seconds::Seconds;
use crate::syntax::{Kind, Node};
use crate::value::{Bounds, Expected, duration, each, item_at, mend, parsed};

/// What an agent may be given at Google Cloud: access tokens of a service account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GcpScope {
    /// The service account whose tokens are minted; the deployment's settings say where the document does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<ServiceAccount>,
    /// The permissions; at least one.
    pub permissions: Vec<GcpPermission>,
    /// The resources that the permissions are meant for; none means all that the service account reaches.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<GcpResource>,
    /// The longest that a token may live.
    pub max_duration: Seconds,
}

impl GcpScope {
    /// The calls that the scope allows.
    pub fn authority(&self) -> Authority {
        let resources =
            if self.resources.is_empty() { vec![GcpResource::any()] } else { self.resources.clone() };
        Authority::new(vec![Statement {
            service_account: self.service_account.clone(),
            permissions: self.permissions.clone(),
            resources,
        }])
    }

    pub(super) fn read(
        fields: &mut Fields<'_>,
        agent: Option<&AgentId>,
        defaults: &Defaults,
        findings: &mut Vec<Finding>,
    ) -> Option<Self> {
        let at = fields.at();
        let service_account = match fields.take("service_account") {
            Some(node) => parsed(node, SERVICE_ACCOUNT, findings),
            None => (defaults.service_account.as_ref().zip(agent))
                .and_then(|(template, agent)| template.fill(agent, SERVICE_ACCOUNT, at, findings)),
        };
        let permissions =
            fields.require("permissions", findings).and_then(|node| permissions(node, findings));
        let resources = match fields.take("resources") {
            Some(node) => each::<GcpResource>(node, "resources", RESOURCE, findings),
            None => Some(Vec::new()),
        };
        let max_duration = match fields.take("max_duration") {
            Some(node) => duration(node, "max_duration", &DURATIONS, findings),
            None => Some(defaults.max_duration(&DURATIONS, at, findings)),
        };
        Some(Self {
            service_account,
            permissions: permissions?,
            resources: resources?,
            max_duration: max_duration?,
        })
    }
}

/// The permissions; what is something else at Google is told to be that.
fn permissions(node: &Node, findings: &mut Vec<Finding>) -> Option<Vec<GcpPermission>> {
    let before = findings.len();
    let permissions = each(node, "permissions", PERMISSION, findings);
    mend::<GcpPermission>(node, before, mended, findings);
    let Kind::List(items) = &node.kind else { return permissions };
    for finding in findings.iter_mut().skip(before).filter(|finding| finding.fix.is_none()) {
        let item = finding.span.and_then(|span| item_at(items, span));
        let Some(Node { kind: Kind::Text(text), .. }) = item else { continue };
        finding.help = match text.as_str() {
            role if role.starts_with("roles/") || role.contains("/roles/") => {
                Some("that is a role; list the permissions of it that are needed".to_owned())
            }
            url if url.starts_with("https://") => {
                Some("that is an OAuth scope; list permissions, from which the scopes follow".to_owned())
            }
            _ => continue,
        };
    }
    permissions
}

/// A permission as it was probably meant: with points throughout, and its service in lowercase.
fn mended(written: &str) -> Option<String> {
    let written = written.trim().replace([':', '/'], ".");
    let (service, rest) = written.split_once('.')?;
    Some(format!("{}.{rest}", service.to_ascii_lowercase()))
}

/// The most of generateAccessToken, which an organisation must allow beyond one hour.
/// <https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken>
const DURATIONS: Bounds = Bounds { least: Seconds::new(1), most: Seconds::new(43_200), of: "gcp" };

pub(super) const SERVICE_ACCOUNT: Expected = Expected {
    what: "service_account",
    code: Code::InvalidServiceAccount,
    help: "write its e-mail address, such as agent-devops@acme-prod.iam.gserviceaccount.com",
};

const PERMISSION: Expected = Expected {
    what: "permission",
    code: Code::InvalidPermission,
    help: "write it as GCP does, such as storage.objects.get",
};

const RESOURCE: Expected = Expected {
    what: "resource",
    code: Code::InvalidResource,
    help: "write a full name such as //storage.googleapis.com/projects/_/buckets/acme-data, or \"*\" for all",
};
