//! Everything that the sandbox would otherwise have to remember is derived from one key.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

use crate::Random;

/// The sandbox's key. Never shown, zeroed on drop.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; 32]>);

impl Key {
    /// A key that was kept, or that a test chose.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A fresh key.
    pub fn random(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        random.fill(bytes.as_mut_slice());
        Self(bytes)
    }

    /// 32 bytes that nobody without the key can tell from random ones. `purpose` keeps the uses apart.
    pub(super) fn derive(&self, purpose: &str, of: &str) -> Zeroizing<[u8; 32]> {
        let message = [purpose.as_bytes(), &[0], of.as_bytes()].concat();
        Zeroizing::new(hmac_sha256(self.0.as_slice(), &message))
    }

    /// The secret that belongs to an access key id: 40 characters, as at AWS.
    pub(super) fn secret_of(&self, access_key_id: &str) -> Zeroizing<String> {
        let bytes = self.derive("secret access key", access_key_id);
        let mut text = Zeroizing::new(STANDARD.encode(bytes.as_slice()));
        text.truncate(40);
        text
    }

    /// The access key of the account's own principal.
    pub(super) fn operator(&self) -> AccessKey {
        let id = unique_id("AKIA", self.derive("operator", "").as_slice());
        AccessKey { secret: self.secret_of(&id), id }
    }

    /// The unique id of a role.
    pub(super) fn role_id(&self, account: &str, name: &str) -> String {
        // At AWS the ids of principals are one character longer than those of access keys.
        format!("{}E", unique_id("AROA", self.derive("role id", &format!("{account}/{name}")).as_slice()))
    }

    /// The unique id of the account's own principal.
    pub(super) fn operator_id(&self) -> String {
        format!("{}E", unique_id("AIDA", self.derive("operator id", "").as_slice()))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key(redacted)")
    }
}

/// A long-lived access key.
#[derive(Clone)]
pub struct AccessKey {
    /// The access key id: `AKIA…`.
    pub id: String,
    /// The secret access key, zeroed on drop.
    pub secret: Zeroizing<String>,
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AccessKey").field("id", &self.id).field("secret", &"redacted").finish()
    }
}

/// The id of a session's access key: `ASIA…`.
pub(super) fn session_key_id(random: &dyn Random) -> String {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    unique_id("ASIA", &bytes)
}

/// HMAC-SHA-256 under a key of at most one block (64 bytes): those of SigV4 have at most 44, the others 32.
pub(super) fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = keyed(key);
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// Whether this is the HMAC-SHA-256 of the message, in constant time.
pub(super) fn hmac_sha256_matches(key: &[u8], message: &[u8], tag: &[u8]) -> bool {
    let mut mac = keyed(key);
    mac.update(message);
    mac.verify_slice(tag).is_ok()
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    debug_assert!(key.len() <= 64, "a longer key would have to be hashed first");
    // HMAC pads a short key with zeros to a whole block: doing so here makes the length a matter of types.
    let mut block = [0; 64];
    for (padded, byte) in block.iter_mut().zip(key) {
        *padded = *byte;
    }
    let mac = Hmac::new(&block.into());
    block.zeroize();
    mac
}

/// Twenty characters: the prefix and sixteen of base 32, which is the alphabet of AWS's unique ids.
fn unique_id(prefix: &str, bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let characters =
        bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32))).map(|&byte| char::from(byte));
    prefix.chars().chain(characters.take(16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hmac_is_that_of_rfc_4231() {
        let tag = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(hex::encode(tag), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert!(hmac_sha256_matches(b"Jefe", b"what do ya want for nothing?", &tag));
        assert!(!hmac_sha256_matches(b"Jefe", b"what do ya want for something?", &tag));
    }

    #[test]
    fn what_is_derived_depends_on_the_key_and_on_the_purpose() {
        let (one, other) = (Key::new([1; 32]), Key::new([2; 32]));
        assert_eq!(one.operator().id, Key::new([1; 32]).operator().id);
        assert_ne!(one.operator().id, other.operator().id);
        assert_ne!(one.secret_of("ASIA").as_str(), other.secret_of("ASIA").as_str());
        assert_ne!(one.derive("a", "bc"), one.derive("ab", "c"));
    }

    #[test]
    fn ids_and_secrets_look_like_those_of_aws() {
        let key = Key::new([7; 32]);
        let operator = key.operator();
        assert!(operator.id.starts_with("AKIA") && operator.id.len() == 20);
        assert_eq!(operator.secret.len(), 40);
        assert!(key.role_id("123456789012", "r").starts_with("AROA"));
        assert_eq!(key.role_id("123456789012", "r").len(), 21);
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let key = Key::new([7; 32]);
        let operator = key.operator();
        assert_eq!(format!("{key:?}"), "Key(redacted)");
        assert!(!format!("{operator:?}").contains(operator.secret.as_str()));
    }
}
