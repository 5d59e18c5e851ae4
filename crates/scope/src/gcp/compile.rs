//! The token that serves an authority.

use super::GcpPermission;
use super::authority::Authority;
use super::boundary::{AccessBoundary, CHARACTERS_LIMIT, RULES_LIMIT};
use super::oauth::{self, CLOUD_PLATFORM, OauthScope, narrowest};
use crate::sorted::sort;

/// What Google will be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// The OAuth scopes of the service account's token; at least one.
    pub scopes: Vec<OauthScope>,
    /// What the token is exchanged for one within, where it can be. The token of the scopes then never leaves the
    /// broker.
    pub boundary: Option<AccessBoundary>,
    /// The permissions that no scope narrower than [`CLOUD_PLATFORM`] serves, so that the token allows all that the
    /// service account is bound to. Empty where a boundary narrows it.
    pub broad: Vec<GcpPermission>,
}

/// Why an authority has no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// No OAuth scope is known for the permission.
    #[error("no OAuth scope is known for {permission}")]
    Unmapped {
        /// The permission.
        permission: GcpPermission,
    },
    /// The tightest boundary is larger than Google takes.
    #[error(
        "the access boundary has {rules} rules and {characters} characters, and Google takes {RULES_LIMIT} and \
         {CHARACTERS_LIMIT}"
    )]
    BoundaryTooLarge {
        /// How many rules it has.
        rules: usize,
        /// How many characters it has.
        characters: usize,
    },
    /// The authority has no call at all.
    #[error("nothing is left to grant")]
    Empty,
}

/// The narrowest token that serves all calls of the authority.
///
/// Where every permission is one of Cloud Storage, on buckets or what is in them, that is a token within a Credential
/// Access Boundary. Elsewhere OAuth scopes are all that narrows a token: what is below them, only the service
/// account's own roles enforce.
pub fn compile(authority: &Authority) -> Result<TokenRequest, CompileError> {
    let granted = authority.statements().iter().filter(|statement| !statement.resources.is_empty());
    let permissions: Vec<&GcpPermission> = granted.flat_map(|statement| &statement.permissions).collect();
    if permissions.is_empty() {
        return Err(CompileError::Empty);
    }
    if let Some(boundary) = AccessBoundary::of(authority) {
        let (rules, characters) = (boundary.rules().len(), boundary.text().chars().count());
        if rules > RULES_LIMIT || characters > CHARACTERS_LIMIT {
            return Err(CompileError::BoundaryTooLarge { rules, characters });
        }
        // The exchange wants a token of this scope.
        return Ok(TokenRequest {
            scopes: vec![CLOUD_PLATFORM],
            boundary: Some(boundary),
            broad: Vec::new(),
        });
    }
    let found = narrowest(permissions).map_err(unmapped)?;
    Ok(TokenRequest { scopes: found.scopes, boundary: None, broad: in_order(found.broad) })
}

/// The permissions that no scope narrower than [`CLOUD_PLATFORM`] serves.
pub(crate) fn broad(permissions: &[GcpPermission]) -> Result<Vec<GcpPermission>, CompileError> {
    oauth::broad(permissions).map(in_order).map_err(unmapped)
}

fn in_order(mut permissions: Vec<&GcpPermission>) -> Vec<GcpPermission> {
    sort(&mut permissions);
    permissions.dedup();
    permissions.into_iter().cloned().collect()
}

fn unmapped(permission: &GcpPermission) -> CompileError {
    CompileError::Unmapped { permission: permission.clone() }
}
