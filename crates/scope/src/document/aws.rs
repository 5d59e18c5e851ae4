//! Scopes at AWS.

use std::str::FromStr;

use serde::Serialize;

use super::defaults::Defaults;
use super::overlap;
use crate::aws::arn::RoleArn;
use crate::aws::authority::{Authority, Statement};
use crate::aws::pattern::{ActionPattern, ResourcePattern};
use crate::aws::region::{Region, Regions, is_global};
use crate::fields::Fields;
use crate::finding::{Code, Finding, shown};
use crate::identifier::AgentId;
use crate::seconds::Seconds;
use crate::syntax::{Kind, Node};
use crate::text::text_type;
use crate::value::{Bounds, Expected, duration, each, list, mend, parsed, text};

/// What an agent may be given at AWS: sessions of a role, narrowed to this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AwsScope {
    /// The role whose sessions are minted; the deployment's settings say where the document does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleArn>,
    /// The external id that the role's trust policy asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<ExternalId>,
    /// The regions in which calls may be made.
    pub regions: Regions,
    /// The actions; at least one.
    pub permissions: Vec<ActionPattern>,
    /// The resources that the actions may be used on; at least one.
    pub resources: Vec<ResourcePattern>,
    /// The longest that a session may live.
    pub max_duration: Seconds,
}

impl AwsScope {
    /// The calls that the scope allows.
    pub fn authority(&self) -> Authority {
        Authority::new(vec![self.statement()])
    }

    pub(crate) fn statement(&self) -> Statement {
        Statement {
            actions: self.permissions.clone(),
            resources: self.resources.clone(),
            regions: self.regions.clone(),
        }
    }

    pub(super) fn read(
        fields: &mut Fields<'_>,
        agent: Option<&AgentId>,
        defaults: &Defaults,
        findings: &mut Vec<Finding>,
    ) -> Option<Self> {
        let at = fields.at();
        let role = match fields.take("role") {
            Some(node) => parsed(node, ROLE, findings),
            None => (defaults.role.as_ref().zip(agent))
                .and_then(|(template, agent)| template.fill(agent, ROLE, at, findings)),
        };
        let external_id = match fields.take("external_id") {
            Some(node) => parsed(node, EXTERNAL_ID, findings),
            None => defaults.external_id.clone(),
        };
        let own_regions = fields.take("regions");
        let regions = match own_regions {
            Some(node) => regions(node, findings),
            None => Some(defaults.regions.clone()),
        };
        let permissions = fields.require("permissions", findings).and_then(|node| {
            if own_regions.is_some() && matches!(&regions, Some(Regions::Only(_))) {
                tell_global(node, findings);
            }
            permissions(node, findings)
        });
        let resources = match fields.take("resources") {
            Some(node) => {
                let resources = each(node, "resources", RESOURCE, findings);
                overlap::tell::<ResourcePattern>(node, RESOURCE.what, findings);
                resources
            }
            None => "*".parse().ok().map(|every| vec![every]),
        };
        let max_duration = match fields.take("max_duration") {
            Some(node) => duration(node, "max_duration", &DURATIONS, findings),
            None => Some(defaults.max_duration(&DURATIONS, at, findings)),
        };
        Some(Self {
            role,
            external_id,
            regions: regions?,
            permissions: permissions?,
            resources: resources?,
            max_duration: max_duration?,
        })
    }
}

/// The bounds of AssumeRole; the role's own maximum is known only at AWS.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
const DURATIONS: Bounds = Bounds { least: Seconds::new(900), most: Seconds::new(43_200), of: "aws" };

pub(super) const ROLE: Expected = Expected {
    what: "role",
    code: Code::InvalidArn,
    help: "write it as arn:aws:iam::123456789012:role/NAME",
};

pub(super) const EXTERNAL_ID: Expected = Expected {
    what: "external_id",
    code: Code::InvalidExternalId,
    help: "write it as the role's trust policy has it",
};

const PERMISSION: Expected = Expected {
    what: "permission",
    code: Code::InvalidPermission,
    help: "write it as AWS does, such as s3:GetObject",
};

const RESOURCE: Expected = Expected {
    what: "resource",
    code: Code::InvalidResource,
    help: "write an ARN such as arn:aws:s3:::acme-data/*, or \"*\" for all",
};

const REGION: Expected = Expected {
    what: "region",
    code: Code::InvalidRegion,
    help: "write the region's name, or regions: \"*\" for all of them",
};

/// A list of regions, or `"*"`.
pub(super) fn regions(node: &Node, findings: &mut Vec<Finding>) -> Option<Regions> {
    if matches!(&node.kind, Kind::Text(text) if text == "*") {
        return Some(Regions::All);
    }
    let before = findings.len();
    let regions = each(node, "regions", REGION, findings);
    mend::<Region>(node, before, |written| Some(written.trim().to_ascii_lowercase()), findings);
    regions.map(Regions::from_iter)
}

/// Tells permissions that a scope's regions do not restrict.
fn tell_global(node: &Node, findings: &mut Vec<Finding>) {
    for item in list(node, "permissions", &mut Vec::new()).unwrap_or_default() {
        let written = text(item, PERMISSION.what, &mut Vec::new()).unwrap_or_default();
        if is_global(written) {
            let written = shown(written);
            let message =
                format!("`{written}` goes to one fixed region, so that `regions` does not restrict it");
            let finding = Finding::info(Code::RegionOnGlobalService, message).at(item.span);
            findings.push(finding.help("give it a scope without `regions`"));
        }
    }
}

/// A permission as it was probably meant: services are written in lowercase.
fn mended(written: &str) -> Option<String> {
    let (service, name) = written.trim().split_once(':')?;
    Some(format!("{}:{name}", service.trim().to_ascii_lowercase()))
}

fn permissions(node: &Node, findings: &mut Vec<Finding>) -> Option<Vec<ActionPattern>> {
    let before = findings.len();
    let permissions = each::<ActionPattern>(node, "permissions", PERMISSION, findings);
    mend::<ActionPattern>(node, before, mended, findings);
    let permissions = permissions?;
    overlap::tell::<ActionPattern>(node, PERMISSION.what, findings);
    for item in list(node, "permissions", &mut Vec::new()).unwrap_or_default() {
        let written = text(item, PERMISSION.what, &mut Vec::new()).unwrap_or_default();
        if written.starts_with("sts:") && written.parse().is_ok_and(|action: ActionPattern| action.is_pivot())
        {
            let message =
                format!("permission `{written}` obtains other credentials, which every session denies");
            let help = "remove it; give the agent a scope for the other role instead";
            findings.push(Finding::error(Code::StsPivot, message).at(item.span).help(help));
        }
    }
    Some(permissions)
}

/// The external id that a role's trust policy may ask for: 2 to 1,224 of letters, digits and `_+=,.@:/-`.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternalId(String);

impl ExternalId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ExternalId {
    type Err = ExternalIdError;

    fn from_str(text: &str) -> Result<Self, ExternalIdError> {
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&byte);
        if (2..=1_224).contains(&text.len()) && text.bytes().all(sound) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ExternalIdError)
        }
    }
}

text_type!(ExternalId, "^[A-Za-z0-9_+=,.@:/-]{2,1224}$");

/// The text is not an external id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an external id has 2 to 1224 letters, digits and _+=,.@:/-")]
pub struct ExternalIdError;
