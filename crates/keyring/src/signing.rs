//! The keys of the broker's own issuer, in a file.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use deputize_broker::ports::signing::{KeyId, NewKey, PublicKey, SigningError, SigningKey, SigningKeys};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

use crate::{KeyringError, private};

/// Keeps RSA keys of 2,048 bits in a file of their own, in PKCS #8, and signs with them.
///
/// Keys come from the cipher library's own source of randomness, which takes no other. The file is read anew whenever
/// keys are asked for, and locked while one is added: several processes may have it.
#[derive(Clone)]
pub struct SigningKeyring {
    path: PathBuf,
}

/// Why there is no signature.
#[derive(Debug, Error)]
enum NoSignature {
    #[error("the key file has no such key")]
    Absent,
    #[error("the cipher library refused")]
    Refused,
}

impl SigningKeyring {
    /// Keys in this file; the first one makes it. The directory must exist. A file that is there already is looked at
    /// now.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, KeyringError> {
        let keyring = Self { path: path.into() };
        read(&keyring.path)?;
        Ok(keyring)
    }

    /// The key file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs what waits for the disk, or computes for long, where nobody else has to wait for it.
    async fn apart<T: Send + 'static>(
        &self,
        what: impl FnOnce(&Path) -> Result<T, SigningError> + Send + 'static,
    ) -> Result<T, SigningError> {
        let path = self.path.clone();
        spawn_blocking(move || what(&path)).await.unwrap_or_else(|error| Err(unavailable(error)))
    }
}

impl fmt::Debug for SigningKeyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeyring").field("path", &self.path).finish()
    }
}

#[async_trait]
impl SigningKeys for SigningKeyring {
    async fn keys(&self) -> Result<Vec<SigningKey>, SigningError> {
        self.apart(|path| Ok(told(&read(path).map_err(unavailable)?))).await
    }

    async fn add(&self, order: &NewKey) -> Result<Vec<SigningKey>, SigningError> {
        let order = order.clone();
        self.apart(move |path| Ok(told(&add(path, &order).map_err(unavailable)?))).await
    }

    async fn sign(&self, key: &KeyId, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        let (id, message) = (key.clone(), message.to_vec());
        self.apart(move |path| {
            let keys = read(path).map_err(unavailable)?;
            let key = keys.iter().find(|key| *key.public.id() == id);
            let signature = key.ok_or(NoSignature::Absent).and_then(|key| key.sign(&message));
            signature.map_err(|error| SigningError::Unusable { key: id.to_string(), source: error.into() })
        })
        .await
    }
}

/// A key with its private half.
struct Key {
    pair: KeyPair,
    public: PublicKey,
    signs_from: Timestamp,
}

impl Key {
    /// None where the library's key is none for tokens.
    fn of(pair: KeyPair, signs_from: Timestamp) -> Option<Self> {
        let PublicKeyComponents { n, e } = PublicKeyComponents::from(pair.public_key());
        let public = PublicKey::rsa(&n, &e).ok()?;
        Some(Self { pair, public, signs_from })
    }

    fn fresh(signs_from: Timestamp) -> Option<Self> {
        Self::of(KeyPair::generate(KeySize::Rsa2048).ok()?, signs_from)
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, NoSignature> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let signed = self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        signed.map(|()| signature).map_err(|_| NoSignature::Refused)
    }
}

fn told(keys: &[Key]) -> Vec<SigningKey> {
    keys.iter().map(|key| SigningKey { public: key.public.clone(), signs_from: key.signs_from }).collect()
}

/// Adds a key, unless another process has.
fn add(path: &Path, order: &NewKey) -> Result<Vec<Key>, KeyringError> {
    let _lock = private::lock(path)?;
    let mut keys = read(path)?;
    if keys.last().map(|last| last.public.id()) != order.after.as_ref() {
        return Ok(keys);
    }
    keys.retain(|key| !order.ended.contains(key.public.id()));
    let fresh = Key::fresh(order.signs_from).ok_or_else(|| refused(path))?;
    keys.push(fresh);
    keys.sort_by_key(|key| key.signs_from);
    private::write(path, &render(&keys).ok_or_else(|| refused(path))?)?;
    Ok(keys)
}

/// The file's text. It borrows the keys, so that they are nowhere but in buffers that are zeroised.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text<'a> {
    #[serde(borrow)]
    signing_keys: Vec<KeyText<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyText<'a> {
    signs_from: Timestamp,
    /// In hexadecimal.
    pkcs8: &'a str,
}

/// The keys in the file, those that sign earlier first; none where there is no file.
fn read(path: &Path) -> Result<Vec<Key>, KeyringError> {
    let Some(bytes) = private::read(path)? else { return Ok(Vec::new()) };
    parse(&bytes).ok_or_else(|| KeyringError::NotAKeyFile(path.to_owned()))
}

fn parse(bytes: &[u8]) -> Option<Vec<Key>> {
    // Errors are dropped: they could quote the file.
    let text: Text<'_> = serde_json::from_slice(bytes).ok()?;
    let mut keys = Vec::with_capacity(text.signing_keys.len());
    for KeyText { signs_from, pkcs8 } in text.signing_keys {
        let der = Zeroizing::new(hex::decode(pkcs8).ok()?);
        keys.push(Key::of(KeyPair::from_pkcs8(&der).ok()?, signs_from)?);
    }
    keys.sort_by_key(|key| key.signs_from);
    Some(keys)
}

fn render(keys: &[Key]) -> Option<Zeroizing<Vec<u8>>> {
    let digits: Vec<Zeroizing<String>> = keys
        .iter()
        .map(|key| {
            let der: Pkcs8V1Der<'_> = key.pair.as_der().ok()?;
            Some(Zeroizing::new(hex::encode(der.as_ref())))
        })
        .collect::<Option<_>>()?;
    let signing_keys =
        keys.iter().zip(&digits).map(|(key, pkcs8)| KeyText { signs_from: key.signs_from, pkcs8 });
    // A key has about 1,220 bytes, so that the buffer does not grow.
    let mut bytes = Zeroizing::new(Vec::with_capacity(64 + 4_096 * keys.len()));
    serde_json::to_writer(&mut *bytes, &Text { signing_keys: signing_keys.collect() }).ok()?;
    bytes.push(b'\n');
    Some(bytes)
}

fn refused(path: &Path) -> KeyringError {
    private::io_error(path)(io::Error::other("the cipher library made no key"))
}

fn unavailable(error: impl Into<deputize_broker::ports::Source>) -> SigningError {
    SigningError::Unavailable(error.into())
}
