//! The decision, pure: what a request gets under a grant, or why it gets nothing.

use deputize_scope::aws::arn::RoleArn;
use deputize_scope::aws::authority::{Authority, Witness};
use deputize_scope::aws::compile::{CompileError, SessionPolicy, compile};
use deputize_scope::aws::pattern::{ActionPattern, ResourcePattern};
use deputize_scope::aws::region::Regions;
use deputize_scope::document::{AwsScope, ExternalId};
use deputize_scope::identifier::CredentialType;
use deputize_scope::{Agent, AgentId, Cloud, Scope, Seconds};
use thiserror::Error;

use crate::broker::AwsSettings;
use crate::lease::{Enforcement, LeaseScope};
use crate::request::CredentialRequest;

/// What to mint, in the cloud's own terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// A session of an AWS role under a session policy.
    AwsSession(AwsPlan),
}

/// An AWS session to be assumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsPlan {
    /// The role.
    pub role: RoleArn,
    /// What the role's trust policy asks for, where it does.
    pub external_id: Option<ExternalId>,
    /// All that the session may do.
    pub policy: SessionPolicy,
}

/// A request that is granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What to mint.
    pub plan: Plan,
    /// The type of credential.
    pub kind: CredentialType,
    /// What is granted, as it is kept and told.
    pub scope: LeaseScope,
    /// Where it is enforced.
    pub enforcement: Enforcement,
    /// How long the credential is to live.
    pub duration: Seconds,
}

/// Why a request gets nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The agent has no scope for the cloud.
    #[error("the grant has nothing on {0}")]
    NoGrant(Cloud),
    /// The request asks for a call that the grant does not allow.
    #[error("the grant does not allow {0}")]
    OutsideGrant(Box<Witness>),
    /// The request asks for more time than the grant gives.
    #[error("the grant allows {allowed}, not {asked}")]
    TooLong {
        /// What was asked for.
        asked: Seconds,
        /// What the grant gives.
        allowed: Seconds,
    },
    /// The request cannot be understood, or cannot be met whatever the grant says.
    #[error(transparent)]
    Invalid(#[from] InvalidRequest),
}

/// What is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidRequest {
    /// A permission or resource that the cloud does not know as such.
    #[error("{field} {value:?}: {problem}")]
    Field {
        /// `permissions`, `resources`, `target` or `type`.
        field: &'static str,
        /// The value.
        value: String,
        /// What is wrong with it.
        problem: String,
    },
    /// An empty list, which asks for nothing.
    #[error("{0} is empty; leave it out to ask for all that is granted")]
    EmptyList(&'static str),
    /// The cloud does not make credentials of that life.
    #[error("{cloud} credentials live {least} to {most}, not {asked}")]
    Duration {
        /// The cloud.
        cloud: Cloud,
        /// What was asked for.
        asked: Seconds,
        /// The shortest.
        least: Seconds,
        /// The longest.
        most: Seconds,
    },
    /// The grant has several targets that would do, and the request does not say which.
    #[error("the grant has several targets ({}); say which", .0.join(", "))]
    SeveralTargets(Vec<String>),
    /// The grant names no role, and the deployment has no template for one.
    #[error("the grant names no role, and no template for roles is configured")]
    NoTarget,
    /// What is asked for does not fit into the cloud's limits.
    #[error("what is asked for does not fit: {0}; ask for fewer permissions")]
    TooLarge(CompileError),
    /// The patterns overlap in too many ways to be intersected.
    #[error("the permissions or resources overlap in too many ways; ask for fewer at once")]
    TooComplex,
    /// This deployment does not mint for the cloud.
    #[error("no {0} credentials are minted here")]
    Unsupported(Cloud),
}

/// STS AssumeRole: 900–43,200 s. <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
const AWS_DURATION: (Seconds, Seconds) = (Seconds::new(900), Seconds::new(43_200));

/// Decides a request against what the scope document grants the agent.
pub fn decide(
    name: &AgentId,
    agent: &Agent,
    request: &CredentialRequest,
    settings: &AwsSettings,
) -> Result<Decision, Refusal> {
    if !agent.scopes.iter().any(|scope| scope.cloud() == request.cloud) {
        return Err(Refusal::NoGrant(request.cloud));
    }
    match request.cloud {
        Cloud::Aws => decide_aws(name, agent, request, settings),
        cloud => Err(InvalidRequest::Unsupported(cloud).into()),
    }
}

fn decide_aws(
    name: &AgentId,
    agent: &Agent,
    request: &CredentialRequest,
    settings: &AwsSettings,
) -> Result<Decision, Refusal> {
    if let Some(kind) = request.kind.filter(|kind| *kind != CredentialType::AwsIamRole) {
        return Err(InvalidRequest::Field {
            field: "type",
            value: kind.to_string(),
            problem: "not issued for aws here".into(),
        }
        .into());
    }
    let actions: Option<Vec<ActionPattern>> = patterns("permissions", request.permissions.as_deref())?;
    let resources: Option<Vec<ResourcePattern>> = patterns("resources", request.resources.as_deref())?;
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

fn patterns<P>(field: &'static str, texts: Option<&[String]>) -> Result<Option<Vec<P>>, InvalidRequest>
where
    P: std::str::FromStr,
    P::Err: std::fmt::Display,
{
    let Some(texts) = texts else { return Ok(None) };
    if texts.is_empty() {
        return Err(InvalidRequest::EmptyList(field));
    }
    let parsed = texts.iter().map(|text| {
        text.parse().map_err(|error: P::Err| InvalidRequest::Field {
            field,
            value: text.clone(),
            problem: error.to_string(),
        })
    });
    parsed.collect::<Result<_, _>>().map(Some)
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
