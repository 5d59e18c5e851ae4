//! The tenant's scope document, version by version.

use async_trait::async_trait;
use deputize_scope::TenantId;
use thiserror::Error;

use super::StoreError;
use crate::audit::AuditEvent;
use crate::scopes::{Etag, ScopesHead, ScopesVersion};

/// A document to publish, with the event that tells of it.
#[derive(Debug, Clone)]
pub struct Publication {
    /// Whose document.
    pub tenant: TenantId,
    /// The version that it replaces: publication succeeds only while that one is current. `None`: there is none yet.
    pub replaces: Option<ScopesVersion>,
    /// What becomes current.
    pub head: ScopesHead,
    /// The document, as its author wrote it.
    pub text: String,
    /// The audit event, written in the same transaction.
    pub event: AuditEvent,
}

/// Why a document was not published.
#[derive(Debug, Error)]
pub enum PublishError {
    /// Another version became current in the meantime.
    #[error("the scope document was changed in the meantime")]
    Superseded,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Stores scope documents. A version's text never changes; the head says which is current.
#[async_trait]
pub trait ScopeStore: Send + Sync {
    /// Which version is current. Strongly consistent: one small read.
    async fn head(&self, tenant: &TenantId) -> Result<Option<ScopesHead>, StoreError>;

    /// The text of a version.
    async fn text(
        &self,
        tenant: &TenantId,
        version: ScopesVersion,
        etag: &Etag,
    ) -> Result<Option<String>, StoreError>;

    /// Makes a new version current, in one transaction with its event.
    async fn publish(&self, publication: Publication) -> Result<(), PublishError>;
}
