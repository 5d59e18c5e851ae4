//! What the ledger needs from the outside: a place for its files, a key that signs, and monitoring to tell.

use std::fmt;

use async_trait::async_trait;
use serde_json::Value;
use thiserror::Error;

use super::signing::SigningError;
use super::{Source, StoreError};
use crate::audit::EventId;

/// The name of one of a log's files: path segments of `[a-z0-9._-]`, with `/` between them, such as
/// `acme/2026/tile/0/x001/067.p/12`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
