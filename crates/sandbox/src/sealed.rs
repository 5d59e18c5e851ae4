//! What a sandbox would have to remember, given to whoever brings it back: sealed, so that nobody can read or change it.

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Key, Random};

const NONCE_SIZE: usize = 12;
const TAG_SIZE: usize = 16;
/// What is sealed holds a few kilobytes: whatever unfolds to more was not sealed here.
const MAX_UNFOLDED: usize = 256 * 1_024;
const LEVEL: u8 = 9;

/// Which values a seal is for, and what they are bound to besides the sandbox's key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seal<'a> {
    pub(crate) key: &'a Key,
    /// Keeps values of different kinds apart.
    pub(crate) purpose: &'a str,
    /// What has to be presented together with the sealed value.
    pub(crate) beside: &'a str,
}

impl Seal<'_> {
    /// The value, sealed, in at least `minimum` bytes.
    pub(crate) fn seal(
        &self,
        random: &dyn Random,
        value: &impl Serialize,
        minimum: usize,
    ) -> Option<Vec<u8>> {
        let packed = miniz_oxide::deflate::compress_to_vec(&serde_json::to_vec(value).ok()?, LEVEL);
        let padding = minimum.saturating_sub(packed.len() + 4 + NONCE_SIZE + TAG_SIZE);
        let length = u32::try_from(packed.len()).ok()?.to_be_bytes();
        let message = [&length[..], &packed, &vec![0; padding]].concat();
        let mut nonce = [0; NONCE_SIZE];
        random.fill(&mut nonce);
        let payload = Payload { msg: &message, aad: self.beside.as_bytes() };
        let sealed = self.cipher().encrypt(&Nonce::from(nonce), payload).ok()?;
        Some([&nonce[..], &sealed].concat())
    }

    /// The value, if it was sealed here, for this, and beside that.
    pub(crate) fn open<T: DeserializeOwned>(&self, bytes: &[u8]) -> Option<T> {
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_SIZE>()?;
        let payload = Payload { msg: sealed, aad: self.beside.as_bytes() };
        let message = self.cipher().decrypt(&Nonce::from(*nonce), payload).ok()?;
        let (length, rest) = message.split_first_chunk::<4>()?;
        let packed = rest.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        let json = miniz_oxide::inflate::decompress_to_vec_with_limit(packed, MAX_UNFOLDED).ok()?;
        serde_json::from_slice(&json).ok()
    }

    fn cipher(&self) -> Aes256Gcm {
        let derived = self.key.derive(self.purpose, "");
        Aes256Gcm::new(&(*derived).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(bytes: &mut [u8]) {
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::try_from(index % 256).unwrap();
        }
    }

    #[test]
    fn a_value_opens_only_as_it_was_sealed() {
        let (key, other) = (Key::new([1; 32]), Key::new([2; 32]));
        let seal = Seal { key: &key, purpose: "token", beside: "a" };
        let sealed = seal.seal(&counting, &"value", 0).unwrap();
        assert_eq!(seal.open::<String>(&sealed).as_deref(), Some("value"));
        for wrong in
            [Seal { key: &other, ..seal }, Seal { purpose: "code", ..seal }, Seal { beside: "b", ..seal }]
        {
            assert_eq!(wrong.open::<String>(&sealed), None);
        }
        for index in 0..sealed.len() {
            let mut forged = sealed.clone();
            forged[index] ^= 1;
            assert_eq!(seal.open::<String>(&forged), None);
            assert_eq!(seal.open::<String>(&sealed[..index]), None);
        }
    }
}
