//! Stored credentials: their records and their sealed versions, one aggregate.

use async_trait::async_trait;
use deputize_scope::TenantId;
use deputize_scope::identifier::CredentialId;
use jiff::Timestamp;
use thiserror::Error;

use super::StoreError;
use crate::audit::AuditEvent;
use crate::scopes::ScopesVersion;
use crate::stored::record::{CredentialRecord, SealedVersion, VersionNumber};

/// A change of a stored credential, with what must be written beside it: all in one transaction.
#[derive(Debug, Clone)]
pub struct CredentialChange {
    /// The record as it was read: the write succeeds only while that revision is stored. `None`: there is none yet.
    pub before: Option<CredentialRecord>,
    /// The record as it becomes. Where another version becomes current, the former one becomes a retired one.
    pub after: CredentialRecord,
    /// A version that is added. Its number is a new one.
    pub version: Option<SealedVersion>,
    /// The audit event. `None` where nothing happens that is worth telling: a worker takes up what it will tell of.
    pub event: Option<AuditEvent>,
}

/// Why a change was not written.
#[derive(Debug, Error)]
pub enum ChangeError {
    /// The record is not the one that was read.
    #[error("the stored credential changed in the meantime")]
    Superseded,
    /// The store failed; the change may have been written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A page of records, by name.
#[derive(Debug, Clone)]
pub struct CredentialPage {
    /// The records.
    pub records: Vec<CredentialRecord>,
    /// The last of them, where there are more: what the next page comes after.
    pub next: Option<CredentialId>,
}

/// Stores credentials.
#[async_trait]
pub trait CredentialStore: Send + Sync {
    /// One record, strongly consistent.
    async fn find(
        &self,
        tenant: &TenantId,
        id: &CredentialId,
    ) -> Result<Option<CredentialRecord>, StoreError>;

    /// One version, strongly consistent. Retired ones are removed after a while.
    async fn version(
        &self,
        tenant: &TenantId,
        id: &CredentialId,
        number: VersionNumber,
    ) -> Result<Option<SealedVersion>, StoreError>;

    /// The records of a tenant by name, those after `after`.
    async fn list(
        &self,
        tenant: &TenantId,
        after: Option<&CredentialId>,
        limit: u32,
    ) -> Result<CredentialPage, StoreError>;

    /// Writes a change. The same change written twice is written once; one without an event is refused the second time.
    async fn change(&self, change: CredentialChange) -> Result<(), ChangeError>;

    /// The credentials whose rotation wants attention by `now`, at most `limit`, those that have waited longest first. May
    /// lag behind the last writes for a moment. Costs what is due, not what is stored.
    async fn due_rotations(
        &self,
        tenant: &TenantId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<CredentialId>, StoreError>;

    /// The version of the scope document by which all schedules were last set.
    async fn scheduled_by(&self, tenant: &TenantId) -> Result<Option<ScopesVersion>, StoreError>;

    /// Keeps the version by which all schedules are set.
    async fn set_scheduled_by(&self, tenant: &TenantId, version: ScopesVersion) -> Result<(), StoreError>;
}
