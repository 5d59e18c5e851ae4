//! An agent reads the current version of its own secret.

use deputize_scope::AgentId;
use deputize_scope::identifier::{CredentialId, CredentialType};
use thiserror::Error;

use super::record::CredentialRecord;
use super::secret::StoredSecret;
use super::vault::{Opened, ReadError, Reading};
use crate::audit::What;
use crate::broker::Broker;
use crate::caller::Principal;
use crate::ports::StoreError;
use crate::scopes::LoadError;

/// A secret for its owner.
#[derive(Debug)]
pub struct CurrentSecret {
    /// What is on record of it; its current version is the one that is given.
    pub record: CredentialRecord,
    /// The secret.
    pub secret: StoredSecret,
}

/// Why an agent does not get a secret.
#[derive(Debug, Error)]
pub enum CurrentError {
    /// The caller is not the agent of the path.
    #[error("the caller is not this agent")]
    NotYourAgent,
    /// The agent has no such credential. Whether another one has is not told.
    #[error("this agent has no stored credential of this name")]
    NotFound,
    /// It is one that renews others: agents get what comes of it.
    #[error("what renews access tokens is not given out; ask for an access token, with type oauth_token")]
    Renewing,
    /// The secret cannot be read.
    #[error(transparent)]
    Read(ReadError),
    /// The scope document cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The refusal could not be written down.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CurrentError {
    /// The problem code of what is written down as a refusal.
    fn refusal(&self) -> Option<&'static str> {
        match self {
            Self::NotYourAgent => Some("not_your_agent"),
            Self::NotFound => Some("not_found"),
            Self::Renewing => Some("conflict"),
            Self::Read(ReadError::Store(_)) | Self::Load(_) | Self::Store(_) => None,
            Self::Read(error) => Some(error.code()),
        }
    }
}

impl Broker {
    /// The current version of a secret, for the agent that owns it. Names are as they stand in the request's path. Every
    /// read is written down before the secret is given, and every refusal before it is told.
    pub async fn current_secret(
        &self,
        caller: &Principal,
        agent: &str,
        id: &str,
    ) -> Result<CurrentSecret, CurrentError> {
        let result = self.read_current(caller, agent, id).await;
        if let Err(error) = &result
            && let Some(code) = error.refusal()
        {
            let short = |text: &str| text.chars().take(64).collect();
            let what =
                What::SecretReadRefused { agent: short(agent), credential: short(id), code: code.to_owned() };
            self.ports.outbox.record(&self.event(caller.actor(), what)).await?;
        }
        result
    }

    async fn read_current(
        &self,
        caller: &Principal,
        agent: &str,
        id: &str,
    ) -> Result<CurrentSecret, CurrentError> {
        let agent: AgentId = agent.parse().map_err(|_| CurrentError::NotYourAgent)?;
        if !caller.is_agent(&agent) {
            return Err(CurrentError::NotYourAgent);
        }
        let id: CredentialId = id.parse().map_err(|_| CurrentError::NotFound)?;
        let scopes = self.scopes().await?.ok_or(CurrentError::NotFound)?;
        let mut declared = scopes.document.credentials.iter();
        let declared =
            declared.find(|one| one.id == id && one.is_used_by(&agent)).ok_or(CurrentError::NotFound)?;
        if declared.kind == CredentialType::OauthToken {
            return Err(CurrentError::Renewing);
        }
        let kind = declared.kind;
        let (tenant, by) = (self.tenant(), caller.actor());
        let reading = Reading { tenant, agent: &agent, id: &id, kind, lease: None, by };
        match self.vault().read(reading).await {
            Ok(Opened { record, secret }) => Ok(CurrentSecret { record, secret }),
            Err(ReadError::NotImported) => Err(CurrentError::NotFound),
            Err(error) => Err(CurrentError::Read(error)),
        }
    }
}
