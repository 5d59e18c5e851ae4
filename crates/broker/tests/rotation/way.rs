//! The way to the store: a write may be lost on it, or its answer.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use deputize_broker::ports::StoreError;
use deputize_broker::ports::credentials::{ChangeError, CredentialChange, CredentialPage, CredentialStore};
use deputize_broker::scopes::ScopesVersion;
use deputize_broker::stored::{CredentialRecord, SealedVersion, VersionNumber};
use deputize_scope::TenantId;
use deputize_scope::identifier::CredentialId;
use deputize_testkit::credentials::MemoryCredentials;
use jiff::Timestamp;

/// What becomes of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// It is not written.
    Write,
    /// It is written, and the answer says that it is not known.
    Answer,
    /// It is written, as is something else after it, and the answer says that it is not known.
    AnswerAndMore,
    /// Something else is written before it.
    Rival,
}

/// The way to a store.
pub(crate) struct Way {
    to: Arc<MemoryCredentials>,
    planned: Mutex<Option<(u32, u32, Loss)>>,
}

impl Way {
    pub(crate) fn to(to: Arc<MemoryCredentials>) -> Self {
        Self { to, planned: Mutex::default() }
    }

    /// After so many writes that get through, so many in a row do not.
    pub(crate) fn lose(&self, after: u32, times: u32, loss: Loss) {
        *self.planned.lock().unwrap() = Some((after, times, loss));
    }

    /// Whether what was planned has not happened yet.
    pub(crate) fn is_planned(&self) -> bool {
        self.planned.lock().unwrap().is_some()
    }

    fn next(&self) -> Option<Loss> {
        let mut planned = self.planned.lock().unwrap();
        match planned.take() {
            Some((0, times, loss)) => {
                *planned = (times > 1).then_some((0, times - 1, loss));
                Some(loss)
            }
            Some((after, times, loss)) => {
                *planned = Some((after - 1, times, loss));
                None
            }
            None => None,
        }
    }

    /// A change that has nothing to do with rotation.
    async fn meddle(&self, record: &CredentialRecord) {
        let found = self.to.find(&record.tenant, &record.id).await.unwrap().unwrap();
        let after = CredentialRecord { revision: found.revision + 1, ..found.clone() };
        let change = CredentialChange { before: Some(found), after, version: None, event: None };
        self.to.change(change).await.unwrap();
    }
}

#[async_trait]
impl CredentialStore for Way {
    async fn find(
        &self,
        tenant: &TenantId,
        id: &CredentialId,
    ) -> Result<Option<CredentialRecord>, StoreError> {
        let found = self.to.find(tenant, id).await;
        // Others get their turn between what is read and what is written.
        tokio::task::yield_now().await;
        found
    }

    async fn version(
        &self,
        tenant: &TenantId,
        id: &CredentialId,
        number: VersionNumber,
    ) -> Result<Option<SealedVersion>, StoreError> {
        self.to.version(tenant, id, number).await
    }

    async fn list(
        &self,
        tenant: &TenantId,
        after: Option<&CredentialId>,
        limit: u32,
    ) -> Result<CredentialPage, StoreError> {
        self.to.list(tenant, after, limit).await
    }

    async fn change(&self, change: CredentialChange) -> Result<(), ChangeError> {
        let lost = || Err(ChangeError::Store(StoreError::Unavailable("the connection broke".into())));
        let record = change.after.clone();
        match self.next() {
            None => self.to.change(change).await,
            Some(Loss::Write) => lost(),
            Some(Loss::Answer) => {
                self.to.change(change).await?;
                lost()
            }
            Some(Loss::AnswerAndMore) => {
                self.to.change(change).await?;
                self.meddle(&record).await;
                lost()
            }
            Some(Loss::Rival) => {
                self.meddle(&record).await;
                self.to.change(change).await
            }
        }
    }

    async fn due_rotations(
        &self,
        tenant: &TenantId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<CredentialId>, StoreError> {
        self.to.due_rotations(tenant, now, limit).await
    }

    async fn scheduled_by(&self, tenant: &TenantId) -> Result<Option<ScopesVersion>, StoreError> {
        self.to.scheduled_by(tenant).await
    }

    async fn set_scheduled_by(&self, tenant: &TenantId, version: ScopesVersion) -> Result<(), StoreError> {
        self.to.set_scheduled_by(tenant, version).await
    }
}
