//! What the holder of a token may do.

use super::SandboxAzure;
use super::config::{Apps, Identity, RoleAssignment};
use super::resource;
use super::token::Bearer;

/// What becomes of an operation, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Allowed(String),
    /// The token is for another service than the operation's.
    WrongAudience(String),
    NotAssigned(String),
}

impl SandboxAzure {
    pub(super) fn decide(&self, bearer: &Bearer, operation: &str, scope: &str) -> Decision {
        if !resource::serves(&bearer.audience, operation) {
            return Decision::WrongAudience(format!(
                "the token is for {}, which does not serve {operation}",
                bearer.audience
            ));
        }
        let client = &bearer.client_id;
        match self.roles(client) {
            None => Decision::Allowed("every application may do anything".to_owned()),
            Some(roles) if roles.iter().any(|role| role.allows(operation, scope)) => {
                Decision::Allowed(format!("it is assigned to {client}"))
            }
            Some(_) => Decision::NotAssigned(format!("no role that has it there is assigned to {client}")),
        }
    }

    /// The roles assigned to an application or managed identity. `None`: whatever there is.
    fn roles(&self, client_id: &str) -> Option<Vec<RoleAssignment>> {
        let config = &self.0.config;
        let identity: Option<&Identity> =
            config.identities.iter().find(|identity| identity.client_id.eq_ignore_ascii_case(client_id));
        match (&config.apps, identity) {
            (_, Some(identity)) => Some(identity.roles.clone()),
            (Apps::Any { .. }, None) => None,
            (Apps::Listed(apps), None) => {
                Some(apps.get(client_id).map(|app| app.roles.clone()).unwrap_or_default())
            }
        }
    }
}

impl RoleAssignment {
    fn allows(&self, operation: &str, scope: &str) -> bool {
        let operation = operation.to_ascii_lowercase();
        let permitted = |pattern: &String| covers(&pattern.to_ascii_lowercase(), &operation);
        is_below(scope, &self.scope) && self.operations.iter().any(permitted)
    }
}

/// Whether a scope is that one or lies below it; in any case, as at Azure.
fn is_below(scope: &str, ancestor: &str) -> bool {
    let (scope, ancestor) = (scope.to_ascii_lowercase(), ancestor.trim_end_matches('/').to_ascii_lowercase());
    scope.strip_prefix(&ancestor).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a pattern, in which `*` stands for any characters, covers a text.
fn covers(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == text };
    let Some(rest) = text.strip_prefix(head) else { return false };
    // Wherever the rest of the pattern covers an end of the text.
    (0..=rest.len()).filter_map(|start| rest.get(start..)).any(|end| covers(tail, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_what_its_asterisks_stand_for() {
        for (pattern, text, expected) in [
            ("*", "a/b/read", true),
            ("a/*/read", "a/b/c/read", true),
            ("a/*/read", "a/b/write", false),
            ("a/*", "a", false),
            ("a/b", "a/b", true),
            ("a/b", "a/b/c", false),
        ] {
            assert_eq!(covers(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_scope_holds_below_itself_and_nowhere_else() {
        assert!(is_below("/subscriptions/S/resourceGroups/prod/x", "/subscriptions/s/resourcegroups/PROD"));
        assert!(is_below("/subscriptions/s", "/"));
        assert!(!is_below(
            "/subscriptions/s/resourceGroups/production",
            "/subscriptions/s/resourceGroups/prod"
        ));
    }
}
