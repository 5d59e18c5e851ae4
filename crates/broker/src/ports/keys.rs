//! Key encryption: data keys wrapped by a key that never leaves its keeper.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::Zeroizing;

use super::Source;

/// A 256-bit data encryption key in the clear: only ever in memory, zeroised on drop.
pub type DataKey = Zeroizing<[u8; 32]>;

/// What a sealed blob is bound to. It is the additional authenticated data of the cipher and the encryption context at
/// KMS, where it stands in CloudTrail in the clear: no secrets in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EncryptionContext(BTreeMap<String, String>);

impl EncryptionContext {
    /// A context of these pairs.
    pub fn new<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        Self(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }

    /// The pairs, by key.
    pub fn pairs(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// The bytes that the cipher authenticates: each key and value preceded by its length, in the order of the keys, so
    /// that two different contexts never yield the same bytes.
    pub fn authenticated_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for text in self.0.iter().flat_map(|(key, value)| [key, value]) {
            bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes
    }
}

/// A data key as it is stored: wrapped, with the name of what wrapped it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrappedKey {
    /// The wrapping key's id and, where it has versions of its own, its version: `arn:…` or `keyring/3`.
    pub key_id: String,
    /// The wrapped data key.
    pub ciphertext: Vec<u8>,
}

/// Why a key keeper did not do what it was asked for.
#[derive(Debug, Error)]
pub enum KeyError {
    /// Wrong context, wrong key, or a blob that was changed: the same answer for all three.
    #[error("the wrapped key does not open in this context")]
    Refused,
    /// The key is disabled, deleted, or not ours to use.
    #[error("the key {key_id} cannot be used")]
    Unusable {
        /// Which key.
        key_id: String,
    },
    /// The keeper did not answer.
    #[error("the key keeper is unavailable")]
    Unavailable(#[source] Source),
}

/// Keeps the key that wraps data keys.
#[async_trait]
pub trait KeyKeeper: Send + Sync {
    /// A fresh data key, in the clear and wrapped under `context`.
    async fn generate(&self, context: &EncryptionContext) -> Result<(DataKey, WrappedKey), KeyError>;

    /// Unwraps a data key; fails unless `context` is the one it was wrapped under.
    async fn unwrap(&self, wrapped: &WrappedKey, context: &EncryptionContext) -> Result<DataKey, KeyError>;
}
