//! Signed tokens, and the keys to verify them with.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p384::ecdsa;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use rsa::RsaPrivateKey;
use rsa::pkcs1v15;
use rsa::sha2::Sha256;
use rsa::signature::{SignatureEncoding as _, Signer as _};
use rsa::traits::PublicKeyParts as _;
use serde_json::{Value, json};

use crate::Key;

const RSA_BITS: usize = 2_048;

/// The algorithms that a sandbox signs tokens with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Es384,
}

impl Algorithm {
    pub(crate) const ALL: [Self; 2] = [Self::Rs256, Self::Es384];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es384 => "ES384",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }
}

/// A sandbox's signing keys, each made when it is first used: an RSA key takes a moment. They follow from the
/// sandbox's key, so that tokens outlive a restart. Every method may block for that moment.
pub(crate) struct SigningKeys {
    key: Key,
    rs256: OnceLock<Option<pkcs1v15::SigningKey<Sha256>>>,
    es384: OnceLock<ecdsa::SigningKey>,
}

impl SigningKeys {
    pub(crate) fn new(key: Key) -> Self {
        Self { key, rs256: OnceLock::new(), es384: OnceLock::new() }
    }

    /// The claims as a JSON Web Token. `None` if no key could be made.
    pub(crate) fn sign(&self, algorithm: Algorithm, claims: &Value) -> Option<String> {
        let header = json!({ "alg": algorithm.as_str(), "kid": self.key_id(algorithm), "typ": "JWT" });
        let message = format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
        let signature = match algorithm {
            Algorithm::Rs256 => encoded(self.rs256()?.sign(message.as_bytes()).to_bytes()),
            Algorithm::Es384 => {
                let signature: ecdsa::Signature = self.es384().sign(message.as_bytes());
                encoded(signature.to_bytes())
            }
        };
        Some(format!("{message}.{signature}"))
    }

    /// The public keys, as a JSON Web Key Set. `None` if no key could be made.
    pub(crate) fn public(&self) -> Option<Value> {
        let rs256: &RsaPrivateKey = self.rs256()?.as_ref();
        let es384 = self.es384().verifying_key().to_encoded_point(false);
        Some(json!({ "keys": [
            {
                "kty": "RSA",
                "use": "sig",
                "alg": "RS256",
                "kid": self.key_id(Algorithm::Rs256),
                "n": encoded(rs256.n().to_bytes_be()),
                "e": encoded(rs256.e().to_bytes_be()),
            },
            {
                "kty": "EC",
                "use": "sig",
                "alg": "ES384",
                "kid": self.key_id(Algorithm::Es384),
                "crv": "P-384",
                "x": encoded(es384.x()?),
                "y": encoded(es384.y()?),
            },
        ] }))
    }

    fn key_id(&self, algorithm: Algorithm) -> String {
        let mut id = hex::encode(self.key.derive("signing key id", algorithm.as_str()).as_slice());
        id.truncate(16);
        id
    }

    fn rs256(&self) -> Option<&pkcs1v15::SigningKey<Sha256>> {
        // `new` and not `from`, which would make a key whose signatures do not name the hash.
        let make = || {
            let key = RsaPrivateKey::new(&mut self.generator(Algorithm::Rs256), RSA_BITS).ok()?;
            Some(pkcs1v15::SigningKey::new(key))
        };
        self.rs256.get_or_init(make).as_ref()
    }

    fn es384(&self) -> &ecdsa::SigningKey {
        self.es384.get_or_init(|| ecdsa::SigningKey::random(&mut self.generator(Algorithm::Es384)))
    }

    fn generator(&self, algorithm: Algorithm) -> ChaCha20Rng {
        ChaCha20Rng::from_seed(*self.key.derive("signing key", algorithm.as_str()))
    }
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
