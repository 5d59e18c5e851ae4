//! The one place that seals and opens stored secrets.

use std::fmt;
use std::sync::Arc;

use deputize_scope::identifier::{CredentialId, CredentialType};
use deputize_scope::{AgentId, TenantId};
use thiserror::Error;

use super::record::{CredentialRecord, SealedVersion, VersionNumber, VersionState};
use super::secret::StoredSecret;
use crate::audit::{AuditEvent, What};
use crate::caller::Actor;
use crate::lease::LeaseId;
use crate::ports::StoreError;
use crate::ports::audit::AuditOutbox;
use crate::ports::clock::{Clock, Random};
use crate::ports::credentials::CredentialStore;
use crate::ports::keys::{KeyError, KeyKeeper};
use crate::seal::{SealError, open, seal};

/// What stored secrets are kept with. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    /// Where they are.
    pub credentials: Arc<dyn CredentialStore>,
    /// Where reads are written down.
    pub outbox: Arc<dyn AuditOutbox>,
    /// What wraps their keys.
    pub keys: Arc<dyn KeyKeeper>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

/// Who wants which secret, and why.
#[derive(Clone, Debug)]
pub struct Reading<'a> {
    /// The tenant.
    pub tenant: &'a TenantId,
    /// The agent that it is read for.
    pub agent: &'a AgentId,
    /// The credential.
    pub id: &'a CredentialId,
    /// The type that it must be of.
    pub kind: CredentialType,
    /// The lease that it is read for, where it is read for one.
    pub lease: Option<LeaseId>,
    /// Who reads it.
    pub by: Actor,
}

/// A secret that was read.
#[derive(Debug)]
pub struct Opened {
    /// The record.
    pub record: CredentialRecord,
    /// The secret of its current version.
    pub secret: StoredSecret,
}

/// Why a secret is not read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// It was never imported.
    #[error("no secret was imported under this name")]
    NotImported,
    /// It is another agent's, or of another type, than the scope document says: it was changed since the import.
    #[error("the secret was imported for another agent, or as another type; import it again")]
    OtherThanDeclared,
    /// Its refresh token was used by somebody else.
    #[error("the refresh token was used by somebody else; connect or import again")]
    Compromised,
    /// It does not open.
    #[error("the secret does not open")]
    Seal(#[from] SealError),
    /// The store failed, or the read could not be written down.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ReadError {
    /// Whether another try may help: only a store or a key that does not answer is worth one.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Store(_) | Self::Seal(SealError::Key(KeyError::Unavailable(_))))
    }

    /// The name of the reason, safe to show.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotImported => "not_imported",
            Self::OtherThanDeclared => "other_than_declared",
            Self::Compromised => "refresh_token_reused",
            Self::Seal(_) => "does_not_open",
            Self::Store(_) => "store_unavailable",
        }
    }
}

impl Vault {
    /// Reads the version of a secret that is to be used. The event that tells of it is durable before the secret is given.
    pub async fn read(&self, reading: Reading<'_>) -> Result<Opened, ReadError> {
        let record = self.record(&reading).await?;
        let secret = self.open(&record).await?;
        let what = read_event(&record, reading.lease);
        self.outbox.record(&self.event(&record.tenant, reading.by, what)).await?;
        Ok(Opened { record, secret })
    }

    /// The record of a secret that may be read.
    pub(super) async fn record(&self, reading: &Reading<'_>) -> Result<CredentialRecord, ReadError> {
        let record =
            self.credentials.find(reading.tenant, reading.id).await?.ok_or(ReadError::NotImported)?;
        let is_theirs = record.agent == *reading.agent || record.consumers.contains(reading.agent);
        if !is_theirs || record.kind != reading.kind {
            return Err(ReadError::OtherThanDeclared);
        }
        if record.compromised_at.is_some() {
            return Err(ReadError::Compromised);
        }
        Ok(record)
    }

    /// Opens the version to use. Nobody is told of it: what comes of it must not leave before somebody is.
    pub(super) async fn open(&self, record: &CredentialRecord) -> Result<StoredSecret, ReadError> {
        self.open_version(record, record.version_to_use()).await
    }

    /// Opens a version.
    pub(crate) async fn open_version(
        &self,
        record: &CredentialRecord,
        number: VersionNumber,
    ) -> Result<StoredSecret, ReadError> {
        let version = self.credentials.version(&record.tenant, &record.id, number).await?;
        let version = version.ok_or(SealError::Refused)?;
        // The number is the record's, not the row's: a row that was put in another's place does not open.
        let plaintext = open(&*self.keys, &record.context(number), &version.sealed).await?;
        let secret = StoredSecret::from_plaintext(record.kind, &plaintext).map_err(|_| SealError::Refused)?;
        Ok(secret)
    }

    /// Seals a secret as the version of that number.
    pub async fn seal(
        &self,
        record: &CredentialRecord,
        number: VersionNumber,
        secret: &StoredSecret,
        refreshed: bool,
    ) -> Result<SealedVersion, SealError> {
        let context = record.context(number);
        let sealed = seal(&*self.keys, &*self.random, &context, &secret.to_plaintext()).await?;
        let created_at = self.clock.now();
        Ok(SealedVersion { number, sealed, created_at, state: VersionState::Current, refreshed })
    }

    pub(crate) fn event(&self, tenant: &TenantId, by: Actor, what: What) -> AuditEvent {
        AuditEvent::new(tenant, by, what, &*self.clock, &*self.random)
    }
}

pub(super) fn read_event(record: &CredentialRecord, lease: Option<LeaseId>) -> What {
    What::SecretRead {
        credential: record.id.clone(),
        agent: record.agent.clone(),
        version: record.version_to_use(),
        lease,
    }
}
