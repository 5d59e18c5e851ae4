//! The key that a log's checkpoints are signed with, in a file.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use deputize_broker::ports::ledger::LogSigner;
use deputize_broker::ports::signing::SigningError;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{KeyringError, private};

/// Keeps one Ed25519 key in a file of its own, in PKCS #8, and signs what a log says with it.
///
/// The key comes from the cipher library's own source of randomness, which takes no other. Whoever knows its public half
/// verifies the log by it, so that it is never replaced: a file that cannot be read is an error.
pub struct LogKeyring {
    path: PathBuf,
    pair: Ed25519KeyPair,
    public: [u8; 32],
}

impl LogKeyring {
    /// The key in this file, which is made where there is none. The directory must exist.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, KeyringError> {
        let path = path.into();
        let _lock = private::lock(&path)?;
        let pkcs8 = match private::read(&path)? {
            Some(bytes) => parse(&bytes).ok_or_else(|| KeyringError::NotAKeyFile(path.clone()))?,
            None => make(&path)?,
        };
        let pair = Ed25519KeyPair::from_pkcs8(&pkcs8).map_err(|_| KeyringError::NotAKeyFile(path.clone()))?;
        let public = pair.public_key().as_ref().try_into();
        let public = public.map_err(|_| KeyringError::NotAKeyFile(path.clone()))?;
        Ok(Self { path, pair, public })
    }

    /// The key file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Debug for LogKeyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogKeyring").field("path", &self.path).finish_non_exhaustive()
    }
}

#[async_trait]
impl LogSigner for LogKeyring {
    async fn public_key(&self) -> Result<[u8; 32], SigningError> {
        Ok(self.public)
    }

    async fn sign(&self, message: &[u8]) -> Result<[u8; 64], SigningError> {
        let signature = self.pair.try_sign(message).ok();
        let signature = signature.and_then(|signature| signature.as_ref().try_into().ok());
        signature.ok_or_else(|| SigningError::Unusable {
            key: self.path.display().to_string(),
            source: "the cipher library refused".into(),
        })
    }
}

/// The file's text. It borrows the key, so that it is nowhere but in buffers that are zeroised.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text<'a> {
    /// PKCS #8, in hexadecimal.
    #[serde(borrow)]
    log_key: &'a str,
}

/// Writes a fresh key down, and gives it in PKCS #8.
fn make(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
    let refused = || private::io_error(path)(io::Error::other("the cipher library made no key"));
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| refused())?;
    let pkcs8 = Zeroizing::new(document.as_ref().to_vec());
    private::write(path, &render(&pkcs8).map_err(private::io_error(path))?)?;
    Ok(pkcs8)
}

fn parse(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    // Errors are dropped: they could quote the file.
    let text: Text<'_> = serde_json::from_slice(bytes).ok()?;
    hex::decode(text.log_key).ok().map(Zeroizing::new)
}

fn render(pkcs8: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
    let digits = Zeroizing::new(hex::encode(pkcs8));
    // Larger than all of it, so that the buffer does not grow.
    let mut bytes = Zeroizing::new(Vec::with_capacity(64 + digits.len()));
    serde_json::to_writer(&mut *bytes, &Text { log_key: &digits })?;
    bytes.push(b'\n');
    Ok(bytes)
}
