//! What a request gets of what is stored: a key as it is, or a token that is got by it. What it allows is up to its
//! provider alone.

use deputize_scope::Seconds;
use deputize_scope::identifier::{CredentialId, CredentialType};

use super::{Decision, InvalidRequest, Plan, Question, Refusal, StoredPlan};
use crate::lease::{Enforcement, LeaseScope};

/// How long a lease lives where the request does not say, and at most. A provider's own end of a token counts instead.
const DEFAULT: Seconds = Seconds::new(3_600);
const MOST: Seconds = Seconds::new(43_200);

/// Whether credentials of a type come out of the store.
pub(super) fn is_stored(kind: CredentialType) -> bool {
    matches!(kind, CredentialType::AwsAccessKey | CredentialType::OauthToken | CredentialType::ApiKey)
}

pub(super) fn decide(question: &Question<'_>, kind: CredentialType) -> Result<Decision, Refusal> {
    let request = question.request;
    for (field, list) in [("permissions", &request.permissions), ("resources", &request.resources)] {
        if let Some(list) = list {
            let value = list.join(", ");
            let problem = format!("a credential of type {kind} cannot be narrowed; leave {field} out");
            return Err(InvalidRequest::Field { field, value, problem }.into());
        }
    }
    let own = question.credentials.iter().filter(|one| one.is_used_by(question.name) && one.kind == kind);
    let is_wanted = |id: &&CredentialId| request.target.as_ref().is_none_or(|target| id.as_str() == target);
    let own: Vec<_> = own.map(|one| &one.id).filter(is_wanted).collect();
    let credential = match own.as_slice() {
        [] => return Err(Refusal::NothingStored(kind)),
        [credential] => *credential,
        several => {
            let names = several.iter().map(ToString::to_string).collect();
            return Err(InvalidRequest::SeveralTargets(names).into());
        }
    };
    let duration = request.duration.unwrap_or(DEFAULT);
    if duration > MOST {
        return Err(Refusal::TooLong { asked: duration, allowed: MOST });
    }
    Ok(Decision {
        granted: None,
        kind,
        scope: LeaseScope {
            target: credential.to_string(),
            permissions: Vec::new(),
            resources: Vec::new(),
            regions: Vec::new(),
        },
        plan: Plan::Stored(StoredPlan { credential: credential.clone() }),
        enforcement: match kind {
            // What an API key allows, nobody says.
            CredentialType::ApiKey => Enforcement::None,
            _ => Enforcement::RoleAssignment,
        },
        duration,
    })
}
