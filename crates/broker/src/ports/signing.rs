//! Keys that sign identity tokens of the broker's own. The private halves never leave their keeper.

use std::fmt;

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::Source;

/// The shortest modulus that RS256 may be used with, in bits (RFC 7518, 3.3).
const SHORTEST: usize = 2_048;

/// A signing key's name: the thumbprint of its public half (RFC 7638), so that nobody has to make it up, and the same
/// key has the same name wherever it is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId(String);

impl KeyId {
    /// The name: 43 characters of base64url.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The public half of an RSA key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    id: KeyId,
    modulus: String,
    exponent: String,
}

/// The numbers are no RSA key to sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not the public half of an RSA key of {SHORTEST} bits or more")]
pub struct InvalidPublicKey;

impl PublicKey {
    /// A key of these numbers, the most significant byte first.
    pub fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, InvalidPublicKey> {
        let (modulus, exponent) = (significant(modulus), significant(exponent));
        let bits = modulus.first().map_or(0, |first| modulus.len() * 8 - first.leading_zeros() as usize);
        if bits < SHORTEST || exponent.is_empty() {
            return Err(InvalidPublicKey);
        }
        let [modulus, exponent] = [modulus, exponent].map(|number| BASE64_URL_SAFE_NO_PAD.encode(number));
        // Exactly these members, in this order, without a space: RFC 7638, 3.
        let members = format!(r#"{{"e":"{exponent}","kty":"RSA","n":"{modulus}"}}"#);
        let id = KeyId(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(members)));
        Ok(Self { id, modulus, exponent })
    }

    /// The key's name.
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// The modulus as a JSON Web Key has it: base64url.
    pub fn modulus(&self) -> &str {
        &self.modulus
    }

    /// The exponent, likewise.
    pub fn exponent(&self) -> &str {
        &self.exponent
    }
}

/// The number without leading zeros, as JSON Web Keys want it (RFC 7518, 6.3.1).
fn significant(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// A key that signs, will sign, or has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    /// Its public half.
    pub public: PublicKey,
    /// From when on it signs: until the next one does.
    pub signs_from: Timestamp,
}

/// A key to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// The key that is the last one as far as is known. Where it no longer is, somebody else was faster, and nothing is
    /// to be made. `None`: there is no key yet.
    pub after: Option<KeyId>,
    /// From when on the new key signs.
    pub signs_from: Timestamp,
    /// Keys that are not needed any more, to be forgotten.
    pub ended: Vec<KeyId>,
}

/// Why a keeper of signing keys did not do what it was asked for.
#[derive(Debug, Error)]
pub enum SigningError {
    /// The key is gone, disabled, not of the right kind, or not ours to use.
    #[error("the signing key {key} cannot be used")]
    Unusable {
        /// The key, by its keeper's name or ours.
        key: String,
        /// The cause, for the log.
        #[source]
        source: Source,
    },
    /// The keeper did not answer, or its place cannot be read or written.
    #[error("the keeper of signing keys is unavailable")]
    Unavailable(#[source] Source),
}

/// Keeps the keys that sign.
#[async_trait]
pub trait SigningKeys: Send + Sync {
    /// All keys there are, those that sign earlier first.
    async fn keys(&self) -> Result<Vec<SigningKey>, SigningError>;

    /// Makes a key, unless somebody else has, and gives all that there are then. A keeper whose keys are made elsewhere
    /// makes none.
    async fn add(&self, order: &NewKey) -> Result<Vec<SigningKey>, SigningError>;

    /// Signs by RSASSA-PKCS1-v1_5 with SHA-256. The message has at most 4,096 bytes.
    async fn sign(&self, key: &KeyId, message: &[u8]) -> Result<Vec<u8>, SigningError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7638, 3.1.
    const MODULUS: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

    fn modulus() -> Vec<u8> {
        BASE64_URL_SAFE_NO_PAD.decode(MODULUS).unwrap()
    }

    #[test]
    fn a_keys_name_is_the_thumbprint_of_rfc_7638() {
        let key = PublicKey::rsa(&modulus(), &[1, 0, 1]).unwrap();
        assert_eq!(key.id().as_str(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert_eq!((key.modulus(), key.exponent()), (MODULUS, "AQAB"));
    }

    #[test]
    fn leading_zeros_make_no_other_key() {
        let padded = [&[0][..], &modulus()].concat();
        assert_eq!(PublicKey::rsa(&padded, &[0, 1, 0, 1]), PublicKey::rsa(&modulus(), &[1, 0, 1]));
    }

    #[test]
    fn a_short_key_is_none() {
        let mut short = modulus();
        short[0] >>= 1;
        for (modulus, exponent) in [(short, vec![3]), (Vec::new(), vec![3]), (modulus(), vec![0])] {
            assert_eq!(PublicKey::rsa(&modulus, &exponent), Err(InvalidPublicKey));
        }
    }
}
