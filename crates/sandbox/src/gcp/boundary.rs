//! Credential Access Boundaries: the rules within which a narrowed token works, at Cloud Storage only.
//! <https://cloud.google.com/iam/docs/downscoping-short-lived-credentials>

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use super::authority::Use;
use super::condition::Condition;
use super::roles;

const MAX_RULES: usize = 10;
/// In characters, as for every condition at Google.
const MAX_EXPRESSION: usize = 2_048;
/// The names of objects and buckets in permissions' resources, and in rules.
const STORAGE: &str = "//storage.googleapis.com/";

/// What `options` holds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Options {
    access_boundary: Boundary,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Boundary {
    access_boundary_rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rule {
    available_resource: String,
    available_permissions: Vec<String>,
    availability_condition: Option<Availability>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Availability {
    expression: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

/// What is wrong with a boundary.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BoundaryError {
    #[error("Invalid options parameter: {0}")]
    Unreadable(String),
    #[error("The access boundary must have between 1 and 10 rules, and has {0}.")]
    Rules(usize),
    #[error("Invalid availableResource {0}: only Cloud Storage buckets are supported.")]
    Resource(String),
    #[error("Invalid availablePermissions {0}.")]
    Permission(String),
    #[error("Invalid availabilityCondition: {0}.")]
    Condition(String),
}

impl Boundary {
    /// From the parameter `options`: JSON, which some clients percent-encode once more.
    pub(super) fn parse(options: &str) -> Result<Self, BoundaryError> {
        let decoded = percent_decode_str(options).decode_utf8_lossy();
        let text = if options.trim_start().starts_with('{') { options } else { &decoded };
        let Options { access_boundary } =
            serde_json::from_str(text).map_err(|error| BoundaryError::Unreadable(error.to_string()))?;
        let count = access_boundary.access_boundary_rules.len();
        if !(1..=MAX_RULES).contains(&count) {
            return Err(BoundaryError::Rules(count));
        }
        access_boundary.access_boundary_rules.iter().try_for_each(Rule::check)?;
        Ok(access_boundary)
    }

    /// Whether one of the rules lets the use of a permission through.
    pub(super) fn allows(&self, usage: &Use<'_>) -> bool {
        self.access_boundary_rules.iter().any(|rule| rule.allows(usage))
    }
}

impl Rule {
    fn check(&self) -> Result<(), BoundaryError> {
        let bucket = self
            .available_resource
            .strip_prefix("//storage.googleapis.com/projects/_/buckets/")
            .filter(|bucket| !bucket.is_empty() && !bucket.contains('/'));
        if bucket.is_none() {
            return Err(BoundaryError::Resource(self.available_resource.clone()));
        }
        if self.available_permissions.is_empty() {
            return Err(BoundaryError::Permission("[]".to_owned()));
        }
        for permission in &self.available_permissions {
            // A custom role is beyond what the sandbox knows.
            if !permission.strip_prefix("inRole:").is_some_and(roles::is_known) {
                return Err(BoundaryError::Permission(permission.clone()));
            }
        }
        let Some(Availability { expression, .. }) = &self.availability_condition else { return Ok(()) };
        if expression.chars().count() > MAX_EXPRESSION {
            let message = format!("the expression has more than {MAX_EXPRESSION} characters");
            return Err(BoundaryError::Condition(message));
        }
        Condition::parse(expression).map(drop).map_err(|error| BoundaryError::Condition(error.to_string()))
    }

    fn allows(&self, usage: &Use<'_>) -> bool {
        let role = |role: &String| {
            role.strip_prefix("inRole:").is_some_and(|role| roles::contains(role, usage.permission))
        };
        let name = usage.resource.strip_prefix(STORAGE).unwrap_or(usage.resource);
        let condition = self.availability_condition.as_ref().is_none_or(|condition| {
            Condition::parse(&condition.expression).is_ok_and(|condition| condition.holds(name, usage.listed))
        });
        usage.is_below(&self.available_resource) && self.available_permissions.iter().any(role) && condition
    }
}
