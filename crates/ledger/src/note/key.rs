//! Public keys of logs and of witnesses, and how each verifies.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::checkpoint::message_at;
use crate::Origin;

/// The text or the bytes are no public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidKey {
    /// Not `<name>+<id>+<key>`.
    #[error(
        "a verifier key is a name, an id in eight hexadecimal digits, and a key in base64, with pluses between"
    )]
    Format,
    /// An algorithm that is not expected.
    #[error("a key of another algorithm")]
    Algorithm,
    /// The id is not that of the name and key.
    #[error("the key's id does not belong to its name and bytes")]
    Id,
    /// No point of the curve, or one of those few that verify anything.
    #[error("the bytes are no public key of ed25519")]
    Point,
}

/// The public key of a log: Ed25519 (RFC 8032), signature type 0x01 of c2sp.org/signed-note.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VerifierKey(NamedKey);

/// The public key of a witness: Ed25519 over a note and a time, signature type 0x04 (c2sp.org/tlog-cosignature).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CosignerKey(NamedKey);

#[derive(Clone, PartialEq, Eq)]
struct NamedKey {
    name: Origin,
    id: u32,
    key: VerifyingKey,
}

const SIGNATURE: u8 = 0x01;
const COSIGNATURE: u8 = 0x04;

impl NamedKey {
    fn new(name: Origin, algorithm: u8, key: &[u8; 32]) -> Result<Self, InvalidKey> {
        let key = VerifyingKey::from_bytes(key).map_err(|_| InvalidKey::Point)?;
        if key.is_weak() {
            return Err(InvalidKey::Point);
        }
        let id = signed_note::key_id(name.as_str(), &typed(algorithm, &key));
        Ok(Self { name, id, key })
    }

    fn parse(text: &str, algorithm: u8) -> Result<Self, InvalidKey> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(InvalidKey::Format);
        };
        let name = name.parse().map_err(|_| InvalidKey::Format)?;
        let key = STANDARD.decode(key).map_err(|_| InvalidKey::Format)?;
        let (found, key) = key.split_first().ok_or(InvalidKey::Format)?;
        if *found != algorithm {
            return Err(InvalidKey::Algorithm);
        }
        let read = Self::new(name, algorithm, key.try_into().map_err(|_| InvalidKey::Point)?)?;
        if id != format!("{:08x}", read.id) {
            return Err(InvalidKey::Id);
        }
        Ok(read)
    }

    fn text(&self, algorithm: u8) -> String {
        format!("{}+{:08x}+{}", self.name, self.id, STANDARD.encode(typed(algorithm, &self.key)))
    }

    /// Strictly: a signature that another verifier could see differently is none.
    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }
}

/// A key's bytes after its algorithm's.
fn typed(algorithm: u8, key: &VerifyingKey) -> Vec<u8> {
    [&[algorithm], key.as_bytes().as_slice()].concat()
}

impl signed_note::Verifier for VerifierKey {
    fn name(&self) -> &str {
        self.0.name.as_str()
    }

    fn key_id(&self) -> u32 {
        self.0.id
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verifies(message, signature)
    }
}

impl signed_note::Verifier for CosignerKey {
    fn name(&self) -> &str {
        self.0.name.as_str()
    }

    fn key_id(&self) -> u32 {
        self.0.id
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let (Ok(note), Some((at, signature))) = (str::from_utf8(message), timed(signature)) else {
            return false;
        };
        self.0.verifies(message_at(note, at).as_bytes(), signature)
    }
}

/// A cosignature is the time in eight bytes of big-endian, and the signature. There is no time beyond 2^63 - 1.
pub(crate) fn timed(cosignature: &[u8]) -> Option<(u64, &[u8])> {
    let (at, signature) = cosignature.split_first_chunk::<8>()?;
    let at = u64::from_be_bytes(*at);
    (at < 1 << 63).then_some((at, signature))
}

macro_rules! key {
    ($key:ident, $algorithm:expr) => {
        impl $key {
            /// The key of this name.
            pub fn new(name: Origin, key: &[u8; 32]) -> Result<Self, InvalidKey> {
                NamedKey::new(name, $algorithm, key).map(Self)
            }

            /// Whose key it is.
            pub fn name(&self) -> &Origin {
                &self.0.name
            }

            /// The key's bytes.
            pub fn as_bytes(&self) -> &[u8; 32] {
                self.0.key.as_bytes()
            }

            /// What its signatures are known by: the start of a hash over name and key.
            pub fn id(&self) -> u32 {
                self.0.id
            }
        }

        impl FromStr for $key {
            type Err = InvalidKey;

            fn from_str(text: &str) -> Result<Self, InvalidKey> {
                NamedKey::parse(text, $algorithm).map(Self)
            }
        }

        impl fmt::Display for $key {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0.text($algorithm))
            }
        }

        impl fmt::Debug for $key {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl TryFrom<String> for $key {
            type Error = InvalidKey;

            fn try_from(text: String) -> Result<Self, InvalidKey> {
                text.parse()
            }
        }

        impl From<$key> for String {
            fn from(key: $key) -> Self {
                key.to_string()
            }
        }
    };
}

key!(VerifierKey, SIGNATURE);
key!(CosignerKey, COSIGNATURE);
