//! Who is calling: the identity that was proven, and whom it stands for here.

use deputize_scope::aws::arn::PrincipalArn;
use deputize_scope::{AgentId, TenantId};
use serde::{Deserialize, Serialize};

use crate::token::PresentedToken;

/// An identity that somebody else has proven (API Gateway), or that is to be proven here (a bearer token). Never taken
/// from a request's body.
#[derive(Clone, Debug)]
pub enum CallerIdentity {
    /// A principal whose signature API Gateway verified.
    Aws(PrincipalArn),
    /// The issuer and subject of a token that API Gateway verified.
    Oidc {
        /// `iss`.
        issuer: String,
        /// `sub`.
        subject: String,
    },
    /// A bearer token of Deputize's own.
    Token(PresentedToken),
}

/// What a caller may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Role {
    /// An agent of the tenant.
    Agent {
        /// Which.
        agent: AgentId,
    },
    /// May do everything but act as an agent.
    Admin,
    /// May read everything that is not a secret.
    Auditor,
}

/// A caller who is known: a role in a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The tenant.
    pub tenant: TenantId,
    /// What the caller is there.
    pub role: Role,
    /// The identity that was proven, as it is written to the audit log: an ARN, `issuer#subject`, or `token:ID`.
    pub identity: String,
}

impl Principal {
    /// Whether this is that very agent.
    pub fn is_agent(&self, name: &AgentId) -> bool {
        matches!(&self.role, Role::Agent { agent } if agent == name)
    }

    /// How the audit log names the caller.
    pub fn actor(&self) -> Actor {
        Actor::Caller { role: self.role.clone(), identity: self.identity.clone() }
    }
}

/// Who did something, as the audit log says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "actor", rename_all = "snake_case")]
pub enum Actor {
    /// A caller.
    Caller {
        /// What the caller is.
        #[serde(flatten)]
        role: Role,
        /// The identity that was proven.
        identity: String,
    },
    /// Deputize itself: reaper, rotation.
    Broker,
}
