//! What a request gets on AWS: a session of the one role whose scopes allow it, under a policy for exactly that.

use std::fmt;

use deputize_scope::aws::arn::RoleArn;
use deputize_scope::aws::authority::Authority;
use deputize_scope::aws::compile::compile;
use deputize_scope::aws::pattern::{ActionPattern, ResourcePattern};
use deputize_scope::aws::region::Regions;
use deputize_scope::document::ExternalId;
use deputize_scope::identifier::CredentialType;
use deputize_scope::proof::TooComplex;
use deputize_scope::{Cloud, Scope, Seconds};

use super::grant::{Asked, Calls, Got, Lives, Parent, Target, grant, grant_from, names};
use super::{AwsPlan, Decision, InvalidRequest, NarrowingWay, Plan, Question, Refusal, Witness};
use crate::lease::{Enforcement, Granted, LeaseScope};

/// STS AssumeRole: 900–43,200 s. <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
const LIVES: Lives = Lives { cloud: Cloud::Aws, least: Seconds::new(900), most: Seconds::new(43_200) };

/// The role that is assumed, and what its trust policy asks for.
#[derive(PartialEq)]
pub(super) struct AwsIdentity {
    pub(super) role: RoleArn,
    pub(super) external_id: Option<ExternalId>,
}

impl fmt::Display for AwsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.role.fmt(f)
    }
}

pub(super) fn decide(question: &Question<'_>) -> Result<Decision, Refusal> {
    decision(grant(question.request, targets(question)?, LIVES)?)
}

/// What a request gets of a session that is there: another session of its role; or the policy with which its holder
/// narrows it by GetScopedCredentials, which takes durations from one second on.
pub(super) fn narrow(
    parent: Parent<'_, Authority>,
    from: AwsIdentity,
    way: NarrowingWay,
) -> Result<Decision, Refusal> {
    match way {
        NarrowingWay::Mint => decision(grant_from(parent, from, LIVES)?),
        NarrowingWay::ScopeDown => {
            // A session may do so only where its own policy allows it:
            // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getscopedcredentials.html
            let call = "sts:GetScopedCredentials".parse().map_err(|_| InvalidRequest::TooComplex)?;
            let outside = |witness| Refusal::OutsideGrant(Box::new(Witness::from(witness)));
            parent.calls.covers(&[call], None).map_err(outside)?;
            let lives = Lives { least: Seconds::new(1), ..LIVES };
            let mut decision = decision(grant_from(parent, from, lives)?)?;
            if let Plan::AwsSession(plan) = decision.plan {
                decision.plan = Plan::ScopeDown(plan.policy);
            }
            Ok(decision)
        }
    }
}

fn decision(got: Got<AwsIdentity, Authority>) -> Result<Decision, Refusal> {
    let Got { identity, calls, duration } = got;
    let policy = compile(&calls).map_err(|error| InvalidRequest::DoesNotFit(error.to_string()))?;
    let scope = calls.told(identity.to_string());
    let AwsIdentity { role, external_id } = identity;
    Ok(Decision {
        kind: CredentialType::AwsIamRole,
        scope,
        granted: Some(Granted::Aws {
            role: role.clone(),
            external_id: external_id.clone(),
            authority: calls,
        }),
        plan: Plan::AwsSession(AwsPlan { role, external_id, policy }),
        enforcement: Enforcement::SessionPolicy,
        duration,
    })
}

fn targets(question: &Question<'_>) -> Result<Vec<Target<AwsIdentity, Authority>>, InvalidRequest> {
    let mut targets = Vec::new();
    for scope in &question.agent.scopes {
        let Scope::Aws(scope) = scope else { continue };
        let role = match &scope.role {
            Some(role) => role.clone(),
            None => question.deployment.aws.role_of(question.name).ok_or(InvalidRequest::NoTarget)?,
        };
        let identity = AwsIdentity { role, external_id: scope.external_id.clone() };
        Target::add(&mut targets, identity, scope.authority(), scope.max_duration);
    }
    Ok(targets)
}

impl Calls for Authority {
    type Permission = ActionPattern;
    type Resource = ResourcePattern;

    fn union<'a>(sets: impl Iterator<Item = &'a Self>) -> Self {
        Self::new(sets.flat_map(|set| set.statements().to_vec()).collect())
    }

    fn is_empty(&self) -> bool {
        self.statements().is_empty()
    }

    fn covers(
        &self,
        permissions: &[ActionPattern],
        resources: Option<&[ResourcePattern]>,
    ) -> Result<(), Witness> {
        self.covers(permissions, resources).map_err(Witness::from)
    }

    fn covers_resources(&self, resources: &[ResourcePattern]) -> Result<(), Witness> {
        let every = [ActionPattern::any()];
        let mut widened = self.statements().to_vec();
        widened.iter_mut().for_each(|statement| statement.actions = every.to_vec());
        Self::new(widened).covers(&every, Some(resources)).map_err(Witness::from)
    }

    fn restrict(&self, asked: &Asked<Self>) -> Result<Self, TooComplex> {
        let every = [ActionPattern::any()];
        self.restrict(asked.permissions.as_deref().unwrap_or(&every), asked.resources.as_deref())
    }

    fn told(&self, target: String) -> LeaseScope {
        let statements = self.statements();
        let regions = |regions: &Regions| match regions {
            Regions::All => Vec::new(),
            Regions::Only(only) => only.iter().map(ToString::to_string).collect(),
        };
        let everywhere = statements.iter().any(|one| one.regions == Regions::All);
        let only = statements.iter().filter(|_| !everywhere);
        LeaseScope {
            target,
            permissions: names(statements.iter().flat_map(|one| &one.actions)),
            resources: names(statements.iter().flat_map(|one| &one.resources)),
            regions: names(only.flat_map(|one| regions(&one.regions))),
        }
    }
}
