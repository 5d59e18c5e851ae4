//! What a request gets at Azure: a token for one service, of the one identity whose scopes allow it.

use deputize_scope::azure::authority::Authority;
use deputize_scope::azure::compile::compile;
use deputize_scope::azure::{AzureOperation, AzureResource, ClientId};
use deputize_scope::document::StoredCredential;
use deputize_scope::identifier::{CredentialId, CredentialType};
use deputize_scope::proof::TooComplex;
use deputize_scope::{AgentId, Cloud, Scope, Seconds};

use super::grant::{Asked, Calls, Got, Lives, Parent, Target, grant, grant_from, names};
use super::{AzurePlan, Decision, InvalidRequest, Plan, Question, Refusal, Witness};
use crate::lease::{Enforcement, Granted, LeaseScope};

/// Entra takes no lifetime with a request: the tenant's policy decides, a day at most.
/// <https://learn.microsoft.com/entra/identity-platform/configurable-token-lifetimes>
const LIVES: Lives = Lives { cloud: Cloud::Azure, least: Seconds::new(1), most: Seconds::new(86_400) };

pub(super) fn decide(question: &Question<'_>, kind: CredentialType) -> Result<Decision, Refusal> {
    let secret = secret(question.credentials, question.name, kind)?;
    decision(grant(question.request, targets(question)?, LIVES)?, kind, secret)
}

/// What a request gets of a token that is there.
pub(super) fn narrow(
    parent: Parent<'_, Authority>,
    from: ClientId,
    kind: CredentialType,
    secret: Option<CredentialId>,
) -> Result<Decision, Refusal> {
    decision(grant_from(parent, from, LIVES)?, kind, secret)
}

/// The client secret that the scope document declares for an agent's application, where it declares one.
pub(super) fn secret(
    credentials: &[StoredCredential],
    agent: &AgentId,
    kind: CredentialType,
) -> Result<Option<CredentialId>, InvalidRequest> {
    // No other type of Azure's has a secret.
    let own = |one: &&StoredCredential| {
        kind == CredentialType::AzureServicePrincipal && one.kind == kind && one.agent == *agent
    };
    let own: Vec<_> = credentials.iter().filter(own).map(|one| &one.id).collect();
    match own.as_slice() {
        [] => Ok(None),
        [secret] => Ok(Some((*secret).clone())),
        several => {
            let names: Vec<_> = several.iter().map(|id| id.as_str()).collect();
            let problem = format!("the agent has several client secrets ({})", names.join(", "));
            Err(InvalidRequest::DoesNotFit(problem))
        }
    }
}

fn decision(
    got: Got<ClientId, Authority>,
    kind: CredentialType,
    secret: Option<CredentialId>,
) -> Result<Decision, Refusal> {
    let Got { identity: client_id, calls, duration } = got;
    let token = compile(&calls).map_err(|error| InvalidRequest::DoesNotFit(error.to_string()))?;
    Ok(Decision {
        kind,
        scope: calls.told(client_id.to_string()),
        granted: Some(Granted::Azure { client_id: client_id.clone(), authority: calls }),
        plan: Plan::AzureToken(AzurePlan { client_id, audience: token.audience, secret }),
        enforcement: Enforcement::RoleAssignment,
        duration,
    })
}

fn targets(question: &Question<'_>) -> Result<Vec<Target<ClientId, Authority>>, InvalidRequest> {
    let mut targets = Vec::new();
    for scope in &question.agent.scopes {
        let Scope::Azure(scope) = scope else { continue };
        let id = scope.client_id.as_ref().or(question.deployment.azure.client_id.as_ref());
        let id = id.cloned().ok_or(InvalidRequest::NoTarget)?;
        Target::add(&mut targets, id, scope.authority(), scope.max_duration);
    }
    Ok(targets)
}

impl Calls for Authority {
    type Permission = AzureOperation;
    type Resource = AzureResource;

    fn union<'a>(sets: impl Iterator<Item = &'a Self>) -> Self {
        Self::new(sets.flat_map(|set| set.statements().to_vec()).collect())
    }

    fn is_empty(&self) -> bool {
        self.statements().is_empty()
    }

    fn covers(
        &self,
        permissions: &[AzureOperation],
        resources: Option<&[AzureResource]>,
    ) -> Result<(), Witness> {
        self.covers(permissions, resources).map_err(Witness::from)
    }

    fn covers_resources(&self, resources: &[AzureResource]) -> Result<(), Witness> {
        let mut operations = self.statements().iter().flat_map(|one| &one.operations);
        let Some(any) = operations.next().cloned() else { return Ok(()) };
        // Whatever may be done on a resource will do: as if all were the same.
        let mut widened = self.statements().to_vec();
        widened.iter_mut().for_each(|statement| statement.operations = vec![any.clone()]);
        Self::new(widened).covers(&[any], Some(resources)).map_err(Witness::from)
    }

    fn restrict(&self, asked: &Asked<Self>) -> Result<Self, TooComplex> {
        self.restrict(asked.permissions.as_deref(), asked.resources.as_deref())
    }

    fn told(&self, target: String) -> LeaseScope {
        LeaseScope {
            target,
            permissions: names(self.statements().iter().flat_map(|one| &one.operations)),
            resources: names(self.statements().iter().flat_map(|one| &one.resources)),
            regions: Vec::new(),
        }
    }
}
