//! Idempotency keys: a request that is sent again gets the first one's answer, never a second lease.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::lease::LeaseId;
use crate::seal::Sealed;

/// The value of an `Idempotency-Key` header: 1–255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdempotencyKey(String);

/// The text is no idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an idempotency key has 1 to 255 visible ASCII characters")]
pub struct InvalidIdempotencyKey;

impl FromStr for IdempotencyKey {
    type Err = InvalidIdempotencyKey;

    fn from_str(text: &str) -> Result<Self, InvalidIdempotencyKey> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if visible && (1..=255).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidIdempotencyKey)
        }
    }
}

impl TryFrom<String> for IdempotencyKey {
    type Error = InvalidIdempotencyKey;

    fn try_from(text: String) -> Result<Self, InvalidIdempotencyKey> {
        text.parse()
    }
}

impl From<IdempotencyKey> for String {
    fn from(key: IdempotencyKey) -> Self {
        key.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The hash of what was asked for, so that a key that is used again for something else is told apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of a request in its canonical form.
    pub fn of(canonical: &[u8]) -> Self {
        Self(hex::encode(Sha256::digest(canonical)))
    }

    /// The fingerprint of what is asked for as it serialises: fields in the order of the type, lists as they were sent.
    pub(crate) fn of_asked(asked: &impl Serialize) -> Self {
        // Names, strings, numbers and maps of strings always serialise.
        Self::of(&serde_json::to_vec(asked).unwrap_or_default())
    }
}

/// A key, and what was asked for under it.
pub(crate) type Keyed = (IdempotencyKey, Fingerprint);

/// A request's claim on a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The key.
    pub key: IdempotencyKey,
    /// What was asked for under it.
    pub fingerprint: Fingerprint,
    /// Until when the claim stands if nothing is heard of the request again.
    pub until: Timestamp,
}

/// What is kept under a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdempotencyRecord {
    /// What was asked for.
    pub fingerprint: Fingerprint,
    /// The lease that the request began.
    pub lease: LeaseId,
    /// The sealed credential, while it is kept; `None` while the request is under way.
    pub answer: Option<Sealed>,
    /// Until when the record stands.
    pub until: Timestamp,
}

/// What becomes of a lease's idempotency key when the lease is settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It stays as it is.
    Unchanged,
    /// The credential is kept, sealed, until `until`.
    Keep {
        /// The credential.
        sealed: Sealed,
        /// When the record lapses.
        until: Timestamp,
    },
    /// The key is free again, because no credential came of the request.
    Forget,
}
