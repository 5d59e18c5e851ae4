//! The decision, pure: what a request gets under a grant, or why it gets nothing.

mod aws;

use std::fmt::Display;
use std::str::FromStr;

use deputize_scope::aws::arn::RoleArn;
use deputize_scope::aws::authority::Witness;
use deputize_scope::aws::compile::{CompileError, SessionPolicy};
use deputize_scope::document::ExternalId;
use deputize_scope::identifier::CredentialType;
use deputize_scope::{Agent, AgentId, Cloud, Seconds};
use thiserror::Error;

use crate::broker::AwsSettings;
use crate::lease::{Enforcement, LeaseScope};
use crate::request::{CredentialRequest, Wanted};

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
    /// This deployment does not mint such credentials.
    #[error("no {0} credentials are minted here")]
    Unsupported(String),
}

/// What a decision has to know of the deployment.
#[derive(Clone, Debug)]
pub struct Deployment<'a> {
    /// The types of credential that are minted here, in the order of preference.
    pub minted: Vec<CredentialType>,
    /// AWS.
    pub aws: &'a AwsSettings,
}

impl Deployment<'_> {
    /// The type that a request gets.
    fn kind(&self, wanted: Wanted) -> Result<CredentialType, InvalidRequest> {
        let fits = |kind: &&CredentialType| match wanted {
            Wanted::Of(cloud) => kind.cloud() == Some(cloud),
            Wanted::Exactly(wanted) => **kind == wanted,
        };
        let kind = self.minted.iter().find(fits);
        kind.copied().ok_or_else(|| InvalidRequest::Unsupported(wanted.to_string()))
    }
}

/// Decides a request against what the scope document grants the agent.
pub fn decide(
    name: &AgentId,
    agent: &Agent,
    request: &CredentialRequest,
    deployment: &Deployment<'_>,
) -> Result<Decision, Refusal> {
    if let Some(cloud) = request.wanted.cloud()
        && !agent.scopes.iter().any(|scope| scope.cloud() == cloud)
    {
        return Err(Refusal::NoGrant(cloud));
    }
    match deployment.kind(request.wanted)? {
        CredentialType::AwsIamRole => aws::decide(name, agent, request, deployment.aws),
        kind => Err(InvalidRequest::Unsupported(kind.to_string()).into()),
    }
}

/// What a request says in a field, read as the cloud writes it.
fn parsed<P>(field: &'static str, texts: Option<&[String]>) -> Result<Option<Vec<P>>, InvalidRequest>
where
    P: FromStr,
    P::Err: Display,
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
