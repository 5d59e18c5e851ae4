//! What can be told of the tokens that an agent's scopes at Google Cloud and Azure come to.

use super::review::Reviewed;
use super::{AzureScope, GcpScope, Scope};
use crate::azure::ClientId;
use crate::azure::compile::several;
use crate::finding::shown;
use crate::finding::{Code, Finding, Span};
use crate::gcp::compile::{CompileError, compile};
use crate::gcp::{self, GcpPermission};
use crate::sorted::SortedMap;

/// Tells what narrows the tokens less than the scopes say.
pub(super) fn tell(reviewed: &Reviewed<'_>, findings: &mut Vec<Finding>) {
    let mut identities: SortedMap<Option<&ClientId>, Vec<&AzureScope>> = SortedMap::new();
    for (index, scope) in reviewed.agent.scopes.iter().enumerate() {
        match scope {
            Scope::Aws(_) => {}
            Scope::Gcp(scope) => findings.extend(of_gcp(scope, reviewed.place(index))),
            Scope::Azure(scope) => {
                identities.update(scope.client_id.as_ref(), |all| all.push(scope));
            }
        }
    }
    for scopes in identities.values() {
        findings.extend(of_azure(reviewed, scopes));
    }
}

fn of_gcp(scope: &GcpScope, at: Option<Span>) -> Option<Finding> {
    match broad(scope) {
        Ok(broad) => {
            let (first, rest) = broad.split_first()?;
            let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
            let message = format!(
                "no OAuth scope narrower than cloud-platform serves `{}`{more}",
                shown(first.as_str())
            );
            let help =
                "a token for this scope allows all that the service account is bound to: bind it to no more";
            Some(Finding::info(Code::BroadOauthScope, message).at(at).help(help))
        }
        Err(error @ CompileError::Unmapped { .. }) => {
            let help = "no token can be asked for that serves it; remove it";
            Some(Finding::warning(Code::NoOauthScope, error.to_string()).at(at).help(help))
        }
        Err(error @ CompileError::BoundaryTooLarge { rules, characters }) => {
            let rules = rules.saturating_sub(gcp::boundary::RULES_LIMIT);
            let characters = characters.saturating_sub(gcp::boundary::CHARACTERS_LIMIT);
            let over = match (rules, characters) {
                (0, characters) => format!("{characters} too many characters"),
                (rules, 0) => format!("{rules} too many rules"),
                (rules, characters) => format!("{rules} too many rules and {characters} too many characters"),
            };
            let help = format!(
                "{over}: name whole buckets, split the scope, or let the agent ask for a part at a time"
            );
            Some(Finding::warning(Code::BoundarySize, error.to_string()).at(at).help(help))
        }
        Err(CompileError::Empty) => None,
    }
}

/// The permissions that no narrow token serves. They are all that is told of what is not to be narrowed to buckets.
fn broad(scope: &GcpScope) -> Result<Vec<GcpPermission>, CompileError> {
    let may_be_large = !gcp::boundary::is_small(&scope.resources)
        && scope.permissions.iter().all(|permission| permission.service() == "storage");
    if may_be_large {
        return compile(&scope.authority()).map(|request| request.broad);
    }
    gcp::compile::broad(&scope.permissions)
}

fn of_azure(reviewed: &Reviewed<'_>, scopes: &[&AzureScope]) -> Option<Finding> {
    let audiences = several(scopes.iter().flat_map(|scope| &scope.permissions))?;
    let audiences: Vec<&str> = audiences.iter().map(|audience| audience.service()).collect();
    let message = format!(
        "`{}` has operations of Azure for several audiences: {}",
        shown(reviewed.id.as_str()),
        audiences.join(", ")
    );
    let help = "a token is for one audience: it has to ask for them one by one";
    Some(Finding::info(Code::SeveralAudiences, message).at(reviewed.at).help(help))
}
