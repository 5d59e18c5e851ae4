use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use async_trait::async_trait;
use deputize_broker::Random;
use deputize_broker::ports::clock::random_bytes;
use deputize_broker::ports::keys::{DataKey, EncryptionContext, KeyError, KeyKeeper, WrappedKey};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::file::{self, Versions};
use crate::private;

/// What stands before the version in a key's name.
const NAME: &str = "keyring/";

/// A nonce of AES-GCM, in bytes. Random ones may be used for 2³² wrappings under one key (NIST SP 800-38D, 8.3): far
/// above what one machine issues between two key versions.
const NONCE: usize = 12;

/// Why a key file cannot be used.
#[derive(Debug, Error)]
pub enum KeyringError {
    /// The file system.
    #[error("the key file {} cannot be read or written", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// Others than its owner may read or write it: what it sealed may be known already.
    #[error("the key file {} is open to others (mode {mode:03o}); make it 600", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is not what this program writes.
    #[error("{} is not a key file", .0.display())]
    NotAKeyFile(PathBuf),
    /// There is no further version number.
    #[error("the key file {} has no room for another version", .0.display())]
    Full(PathBuf),
}

/// Wraps data keys by AES-256-GCM under the newest key of a file; unwraps under any of them.
pub struct Keyring {
    path: PathBuf,
    versions: Versions,
    random: Arc<dyn Random>,
}

impl Keyring {
    /// Reads the key file, or makes one with a first key. The directory must exist.
    pub fn open_or_create(path: impl Into<PathBuf>, random: Arc<dyn Random>) -> Result<Self, KeyringError> {
        let path = path.into();
        let _lock = private::lock(&path)?;
        let versions = match file::read(&path)? {
            Some(versions) => versions,
            None => {
                let versions = Versions::first(fresh_key(&*random));
                file::write(&path, &versions)?;
                versions
            }
        };
        Ok(Self { path, versions, random })
    }

    /// Adds a key, under which everything is wrapped from now on, and gives its version. What was wrapped before still
    /// unwraps. Other processes that have the file open go on with the keys that they know: restart them.
    pub fn add_version(&mut self) -> Result<u32, KeyringError> {
        let _lock = private::lock(&self.path)?;
        // Another process may have added one since; overwriting it would lose what it wrapped.
        let mut versions =
            file::read(&self.path)?.ok_or_else(|| KeyringError::NotAKeyFile(self.path.clone()))?;
        let version =
            versions.add(fresh_key(&*self.random)).ok_or_else(|| KeyringError::Full(self.path.clone()))?;
        file::write(&self.path, &versions)?;
        self.versions = versions;
        Ok(version)
    }

    /// The key file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The version that wraps.
    pub fn current(&self) -> u32 {
        self.versions.current
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let current = self.versions.current;
        f.debug_struct("Keyring").field("path", &self.path).field("current", &current).finish_non_exhaustive()
    }
}

#[async_trait]
impl KeyKeeper for Keyring {
    async fn generate(&self, context: &EncryptionContext) -> Result<(DataKey, WrappedKey), KeyError> {
        let key_id = format!("{NAME}{}", self.versions.current);
        let key = self.versions.key(self.versions.current).ok_or_else(|| unusable(&key_id))?;
        let data_key = fresh_key(&*self.random);
        let nonce = random_bytes::<NONCE>(&*self.random);
        let payload = Payload { msg: &*data_key, aad: &bound_to(context, &key_id) };
        let sealed = Aes256Gcm::new(key.into())
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| unusable(&key_id))?;
        Ok((data_key, WrappedKey { key_id, ciphertext: [nonce.as_slice(), &sealed].concat() }))
    }

    async fn unwrap(&self, wrapped: &WrappedKey, context: &EncryptionContext) -> Result<DataKey, KeyError> {
        let key = wrapped
            .key_id
            .strip_prefix(NAME)
            .and_then(|version| version.parse().ok())
            .and_then(|version| self.versions.key(version))
            .ok_or_else(|| unusable(&wrapped.key_id))?;
        let (nonce, sealed) = wrapped.ciphertext.split_first_chunk::<NONCE>().ok_or(KeyError::Refused)?;
        let payload = Payload { msg: sealed, aad: &bound_to(context, &wrapped.key_id) };
        let plain = Aes256Gcm::new(key.into())
            .decrypt(&Nonce::from(*nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| KeyError::Refused)?;
        let mut data_key = DataKey::default();
        if plain.len() != data_key.len() {
            return Err(KeyError::Refused);
        }
        data_key.copy_from_slice(&plain);
        Ok(data_key)
    }
}

/// The context's bytes say where they end: no key's name reads as one more pair of them.
fn bound_to(context: &EncryptionContext, key_id: &str) -> Vec<u8> {
    let mut bytes = context.authenticated_bytes();
    bytes.extend_from_slice(key_id.as_bytes());
    bytes
}

fn fresh_key(random: &dyn Random) -> DataKey {
    let mut key = DataKey::default();
    random.fill(&mut *key);
    key
}

fn unusable(key_id: &str) -> KeyError {
    KeyError::Unusable { key_id: key_id.to_owned() }
}
