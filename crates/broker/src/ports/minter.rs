//! A cloud that mints credentials.

use std::time::Duration;

use async_trait::async_trait;
use deputize_scope::identifier::CredentialType;
use deputize_scope::{AgentId, Seconds, TenantId};
use thiserror::Error;

use super::Source;
use crate::credential::Credential;
use crate::decision::Plan;
use crate::lease::{LeaseId, Outcome};

/// What to mint. The plan is all the authority there is: an adapter adds nothing to it.
#[derive(Debug, Clone)]
pub struct MintOrder {
    /// The lease that the credential belongs to; its id is the session's name.
    pub lease: LeaseId,
    /// The tenant.
    pub tenant: TenantId,
    /// The agent that will hold it.
    pub agent: AgentId,
    /// What is to be minted.
    pub plan: Plan,
    /// How long it should live; an adapter may shorten, never lengthen it.
    pub duration: Seconds,
}

/// What a cloud gave.
#[derive(Debug, Clone)]
pub struct Minted {
    /// The credential.
    pub credential: Credential,
    /// What the cloud said of it; kept on the lease.
    pub outcome: Outcome,
}

/// Why a cloud gave nothing.
#[derive(Debug, Error)]
pub enum MintError {
    /// The cloud said no; asking again would not help. `code` is the cloud's own error code, safe to show.
    #[error("the cloud refused: {code}")]
    Refused {
        /// The cloud's error code, such as `AccessDenied`.
        code: String,
        /// The whole answer, for the log.
        #[source]
        source: Source,
    },
    /// No answer, or one that says to come back. A credential may have been minted that nobody holds.
    #[error("the cloud is unavailable")]
    Unavailable {
        /// When to try again, where the cloud says so.
        retry_after: Option<Duration>,
        /// The cause, for the log.
        #[source]
        source: Source,
    },
}

impl MintError {
    /// The plan is one that another minter carries out: nothing was asked of any cloud.
    pub fn misdirected() -> Self {
        Self::Unavailable { retry_after: None, source: "the plan is for another minter".into() }
    }
}

/// Mints credentials of one type. Bounded in attempts and time by the adapter.
#[async_trait]
pub trait Minter: Send + Sync {
    /// The type.
    fn mints(&self) -> CredentialType;

    /// Mints a credential.
    async fn mint(&self, order: &MintOrder) -> Result<Minted, MintError>;
}
