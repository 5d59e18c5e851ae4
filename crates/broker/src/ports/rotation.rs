//! What rotation needs from the outside: the providers at which keys are made and revoked, and somebody to alert.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use deputize_scope::TenantId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use super::clock::{Clock, Random};
use super::{Source, StoreError};
use crate::audit::AuditEvent;
use crate::lease::fresh_uuid;
use crate::stored::{CredentialRecord, StoredSecret};

/// The code of a refusal to make a key because the owner has all the keys already that it may have: a provider gives this
/// one in the place of its own.
pub const KEY_LIMIT: &str = "key_limit";

/// What a provider calls a key: the id of an access key, the id of a client secret. Not a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(String);

impl KeyId {
    /// A key's id, as the provider writes it.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// As the provider writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of one rotation, from its first step to its last. A provider that can label keys labels them with it, so that
/// a key whose answer was lost is found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OperationId(Uuid);

impl OperationId {
    /// A fresh name.
    pub fn fresh(clock: &dyn Clock, random: &dyn Random) -> Self {
        Self(fresh_uuid(clock, random))
    }

    /// The name of which this is the number, as tests name operations.
    pub const fn from_u128(number: u128) -> Self {
        Self(Uuid::from_u128(number))
    }

    /// The text that keys are labelled with: `deputize-` and the name.
    pub fn label(self) -> String {
        format!("deputize-{self}")
    }

    /// Reads [`Self::label`] back; `None` where somebody else wrote the label.
    pub fn of_label(label: &str) -> Option<Self> {
        label.strip_prefix("deputize-").and_then(|id| Uuid::try_parse(id).ok()).map(Self)
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// A key that a provider has, as it lists it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListedKey {
    /// Its id.
    pub id: KeyId,
    /// The rotation that it was made by, where it carries a label that says so.
    pub operation: Option<OperationId>,
}

/// How a provider behaves in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// How many calls with a new key must succeed in a row before agents are told of it.
    pub probes: u8,
    /// The time between them.
    pub between_probes: SignedDuration,
    /// How long after it was made a key may still fail, at most. After that it counts as one that never works.
    pub settling: SignedDuration,
    /// How long the agents have to adopt a new version.
    pub adoption: SignedDuration,
    /// The time between disabling a key and deleting it; where a key cannot be disabled, the time that it is left to work.
    pub soak: SignedDuration,
    /// How often to look for the provider's own evidence that a new key is used, where it has any.
    pub evidence: Option<SignedDuration>,
}

/// What a provider of keys can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// Whether its keys carry the label of the rotation that made them.
    pub labels: bool,
    /// How many keys an owner may have at most, disabled ones included.
    pub most_keys: Option<usize>,
    /// How it behaves in time.
    pub windows: Windows,
}

/// Whose keys: the owner of the current one.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// What is on record.
    pub record: &'a CredentialRecord,
    /// The current version, in the clear.
    pub current: &'a StoredSecret,
    /// The text of the connector that the credential is declared with.
    pub connector: Option<&'a str>,
}

/// Why a provider did not do what it was asked for.
#[derive(Debug, Error)]
pub enum ProviderError {
    /// The provider said no, and nothing was changed. `code` is its own error code, safe to show.
    #[error("the provider refused: {code}")]
    Refused {
        /// The code.
        code: String,
        /// The whole answer, for the log.
        #[source]
        source: Source,
    },
    /// The provider did not take the request: nothing was changed.
    #[error("the provider is unavailable")]
    Unavailable {
        /// When to try again, where the provider says so.
        retry_after: Option<Duration>,
        /// The cause, for the log.
        #[source]
        source: Source,
    },
    /// The request may have been carried out: the answer was lost or made no sense.
    #[error("the provider's answer was lost")]
    Lost(#[source] Source),
}

impl ProviderError {
    /// The name of the reason, safe to show.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused { code, .. } => code,
            Self::Unavailable { .. } => "unavailable",
            Self::Lost(_) => "answer_lost",
        }
    }

    /// When to try again, where the provider says so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => *retry_after,
            Self::Refused { .. } | Self::Lost(_) => None,
        }
    }
}

/// A provider at which keys are made and revoked. Each call is made once, within 15 s: what is tried again, and when, is
/// for rotation to say, because a call that changed something must not be repeated blindly.
#[async_trait]
pub trait KeyProvider: Send + Sync {
    /// What it can do, for this subject.
    fn abilities(&self, subject: &Subject<'_>) -> Result<Abilities, ProviderError>;

    /// All keys of the owner, disabled ones included.
    async fn list(&self, subject: &Subject<'_>) -> Result<Vec<ListedKey>, ProviderError>;

    /// Makes a key beside the current one.
    async fn create(
        &self,
        subject: &Subject<'_>,
        operation: OperationId,
    ) -> Result<StoredSecret, ProviderError>;

    /// Whether a key works: one fresh call with it, nothing of it cached. `false`: the provider does not know it, or not
    /// any more.
    async fn probe(&self, subject: &Subject<'_>, candidate: &StoredSecret) -> Result<bool, ProviderError>;

    /// Disables a key. `Ok(false)`: this provider's keys cannot be disabled; the key works until it is deleted. A key that
    /// is gone counts as disabled.
    async fn disable(&self, subject: &Subject<'_>, key: &KeyId) -> Result<bool, ProviderError>;

    /// Deletes a key. One that is gone already counts as deleted.
    async fn delete(&self, subject: &Subject<'_>, key: &KeyId) -> Result<(), ProviderError>;

    /// When a key was last used by anybody, where the provider knows.
    async fn last_used(&self, subject: &Subject<'_>, key: &KeyId)
    -> Result<Option<Timestamp>, ProviderError>;
}

/// A declared connector as it is stored: the text of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectorText {
    /// The name that scope documents call it by: a path.
    pub name: String,
    /// The text.
    pub text: String,
}

/// Stores connectors.
#[async_trait]
pub trait ConnectorStore: Send + Sync {
    /// The connector of that name, strongly consistent.
    async fn find(&self, tenant: &TenantId, name: &str) -> Result<Option<ConnectorText>, StoreError>;

    /// All of a tenant, by name.
    async fn list(&self, tenant: &TenantId) -> Result<Vec<ConnectorText>, StoreError>;

    /// Puts a connector in the place of the one of that name, with the event that tells of it, in one transaction.
    async fn put(
        &self,
        tenant: &TenantId,
        connector: &ConnectorText,
        event: &AuditEvent,
    ) -> Result<(), StoreError>;
}

/// Tells somebody, now. The same event may be told twice; its id says so.
#[async_trait]
pub trait Alerts: Send + Sync {
    /// Raises an alert.
    async fn raise(&self, event: &AuditEvent) -> Result<(), Source>;
}
