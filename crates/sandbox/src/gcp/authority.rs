//! What a token may be used for.

use super::SandboxGcp;
use super::config::Grant;
use super::principal::Principal;
use super::roles;
use super::scopes;
use super::token::Token;

/// One permission, used on one resource.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use<'a> {
    pub(super) permission: &'a str,
    /// The resource's full name, `//SERVICE/…`.
    pub(super) resource: &'a str,
    /// What the names of objects begin with that are listed.
    pub(super) listed: &'a str,
}

/// What becomes of the use, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Allowed(String),
    /// The token's scopes do not let it through.
    ScopeInsufficient,
    /// The boundary of a narrowed token does not.
    OutsideBoundary,
    /// Nobody granted it.
    NotGranted(String),
}

impl Use<'_> {
    /// Whether the resource is this one or lies below it.
    pub(super) fn is_below(&self, ancestor: &str) -> bool {
        ancestor == "*"
            || self
                .resource
                .strip_prefix(ancestor)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || ancestor.ends_with('/'))
    }
}

impl SandboxGcp {
    /// A permission must be granted to the token's holder, let through by one of its scopes, and left by its boundary.
    pub(super) fn decide(&self, token: &Token, usage: &Use<'_>) -> Decision {
        let holder = token.principal.member(&self.0.config);
        let granted = match &token.principal {
            Principal::ServiceAccount(email) => self
                .0
                .config
                .accounts
                .find(email)
                .is_some_and(|account| account.grants.iter().any(|grant| grant.allows(usage))),
            // Nothing is bound to federated identities here but impersonation.
            Principal::Federated { .. } => false,
        };
        if !granted {
            return Decision::NotGranted(format!("{holder} is granted nothing that has it"));
        }
        if !scopes::let_through(&token.scopes, usage.permission) {
            return Decision::ScopeInsufficient;
        }
        if token.boundary.as_ref().is_some_and(|boundary| !boundary.allows(usage)) {
            return Decision::OutsideBoundary;
        }
        Decision::Allowed(format!("it is granted to {holder}"))
    }
}

impl Grant {
    fn allows(&self, usage: &Use<'_>) -> bool {
        let permitted = |granted: &String| {
            granted == "*" || granted == usage.permission || roles::contains(granted, usage.permission)
        };
        usage.is_below(&self.resource) && self.permissions.iter().any(permitted)
    }
}
