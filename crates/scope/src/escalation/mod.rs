//! Privilege escalation: permissions that lead to more than they say.
//!
//! The rules are data ([`rules`]). [`find`] tells which of them what a principal holds completes, each with one
//! concrete call per permission: not that the words occur, but that the calls can be made, on resources that fit
//! together, past every denial and under every condition.

mod analysis;
mod aws;
mod azure;
mod gcp;
mod rule;

use serde::Serialize;

pub use analysis::agent_paths;
pub(crate) use analysis::tell;
pub use azure::AzureGrant;
pub use gcp::GcpGrant;
pub use rule::{Rule, rules};

use crate::aws::arn::RoleArn;
use crate::aws::authority::{Authority, Certainty};
use crate::aws::policy::PolicyDocument;
use crate::aws::region::Region;
use crate::identifier::Cloud;

/// What one principal holds.
#[derive(Clone, Copy, Debug)]
pub enum Held<'a> {
    /// A session of AWS whose session policy is compiled from the authority: it can only narrow the role, and
    /// denies the STS pivots.
    Session {
        /// What the session policy grants.
        authority: &'a Authority,
        /// The session's role, where it is known: calls are then made in its account.
        role: Option<&'a RoleArn>,
    },
    /// The identity policies of AWS that are attached to a principal.
    Policies(&'a [&'a PolicyDocument]),
    /// Permissions of a service account of Google Cloud.
    Gcp(&'a [GcpGrant<'a>]),
    /// Operations of an identity of Azure.
    Azure(&'a [AzureGrant<'a>]),
}

/// A rule that is completed.
#[derive(Clone, Debug)]
pub struct Path {
    /// The rule.
    pub rule: &'static Rule,
    /// One call for each permission that the rule needs.
    pub permissions: Vec<Witness>,
    /// What must exist besides for the path to lead further; none where the permissions suffice.
    pub depends_on_target: Option<&'static str>,
    /// Whether the target may be any of its kind: what is held does not name it.
    pub any_target: bool,
    /// How to mend it.
    pub remedy: &'static str,
    /// Whether it is known that the calls can be made together. Patterns that overlap in extravagantly many ways
    /// cannot be followed; that a path is there is then only supposed.
    pub certainty: Certainty,
}

/// One call of a [`Path`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Witness {
    /// The permission, as its cloud writes it.
    pub permission: String,
    /// The resource that it is used on; none where it has none, or where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// The region of AWS, where it matters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// What conditions ask of the request: keys in lower case, with a value that will do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<(String, String)>,
}

impl std::fmt::Display for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.permission)?;
        self.resource.as_ref().map_or(Ok(()), |resource| write!(f, " on {resource}"))?;
        for (at, (key, value)) in self.conditions.iter().enumerate() {
            write!(f, "{} {key} = {value}", if at == 0 { " with" } else { "," })?;
        }
        Ok(())
    }
}

/// The paths on which what is held leads further, in the order of the rules.
///
/// Where everything is allowed, that is the one path told: it has all others in it.
pub fn find(held: &Held<'_>) -> Vec<Path> {
    match held {
        Held::Session { authority, role } => aws::session_paths(authority, *role),
        Held::Policies(documents) => aws::policy_paths(documents),
        Held::Gcp(grants) => gcp::paths(grants),
        Held::Azure(grants) => azure::paths(grants),
    }
}

/// The path of those who may do everything.
fn everything(cloud: Cloud, permission: &str) -> Vec<Path> {
    let rule = rules(cloud).iter().find(|rule| rule.ways.is_empty());
    let witness =
        Witness { permission: permission.to_owned(), resource: None, region: None, conditions: Vec::new() };
    rule.map(|rule| Path::of(rule, vec![witness], rule.target.as_deref(), true)).into_iter().collect()
}

impl Path {
    fn of(rule: &'static Rule, permissions: Vec<Witness>, target: Option<&'static str>, any: bool) -> Self {
        Self {
            rule,
            permissions,
            depends_on_target: target,
            any_target: any,
            remedy: &rule.remedy,
            certainty: Certainty::Shown,
        }
    }
}
