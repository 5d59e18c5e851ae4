//! What a request gets at Google Cloud: a token of the one service account whose scopes allow it.

use deputize_scope::gcp::authority::Authority;
use deputize_scope::gcp::compile::compile;
use deputize_scope::gcp::{GcpPermission, GcpResource, ServiceAccount};
use deputize_scope::identifier::CredentialType;
use deputize_scope::proof::TooComplex;
use deputize_scope::{Cloud, Scope, Seconds};

use super::grant::{Asked, Calls, Got, Lives, Parent, Target, grant, grant_from, names};
use super::{Decision, Deployment, GcpPlan, InvalidRequest, Plan, Question, Refusal, Witness};
use crate::lease::{Enforcement, Granted, LeaseScope};

/// An hour, unless an organisation allows twelve.
/// <https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken>
const HOUR: Seconds = Seconds::new(3_600);
const EXTENDED: Seconds = Seconds::new(43_200);

pub(super) fn decide(question: &Question<'_>, kind: CredentialType) -> Result<Decision, Refusal> {
    decision(grant(question.request, targets(question)?, lives(question.deployment))?, kind)
}

/// What a request gets of a token that is there.
pub(super) fn narrow(
    parent: Parent<'_, Authority>,
    from: ServiceAccount,
    kind: CredentialType,
    deployment: &Deployment<'_>,
) -> Result<Decision, Refusal> {
    decision(grant_from(parent, from, lives(deployment))?, kind)
}

fn lives(deployment: &Deployment<'_>) -> Lives {
    let most = if deployment.gcp.extended_lifetime { EXTENDED } else { HOUR };
    Lives { cloud: Cloud::Gcp, least: Seconds::new(1), most }
}

fn decision(got: Got<ServiceAccount, Authority>, kind: CredentialType) -> Result<Decision, Refusal> {
    let Got { identity: service_account, calls, duration } = got;
    let token = compile(&calls).map_err(|error| InvalidRequest::DoesNotFit(error.to_string()))?;
    let enforcement = match &token.boundary {
        Some(_) => Enforcement::CredentialAccessBoundary,
        None => Enforcement::RoleAssignment,
    };
    Ok(Decision {
        kind,
        scope: calls.told(service_account.to_string()),
        granted: Some(Granted::Gcp { service_account: service_account.clone(), authority: calls }),
        plan: Plan::GcpToken(GcpPlan { service_account, token }),
        enforcement,
        duration,
    })
}

fn targets(question: &Question<'_>) -> Result<Vec<Target<ServiceAccount, Authority>>, InvalidRequest> {
    let mut targets = Vec::new();
    for scope in &question.agent.scopes {
        let Scope::Gcp(scope) = scope else { continue };
        let account = match &scope.service_account {
            Some(account) => account.clone(),
            None => question.deployment.gcp.account_of(question.name).ok_or(InvalidRequest::NoTarget)?,
        };
        Target::add(&mut targets, account, scope.authority(), scope.max_duration);
    }
    Ok(targets)
}

impl Calls for Authority {
    type Permission = GcpPermission;
    type Resource = GcpResource;

    fn union<'a>(sets: impl Iterator<Item = &'a Self>) -> Self {
        Self::new(sets.flat_map(|set| set.statements().to_vec()).collect())
    }

    fn is_empty(&self) -> bool {
        self.statements().is_empty()
    }

    fn covers(
        &self,
        permissions: &[GcpPermission],
        resources: Option<&[GcpResource]>,
    ) -> Result<(), Witness> {
        self.covers(permissions, resources).map_err(Witness::from)
    }

    fn covers_resources(&self, resources: &[GcpResource]) -> Result<(), Witness> {
        let mut permissions = self.statements().iter().flat_map(|one| &one.permissions);
        let Some(any) = permissions.next().cloned() else { return Ok(()) };
        // Whatever may be done on a resource will do: as if all were the same.
        let mut widened = self.statements().to_vec();
        widened.iter_mut().for_each(|statement| statement.permissions = vec![any.clone()]);
        Self::new(widened).covers(&[any], Some(resources)).map_err(Witness::from)
    }

    fn restrict(&self, asked: &Asked<Self>) -> Result<Self, TooComplex> {
        self.restrict(asked.permissions.as_deref(), asked.resources.as_deref())
    }

    fn told(&self, target: String) -> LeaseScope {
        LeaseScope {
            target,
            permissions: names(self.statements().iter().flat_map(|one| &one.permissions)),
            resources: names(self.statements().iter().flat_map(|one| &one.resources)),
            regions: Vec::new(),
        }
    }
}
