//! The tenant's scope document as the broker uses it: versioned, and read once per version.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use deputize_scope::{Finding, ScopeDocument, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::audit::{AuditEvent, Changes, NotCompared, What};
use crate::broker::Broker;
use crate::caller::{Actor, Principal, Role};
use crate::ports::StoreError;
use crate::ports::scopes::{Publication, PublishError, ScopeStore};

/// A version of a tenant's scope document, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScopesVersion(pub u64);

impl ScopesVersion {
    /// The version after `current`.
    pub fn after(current: Option<Self>) -> Self {
        Self(current.map_or(0, |version| version.0) + 1)
    }
}

impl fmt::Display for ScopesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The SHA-256 of a document's text, in hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Etag(String);

impl Etag {
    /// The tag of a text.
    pub fn of(text: &str) -> Self {
        Self(hex::encode(Sha256::digest(text.as_bytes())))
    }

    /// The tag as text, without quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which document is current.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopesHead {
    /// Its version.
    pub version: ScopesVersion,
    /// Its tag.
    pub etag: Etag,
    /// When it became current.
    pub published_at: Timestamp,
}

/// A document that is current, or was.
#[derive(Debug)]
pub struct LoadedScopes {
    /// Which one.
    pub head: ScopesHead,
    /// As its author wrote it.
    pub text: String,
    /// As it is understood.
    pub document: ScopeDocument,
}

/// Why no document could be loaded.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A document is current that this version of Deputize does not accept.
    #[error("the current scope document, version {0}, cannot be read")]
    Unreadable(ScopesVersion),
}

/// The document last used, so that a version is read and understood once. Which version is current is asked every time.
#[derive(Default)]
pub(crate) struct Library(RwLock<Option<Arc<LoadedScopes>>>);

impl Library {
    pub(crate) async fn current(
        &self,
        store: &dyn ScopeStore,
        tenant: &TenantId,
    ) -> Result<Option<Arc<LoadedScopes>>, LoadError> {
        let Some(head) = store.head(tenant).await? else { return Ok(None) };
        self.loaded(store, tenant, head).await.map(Some)
    }

    /// The document of this head.
    async fn loaded(
        &self,
        store: &dyn ScopeStore,
        tenant: &TenantId,
        head: ScopesHead,
    ) -> Result<Arc<LoadedScopes>, LoadError> {
        if let Some(known) = self.known(&head) {
            return Ok(known);
        }
        let unreadable = LoadError::Unreadable(head.version);
        let Some(text) = store.text(tenant, head.version, &head.etag).await? else { return Err(unreadable) };
        if Etag::of(&text) != head.etag {
            return Err(unreadable);
        }
        let document = ScopeDocument::parse(&text).document.ok_or(unreadable)?;
        let loaded = Arc::new(LoadedScopes { head, text, document });
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&loaded));
        Ok(loaded)
    }

    fn known(&self, head: &ScopesHead) -> Option<Arc<LoadedScopes>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|loaded| loaded.head == *head).map(Arc::clone)
    }
}

/// Under which condition a document may be replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// Only where there is none yet.
    Absent,
    /// Only this one.
    Matches(Etag),
    /// Whatever there is.
    Any,
}

/// Why a document was not published.
#[derive(Debug, Error)]
pub enum PutScopesError {
    /// Only an admin may.
    #[error("only an admin may replace the scope document")]
    Forbidden,
    /// The document has errors.
    #[error("the scope document has errors")]
    Invalid(Vec<Finding>),
    /// It is another tenant's document.
    #[error("the scope document is of tenant {found}, this is {expected}")]
    OtherTenant {
        /// The tenant that the document names.
        found: TenantId,
        /// The tenant here.
        expected: TenantId,
    },
    /// Another document is current than the precondition says.
    #[error("the scope document was changed in the meantime")]
    PreconditionFailed,
    /// The current document could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Broker {
    /// The current document; `None` where none was ever published.
    pub async fn scopes(&self) -> Result<Option<Arc<LoadedScopes>>, LoadError> {
        self.library.current(&*self.ports.scopes, self.tenant()).await
    }

    /// Publishes a document. Returns what is current and the warnings of the document. Publishing what is current
    /// already changes nothing.
    pub async fn put_scopes(
        &self,
        caller: &Principal,
        text: String,
        precondition: Precondition,
    ) -> Result<(ScopesHead, Vec<Finding>), PutScopesError> {
        if caller.role != Role::Admin {
            return Err(PutScopesError::Forbidden);
        }
        self.publish(caller.actor(), text, precondition).await
    }

    /// Publishes a document on the operator's behalf, as `deputize up --scopes` does when it starts.
    pub async fn publish(
        &self,
        by: Actor,
        text: String,
        precondition: Precondition,
    ) -> Result<(ScopesHead, Vec<Finding>), PutScopesError> {
        let parsed = ScopeDocument::parse(&text);
        let Some(document) = parsed.document else { return Err(PutScopesError::Invalid(parsed.findings)) };
        if document.tenant != *self.tenant() {
            return Err(PutScopesError::OtherTenant {
                found: document.tenant,
                expected: self.tenant().clone(),
            });
        }
        let current = self.ports.scopes.head(self.tenant()).await?;
        let holds = match &precondition {
            Precondition::Absent => current.is_none(),
            Precondition::Matches(etag) => current.as_ref().is_some_and(|head| head.etag == *etag),
            Precondition::Any => true,
        };
        if !holds {
            return Err(PutScopesError::PreconditionFailed);
        }
        let etag = Etag::of(&text);
        if let Some(head) = current.as_ref().filter(|head| head.etag == etag) {
            return Ok((head.clone(), parsed.findings));
        }
        let replaces = current.as_ref().map(|head| head.version);
        let head = ScopesHead {
            version: ScopesVersion::after(replaces),
            etag,
            published_at: self.ports.clock.now(),
        };
        let what = What::ScopesChanged {
            version: head.version,
            after: head.etag.clone(),
            before: current.as_ref().map(|head| head.etag.clone()),
            changes: Some(self.changes(current, &document).await?),
        };
        let publication = Publication {
            tenant: self.tenant().clone(),
            replaces,
            head: head.clone(),
            text,
            event: self.event(by, what),
        };
        match self.ports.scopes.publish(publication).await {
            Ok(()) => Ok((head, parsed.findings)),
            Err(PublishError::Superseded) => Err(PutScopesError::PreconditionFailed),
            Err(PublishError::Store(error)) => Err(error.into()),
        }
    }

    /// What agents gain and lose where `after` takes the place of what is current.
    async fn changes(
        &self,
        current: Option<ScopesHead>,
        after: &ScopeDocument,
    ) -> Result<Changes, StoreError> {
        let Some(head) = current else { return Ok(Changes::between(None, after)) };
        match self.library.loaded(&*self.ports.scopes, self.tenant(), head).await {
            Ok(before) => Ok(Changes::between(Some(&before.document), after)),
            // To replace it is the way out.
            Err(LoadError::Unreadable(_)) => Ok(Changes::not_compared(NotCompared::Unreadable)),
            Err(LoadError::Store(error)) => Err(error),
        }
    }

    pub(crate) fn event(&self, by: Actor, what: What) -> AuditEvent {
        AuditEvent::new(self.tenant(), by, what, &*self.ports.clock, &*self.ports.random)
    }
}
