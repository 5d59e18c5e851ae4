//! The decision, pure: what a request gets under a grant, or why it gets nothing.

mod aws;
mod azure;
mod gcp;
mod grant;
mod stored;

use std::fmt;

use deputize_scope::aws::arn::RoleArn;
use deputize_scope::aws::compile::SessionPolicy;
use deputize_scope::azure::{Audience, ClientId};
use deputize_scope::document::{ExternalId, StoredCredential};
use deputize_scope::gcp::ServiceAccount;
use deputize_scope::gcp::compile::TokenRequest;
use deputize_scope::identifier::{CredentialId, CredentialType};
use deputize_scope::proof::Certainty;
use deputize_scope::{Agent, AgentId, Cloud, Seconds};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use self::aws::AwsIdentity;
use self::grant::Parent;
use crate::broker::{AwsSettings, AzureSettings, GcpSettings};
use crate::lease::{Enforcement, Granted, Lease, LeaseScope};
use crate::request::{CredentialRequest, Wanted};

/// What to mint, in the cloud's own terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// A session of an AWS role under a session policy.
    AwsSession(AwsPlan),
    /// An access token of a Google service account.
    GcpToken(GcpPlan),
    /// An access token of an identity in Entra.
    AzureToken(AzurePlan),
    /// A key that is stored, or a token that is got by what is stored.
    Stored(StoredPlan),
    /// Nothing is minted: the holder of the session that is narrowed asks AWS for the rest itself, under this policy.
    ScopeDown(SessionPolicy),
}

/// How a credential is narrowed that somebody holds. The broker does not keep it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NarrowingWay {
    /// The broker has the cloud mint another one, with less.
    #[default]
    Mint,
    /// The holder narrows its own session by STS GetScopedCredentials, under a policy that is proven here. AWS only.
    ScopeDown,
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

/// A token of a Google service account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GcpPlan {
    /// The account.
    pub service_account: ServiceAccount,
    /// The OAuth scopes, and the access boundary where there can be one.
    pub token: TokenRequest,
}

/// A token of an identity in Entra.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AzurePlan {
    /// The application or managed identity.
    pub client_id: ClientId,
    /// What takes the token.
    pub audience: Audience,
    /// The client secret that proves the application, where the scope document declares one; else federation does.
    pub secret: Option<CredentialId>,
}

/// What is issued from a stored credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPlan {
    /// The credential.
    pub credential: CredentialId,
}

/// A request that is granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What to mint.
    pub plan: Plan,
    /// The type of credential.
    pub kind: CredentialType,
    /// What is granted, as it is told.
    pub scope: LeaseScope,
    /// What is granted, exactly.
    pub granted: Option<Granted>,
    /// Where it is enforced.
    pub enforcement: Enforcement,
    /// How long the credential is to live.
    pub duration: Seconds,
}

/// One concrete call that a request asks for and a grant does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The action, permission or operation.
    pub action: String,
    /// The resource, as the cloud names it.
    pub resource: String,
    /// The region of AWS; none where the grant does not allow the call in any.
    pub region: Option<String>,
    /// Whether the call is known to be outside the grant.
    pub certainty: Certainty,
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.action, self.resource)?;
        self.region.as_ref().map_or(Ok(()), |region| write!(f, " in {region}"))
    }
}

impl From<deputize_scope::aws::authority::Witness> for Witness {
    fn from(witness: deputize_scope::aws::authority::Witness) -> Self {
        let region = witness.region.map(|region| region.to_string());
        Self { action: witness.action, resource: witness.resource, region, certainty: witness.certainty }
    }
}

impl From<deputize_scope::gcp::authority::Witness> for Witness {
    fn from(witness: deputize_scope::gcp::authority::Witness) -> Self {
        let (action, resource) = (witness.permission, witness.resource);
        Self { action, resource, region: None, certainty: witness.certainty }
    }
}

impl From<deputize_scope::azure::authority::Witness> for Witness {
    fn from(witness: deputize_scope::azure::authority::Witness) -> Self {
        let (action, resource) = (witness.operation, witness.resource);
        Self { action, resource, region: None, certainty: witness.certainty }
    }
}

/// Why a request gets nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The agent has no scope for the cloud.
    #[error("the grant has nothing on {0}")]
    NoGrant(Cloud),
    /// The agent owns no such stored credential.
    #[error("the scope document gives this agent no such stored credential of type {0}")]
    NothingStored(CredentialType),
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
    /// The grant names no identity to act as, and the deployment has no default.
    #[error("the grant names no role, service account or application, and no default is configured")]
    NoTarget,
    /// No one credential of the cloud allows what is asked for.
    #[error("no one credential allows what is asked for: {0}")]
    DoesNotFit(String),
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
    /// Google Cloud.
    pub gcp: &'a GcpSettings,
    /// Azure.
    pub azure: &'a AzureSettings,
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

/// What an agent asks for, and what it is decided by.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The agent's name.
    pub name: &'a AgentId,
    /// What the scope document grants it.
    pub agent: &'a Agent,
    /// The credentials that the scope document declares: its own, and those of others.
    pub credentials: &'a [StoredCredential],
    /// What it asks for.
    pub request: &'a CredentialRequest,
    /// Where it asks.
    pub deployment: &'a Deployment<'a>,
}

/// Decides a request against what the scope document grants the agent.
pub fn decide(question: &Question<'_>) -> Result<Decision, Refusal> {
    let wanted = question.request.wanted;
    // What is stored is granted by the section of credentials, whatever the agent's scopes are.
    if let Wanted::Exactly(kind) = wanted
        && stored::is_stored(kind)
    {
        return stored::decide(question, question.deployment.kind(wanted)?);
    }
    if let Some(cloud) = wanted.cloud()
        && !question.agent.scopes.iter().any(|scope| scope.cloud() == cloud)
    {
        return Err(Refusal::NoGrant(cloud));
    }
    match question.deployment.kind(wanted)? {
        CredentialType::AwsIamRole => aws::decide(question),
        kind @ (CredentialType::GcpServiceAccount | CredentialType::GcpWorkloadIdentity) => {
            gcp::decide(question, kind)
        }
        kind @ (CredentialType::AzureManagedIdentity | CredentialType::AzureServicePrincipal) => {
            azure::decide(question, kind)
        }
        kind @ (CredentialType::AwsAccessKey | CredentialType::OauthToken | CredentialType::ApiKey) => {
            stored::decide(question, kind)
        }
    }
}

/// Decides how much of a lease's credential a request gets. Nothing beyond it, and nothing that outlives it.
/// `credentials` are those that the scope document declares.
pub fn narrow(
    parent: &Lease,
    left: Seconds,
    request: &CredentialRequest,
    way: NarrowingWay,
    credentials: &[StoredCredential],
    deployment: &Deployment<'_>,
) -> Result<Decision, Refusal> {
    let nothing = || InvalidRequest::Unsupported(format!("narrower {}", parent.kind));
    match parent.granted.clone().ok_or_else(nothing)? {
        Granted::Aws { role, external_id, authority } => {
            let from = AwsIdentity { role, external_id };
            aws::narrow(Parent { request, calls: authority, left }, from, way)
        }
        _ if way == NarrowingWay::ScopeDown => Err(InvalidRequest::Field {
            field: "via",
            value: "scope_down".to_owned(),
            problem: "only sessions of AWS can be narrowed by their holder".to_owned(),
        }
        .into()),
        Granted::Gcp { service_account, authority } => {
            let parent_calls = Parent { request, calls: authority, left };
            gcp::narrow(parent_calls, service_account, parent.kind, deployment)
        }
        Granted::Azure { client_id, authority } => {
            let secret = azure::secret(credentials, &parent.agent, parent.kind)?;
            azure::narrow(Parent { request, calls: authority, left }, client_id, parent.kind, secret)
        }
    }
}
