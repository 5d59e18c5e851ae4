//! Issuing from what is stored: keys as they are.

use async_trait::async_trait;
use deputize_scope::identifier::{CredentialId, CredentialType};
use deputize_scope::{AgentId, Seconds, TenantId};
use jiff::{SignedDuration, Timestamp};

use super::secret::{StoredClientSecret, StoredSecret};
use super::vault::{ReadError, Reading, Vault};
use crate::caller::Actor;
use crate::credential::{AwsAccessKey, Credential};
use crate::decision::Plan;
use crate::lease::{LeaseId, Outcome};
use crate::ports::minter::{MintError, MintOrder, Minted, Minter};

/// Issues stored keys of one type: what the provider gave, unchanged.
#[derive(Clone, Debug)]
pub struct StoredMinter {
    vault: Vault,
    kind: CredentialType,
}

impl StoredMinter {
    /// Issues access keys of IAM users.
    pub fn aws_access_keys(vault: Vault) -> Self {
        Self { vault, kind: CredentialType::AwsAccessKey }
    }

    /// Issues API keys.
    pub fn api_keys(vault: Vault) -> Self {
        Self { vault, kind: CredentialType::ApiKey }
    }
}

#[async_trait]
impl Minter for StoredMinter {
    fn mints(&self) -> CredentialType {
        self.kind
    }

    async fn mint(&self, order: &MintOrder) -> Result<Minted, MintError> {
        let Plan::Stored(plan) = &order.plan else { return Err(MintError::misdirected()) };
        let reading = reading(order, &plan.credential, self.kind);
        let opened = self.vault.read(reading).await.map_err(mint_error)?;
        let credential = match opened.secret {
            StoredSecret::AwsAccessKey(key) => Credential::AwsAccessKey(AwsAccessKey {
                access_key_id: key.access_key_id,
                secret_access_key: key.secret_access_key,
            }),
            StoredSecret::ApiKey(key) => Credential::ApiKey(key.key),
            StoredSecret::AzureClientSecret(_) | StoredSecret::Oauth(_) => {
                return Err(MintError::misdirected());
            }
        };
        // A key does not end by itself: the lease ends when its time is over.
        let expires_at = after(self.vault.clock.now(), order.duration);
        let outcome = Outcome { expires_at, session: None, packed_policy_size: None };
        Ok(Minted { credential, outcome })
    }
}

/// Gives an adapter a client secret of an application in Entra, for one lease.
#[async_trait]
pub trait ClientSecrets: Send + Sync {
    /// The client secret of that name, which must be the agent's. That it was read is written down before it is given.
    async fn client_secret(
        &self,
        tenant: &TenantId,
        agent: &AgentId,
        lease: LeaseId,
        id: &CredentialId,
    ) -> Result<StoredClientSecret, ReadError>;
}

#[async_trait]
impl ClientSecrets for Vault {
    async fn client_secret(
        &self,
        tenant: &TenantId,
        agent: &AgentId,
        lease: LeaseId,
        id: &CredentialId,
    ) -> Result<StoredClientSecret, ReadError> {
        let kind = CredentialType::AzureServicePrincipal;
        let reading = Reading { tenant, agent, id, kind, lease: Some(lease), by: Actor::Broker };
        match self.read(reading).await?.secret {
            StoredSecret::AzureClientSecret(secret) => Ok(secret),
            _ => Err(ReadError::OtherThanDeclared),
        }
    }
}

pub(super) fn reading<'a>(order: &'a MintOrder, id: &'a CredentialId, kind: CredentialType) -> Reading<'a> {
    let (tenant, agent) = (&order.tenant, &order.agent);
    Reading { tenant, agent, id, kind, lease: Some(order.lease), by: Actor::Broker }
}

pub(super) fn after(now: Timestamp, duration: Seconds) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(duration.get().into())).unwrap_or(Timestamp::MAX)
}

/// A secret that cannot be read, as a minter says it. Only a store that does not answer is worth another try.
pub(super) fn mint_error(error: ReadError) -> MintError {
    if error.is_passing() {
        MintError::Unavailable { retry_after: None, source: Box::new(error) }
    } else {
        MintError::Refused { code: error.code().to_owned(), source: Box::new(error) }
    }
}
