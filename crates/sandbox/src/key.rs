//! Everything that a sandbox would otherwise have to remember is derived from one key.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

use crate::Random;

/// A sandbox's key. Never shown, zeroed on drop. Several sandboxes may have the same.
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
    pub(crate) fn derive(&self, purpose: &str, of: &str) -> Zeroizing<[u8; 32]> {
        let message = [purpose.as_bytes(), &[0], of.as_bytes()].concat();
        Zeroizing::new(hmac_sha256(self.0.as_slice(), &message))
    }

    /// A key for one cloud, so that what one sealed or signed does not open at another.
    pub(crate) fn of_cloud(&self, cloud: &str) -> Self {
        Self(self.derive("cloud", cloud))
    }

    /// What is kept of a secret: enough to know it again, and nothing to use.
    pub(crate) fn digest(&self, secret: &str) -> [u8; 32] {
        *self.derive("secret digest", secret)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key(redacted)")
    }
}

/// HMAC-SHA-256 under a key of at most one block (64 bytes): those of SigV4 have at most 44, the others 32.
pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = keyed(key);
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// Whether this is the HMAC-SHA-256 of the message, in constant time.
pub(crate) fn hmac_sha256_matches(key: &[u8], message: &[u8], tag: &[u8]) -> bool {
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
    fn what_is_derived_depends_on_the_key_the_purpose_and_the_cloud() {
        let (one, other) = (Key::new([1; 32]), Key::new([2; 32]));
        assert_eq!(one.derive("a", "b"), Key::new([1; 32]).derive("a", "b"));
        assert_ne!(one.derive("a", "b"), other.derive("a", "b"));
        assert_ne!(one.derive("a", "bc"), one.derive("ab", "c"));
        assert_ne!(one.of_cloud("gcp").digest("s"), one.of_cloud("azure").digest("s"));
    }

    #[test]
    fn debug_output_shows_no_secret() {
        assert_eq!(format!("{:?}", Key::new([7; 32])), "Key(redacted)");
    }
}
