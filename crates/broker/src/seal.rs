//! Envelope encryption: AES-256-GCM under a fresh data key for each blob, the data key wrapped by the key keeper, both
//! bound to the encryption context. A blob that is moved to another row does not open.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::ports::clock::{Random, random_bytes};
use crate::ports::keys::{EncryptionContext, KeyError, KeyKeeper, WrappedKey};

/// A sealed blob, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// The data key, wrapped.
    pub key: WrappedKey,
    /// 96 random bits; the data key is used once.
    pub nonce: [u8; 12],
    /// Ciphertext and tag.
    pub ciphertext: Vec<u8>,
}

/// Why a blob was not sealed or opened.
#[derive(Debug, Error)]
pub enum SealError {
    /// The key keeper.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The blob was changed, or belongs elsewhere.
    #[error("the sealed blob does not open in this context")]
    Refused,
}

/// Seals `plaintext` in `context`.
pub async fn seal(
    keys: &dyn KeyKeeper,
    random: &dyn Random,
    context: &EncryptionContext,
    plaintext: &[u8],
) -> Result<Sealed, SealError> {
    let (data_key, key) = keys.generate(context).await?;
    let nonce = random_bytes::<12>(random);
    let aad = context.authenticated_bytes();
    let ciphertext = Aes256Gcm::new((&*data_key).into())
        .encrypt(&Nonce::from(nonce), Payload { msg: plaintext, aad: &aad })
        .map_err(|_| SealError::Refused)?;
    Ok(Sealed { key, nonce, ciphertext })
}

/// Opens what was sealed in the same context.
pub async fn open(
    keys: &dyn KeyKeeper,
    context: &EncryptionContext,
    sealed: &Sealed,
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let data_key = keys.unwrap(&sealed.key, context).await?;
    let aad = context.authenticated_bytes();
    Aes256Gcm::new((&*data_key).into())
        .decrypt(&Nonce::from(sealed.nonce), Payload { msg: &sealed.ciphertext, aad: &aad })
        .map(Zeroizing::new)
        .map_err(|_| SealError::Refused)
}
