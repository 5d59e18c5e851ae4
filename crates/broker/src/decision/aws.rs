//! What a request gets on AWS: a session of the one role whose scopes allow it, under a policy for exactly that.

use deputize_scope::aws::arn::RoleArn;
use deputize_scope::aws::authority::Authority;
use deputize_scope::aws::compile::compile;
use deputize_scope::aws::pattern::{ActionPattern, ResourcePattern};
use deputize_scope::aws::region::Regions;
use deputize_scope::document::{AwsScope, ExternalId};
use deputize_scope::identifier::CredentialType;
use deputize_scope::{Agent, AgentId, Cloud, Scope, Seconds};

use super::{AwsPlan, Decision, InvalidRequest, Plan, Refusal, parsed};
use crate::broker::AwsSettings;
use crate::lease::{Enforcement, LeaseScope};
use crate::request::CredentialRequest;

/// STS AssumeRole: 900–43,200 s. <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
const AWS_DURATION: (Seconds, Seconds) = (Seconds::new(900), Seconds::new(43_200));

pub(super) fn decide(
    name: &AgentId,
    agent: &Agent,
    request: &CredentialRequest,
    settings: &AwsSettings,
) -> Result<Decision, Refusal> {
    let actions: Option<Vec<ActionPattern>> = parsed("permissions", request.permissions.as_deref())?;
    let resources: Option<Vec<ResourcePattern>> = parsed("resources", request.resources.as_deref())?;
    let (least, most) = AWS_DURATION;
    if let Some(asked) = request.duration.filter(|asked| !(least..=most).contains(asked)) {
        return Err(InvalidRequest::Duration { cloud: Cloud::Aws, asked, least, most }.into());
    }

    let mut targets = targets(name, agent, settings)?;
    if let Some(wanted) = &request.target {
        targets.retain(|target| target.role.as_str() == wanted);
        if targets.is_empty() {
            let problem = "not a role of the grant".to_owned();
            return Err(InvalidRequest::Field { field: "target", value: wanted.clone(), problem }.into());
        }
    }
    let target = choose(targets, actions.as_deref(), resources.as_deref())?;
    let every = [any_action()?];
    let actions = actions.as_deref().unwrap_or(&every);
    let resources = resources.as_deref();

    let authority = restrict(&target.authority(), actions, resources)?;
    let allowed = target.max_duration(actions, resources)?;
    let duration = request.duration.unwrap_or(allowed);
    if duration > allowed {
        return Err(Refusal::TooLong { asked: duration, allowed });
    }
    let policy = compile(&authority).map_err(InvalidRequest::TooLarge)?;
    Ok(Decision {
        scope: told(&target.role, &authority),
        plan: Plan::AwsSession(AwsPlan { role: target.role, external_id: target.external_id, policy }),
        kind: CredentialType::AwsIamRole,
        enforcement: Enforcement::SessionPolicy,
        duration,
    })
}

/// The scopes of a grant that share a role: what one session can have.
struct Target<'a> {
    role: RoleArn,
    external_id: Option<ExternalId>,
    scopes: Vec<&'a AwsScope>,
}

impl Target<'_> {
    fn authority(&self) -> Authority {
        let statements = self.scopes.iter().flat_map(|scope| scope.authority().statements().to_vec());
        Authority::new(statements.collect())
    }

    /// The shortest of the bounds of the scopes that the session draws on.
    fn max_duration(
        &self,
        actions: &[ActionPattern],
        resources: Option<&[ResourcePattern]>,
    ) -> Result<Seconds, Refusal> {
        let mut shortest = AWS_DURATION.1;
        for scope in &self.scopes {
            if !restrict(&scope.authority(), actions, resources)?.statements().is_empty() {
                shortest = shortest.min(scope.max_duration);
            }
        }
        Ok(shortest)
    }
}

/// The agent's AWS scopes by role, in the order of the document.
fn targets<'a>(
    name: &AgentId,
    agent: &'a Agent,
    settings: &AwsSettings,
) -> Result<Vec<Target<'a>>, InvalidRequest> {
    let mut targets: Vec<Target<'a>> = Vec::new();
    for scope in &agent.scopes {
        let Scope::Aws(scope) = scope else { continue };
        let role = match &scope.role {
            Some(role) => role.clone(),
            None => settings.role_of(name).ok_or(InvalidRequest::NoTarget)?,
        };
        let same = |target: &&mut Target<'_>| target.role == role && target.external_id == scope.external_id;
        match targets.iter_mut().find(same) {
            Some(target) => target.scopes.push(scope),
            None => {
                targets.push(Target { role, external_id: scope.external_id.clone(), scopes: vec![scope] });
            }
        }
    }
    Ok(targets)
}

/// The one target that allows the request. A request for a whole grant must say which, where there are several.
fn choose<'a>(
    mut targets: Vec<Target<'a>>,
    actions: Option<&[ActionPattern]>,
    resources: Option<&[ResourcePattern]>,
) -> Result<Target<'a>, Refusal> {
    let Some(actions) = actions else {
        if targets.len() > 1 {
            let names = targets.iter().map(|target| target.role.to_string()).collect();
            return Err(InvalidRequest::SeveralTargets(names).into());
        }
        let target = targets.pop().ok_or(Refusal::NoGrant(Cloud::Aws))?;
        // Resources without permissions: each must be granted something.
        if resources.is_some() {
            covers_resources(&target, resources)?;
        }
        return Ok(target);
    };
    let mut first_gap = None;
    for target in targets {
        match target.authority().covers(actions, resources) {
            Ok(()) => return Ok(target),
            Err(witness) => first_gap = first_gap.or(Some(witness)),
        }
    }
    Err(first_gap.map_or(Refusal::NoGrant(Cloud::Aws), |witness| Refusal::OutsideGrant(Box::new(witness))))
}

/// Asked for resources alone, an agent gets all that it may do on them; each must be inside some scope.
fn covers_resources(target: &Target<'_>, resources: Option<&[ResourcePattern]>) -> Result<(), Refusal> {
    let every = any_action()?;
    let mut widened = target.authority().statements().to_vec();
    for statement in &mut widened {
        statement.actions = vec![every.clone()];
    }
    Authority::new(widened)
        .covers(std::slice::from_ref(&every), resources)
        .map_err(|witness| Refusal::OutsideGrant(Box::new(witness)))
}

fn restrict(
    authority: &Authority,
    actions: &[ActionPattern],
    resources: Option<&[ResourcePattern]>,
) -> Result<Authority, Refusal> {
    authority.restrict(actions, resources).map_err(|_| InvalidRequest::TooComplex.into())
}

fn any_action() -> Result<ActionPattern, InvalidRequest> {
    "*".parse().map_err(|_| InvalidRequest::TooComplex)
}

/// What is granted, in lists without repetition.
fn told(role: &RoleArn, authority: &Authority) -> LeaseScope {
    let statements = authority.statements();
    let mut permissions: Vec<String> =
        statements.iter().flat_map(|one| &one.actions).map(ToString::to_string).collect();
    let mut resources: Vec<String> =
        statements.iter().flat_map(|one| &one.resources).map(ToString::to_string).collect();
    let everywhere = statements.iter().any(|one| one.regions == Regions::All);
    let mut regions: Vec<String> = Vec::new();
    if !everywhere {
        for statement in statements {
            if let Regions::Only(only) = &statement.regions {
                regions.extend(only.iter().map(ToString::to_string));
            }
        }
    }
    for list in [&mut permissions, &mut resources, &mut regions] {
        list.sort();
        list.dedup();
    }
    LeaseScope { target: role.to_string(), permissions, resources, regions }
}
