//! What the ledger needs from the outside: its head, an index of its entries, the keys of those whom it tells of, a place
//! for its files, a key that signs, and monitoring to tell.

use std::fmt;

use async_trait::async_trait;
use deputize_scope::TenantId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::audit::OutboxKey;
use super::keys::WrappedKey;
use super::signing::SigningError;
use super::{Source, StoreError};
use crate::audit::{AuditEvent, EventId};
use crate::ledger::head::Head;

/// The name of one of a log's files: path segments of `[a-z0-9._-]`, with `/` between them, such as
/// `acme/2026/tile/0/x001/067.p/12`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectPath(String);

/// The text is no path of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an object's path is segments of [a-z0-9._-] with a slash between them")]
pub struct InvalidObjectPath;

impl ObjectPath {
    /// Reads a path.
    pub fn parse(path: &str) -> Result<Self, InvalidObjectPath> {
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
        let is_segment = |segment: &str| {
            !segment.is_empty() && !matches!(segment, "." | "..") && segment.bytes().all(is_plain)
        };
        let fits = path.len() <= 512 && path.split('/').all(is_segment);
        fits.then(|| Self(path.to_owned())).ok_or(InvalidObjectPath)
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ObjectPath {
    type Error = InvalidObjectPath;

    fn try_from(path: String) -> Result<Self, InvalidObjectPath> {
        Self::parse(&path)
    }
}

impl From<ObjectPath> for String {
    fn from(path: ObjectPath) -> Self {
        path.0
    }
}

impl fmt::Display for ObjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why an object was not put.
#[derive(Debug, Error)]
pub enum PutError {
    /// There are other bytes by this name already, and they stay: somebody else wrote another history.
    #[error("{0} holds something else")]
    Different(ObjectPath),
    /// The store failed; the object may be there.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps the files of logs: tiles and bundles that never change once they are there, and the current checkpoint.
#[async_trait]
pub trait LogObjects: Send + Sync {
    /// Puts an object that never changes. Putting the same bytes again is no error; other bytes are refused.
    async fn put(&self, path: &ObjectPath, bytes: &[u8]) -> Result<(), PutError>;

    /// Puts an object in the place of what is there.
    async fn replace(&self, path: &ObjectPath, bytes: &[u8]) -> Result<(), StoreError>;

    /// The object, strongly consistent.
    async fn get(&self, path: &ObjectPath) -> Result<Option<Vec<u8>>, StoreError>;

    /// Removes an object that is needed no more. That there is none is no error.
    async fn remove(&self, path: &ObjectPath) -> Result<(), StoreError>;
}

/// Signs what a log says. Ed25519 (RFC 8032); the private half never leaves its keeper.
#[async_trait]
pub trait LogSigner: Send + Sync {
    /// The public half.
    async fn public_key(&self) -> Result<[u8; 32], SigningError>;

    /// Signs a message, not its hash.
    async fn sign(&self, message: &[u8]) -> Result<[u8; 64], SigningError>;
}

/// An entry of the ledger on its way to monitoring.
#[derive(Clone, Debug, PartialEq)]
pub struct Publication {
    /// The event's name, by which one that came twice is known.
    pub id: EventId,
    /// The event's kind, such as `credential_issued`.
    pub kind: &'static str,
    /// What is sent: a CloudEvent in its JSON format (CloudEvents 1.0) with OCSF in it.
    pub cloud_event: Value,
}

/// Somebody who is told of every entry, at least once.
#[async_trait]
pub trait Monitor: Send + Sync {
    /// By which the ledger remembers how far this one has been told: `eventbridge`, `nats`.
    fn name(&self) -> &'static str;

    /// Tells of these, in their order. An error says that some may not have arrived: all of them come again.
    async fn publish(&self, publications: &[Publication]) -> Result<(), Source>;
}

/// Why a head was not advanced.
#[derive(Debug, Error)]
pub enum AdvanceError {
    /// Somebody else has advanced it.
    #[error("the ledger's head has moved on")]
    Superseded,
    /// The store failed; the head may have been written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps the head of a tenant's ledger: the one thing in it that changes, and only ever from one version to the next.
#[async_trait]
pub trait LogHeads: Send + Sync {
    /// The head, strongly consistent.
    async fn head(&self, tenant: &TenantId) -> Result<Option<Head>, StoreError>;

    /// Writes a head in the place of the version before it. Where the very same head is there already, it was written by
    /// an attempt whose answer was lost: no error.
    async fn advance(&self, tenant: &TenantId, to: &Head) -> Result<(), AdvanceError>;

    /// How far a monitor has been told.
    async fn told(&self, tenant: &TenantId, monitor: &str) -> Result<Option<Told>, StoreError>;

    /// Remembers how far a monitor has been told. The later of two writers wins: what is told twice has the same id.
    async fn remember_told(&self, tenant: &TenantId, monitor: &str, told: Told) -> Result<(), StoreError>;
}

/// How far a monitor has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The year of the log.
    pub year: i16,
    /// The first entry of it that it has not been told of.
    pub next: u64,
}

/// Where an event stands in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Indexed {
    /// The event.
    pub id: EventId,
    /// The year of its log.
    pub year: i16,
    /// Its place there.
    pub sequence: u64,
    /// The SHA-256 of its text as it stood in the outbox.
    pub sha256: String,
    /// What of it may be about a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal: Option<SealedPersonal>,
}

/// What of an event may be about a person: outside of the ledger, under the key of whom it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedPersonal {
    /// By what the ledger calls the person.
    pub pseudonym: String,
    /// 96 random bits.
    pub nonce: [u8; 12],
    /// Ciphertext and tag, in hexadecimal digits.
    pub ciphertext: String,
}

/// An event that the ledger holds, and that has to leave the outbox if it is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// Where it waits; none where it never did.
    pub key: Option<OutboxKey>,
    /// Where it stands.
    pub entry: Indexed,
}

/// Finds entries by the names of their events.
#[async_trait]
pub trait EntryIndex: Send + Sync {
    /// Puts each into the index, and only then takes it out of the outbox. Doing it again changes nothing. What waited by
    /// another name than its event's is found by both.
    async fn settle(&self, tenant: &TenantId, settled: &[Settled]) -> Result<(), StoreError>;

    /// Where the event of this name stands, strongly consistent; none while it waits.
    async fn find(&self, tenant: &TenantId, name: &str) -> Result<Option<Indexed>, StoreError>;
}

/// Whom entries tell of: a pseudonym, and the key under which the rest is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectKey {
    /// By what the ledger calls the person.
    pub pseudonym: String,
    /// The key.
    pub key: WrappedKey,
}

/// Keeps the keys of those whom the ledger tells of. `name` is the SHA-256 of the identity, in hexadecimal digits.
#[async_trait]
pub trait Subjects: Send + Sync {
    /// The subject of this name, strongly consistent.
    async fn subject(&self, tenant: &TenantId, name: &str) -> Result<Option<SubjectKey>, StoreError>;

    /// The subject of this pseudonym.
    async fn by_pseudonym(
        &self,
        tenant: &TenantId,
        pseudonym: &str,
    ) -> Result<Option<SubjectKey>, StoreError>;

    /// Adds a subject; the one that was there before, where there was one.
    async fn add(&self, tenant: &TenantId, name: &str, key: &SubjectKey) -> Result<SubjectKey, StoreError>;

    /// Forgets a subject for good, in one transaction with the event that says so: what was sealed under its key opens no
    /// more. That it is forgotten already is no error.
    async fn erase(
        &self,
        tenant: &TenantId,
        name: &str,
        pseudonym: &str,
        event: &AuditEvent,
    ) -> Result<(), StoreError>;
}

/// Remembers the last checkpoint outside of the store that the ledger is in, so that a store which was put back is found
/// out.
#[async_trait]
pub trait CheckpointMemory: Send + Sync {
    /// The checkpoint that was remembered last, as a signed note.
    async fn recall(&self, tenant: &TenantId) -> Result<Option<String>, Source>;

    /// Remembers a checkpoint.
    async fn remember(&self, tenant: &TenantId, checkpoint: &str) -> Result<(), Source>;
}
