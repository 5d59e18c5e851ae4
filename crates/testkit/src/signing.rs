//! What every keeper of signing keys must do, and a party that relies on an issuer's tokens.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use deputize_broker::Clock;
use deputize_broker::ports::signing::{NewKey, PublicKey, SigningError, SigningKeys};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::errors::Error;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, crypto, decode, decode_header};
use serde_json::Value;

/// A clock that is moved by hand.
#[derive(Debug)]
pub struct MovedClock(Mutex<Timestamp>);

impl MovedClock {
    /// A clock that stands at `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(Mutex::new(start))
    }

    /// Moves it on.
    pub fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.saturating_add(by).unwrap_or(Timestamp::MAX);
    }
}

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.now().as_millisecond().unsigned_abs())
    }
}

/// The claims of a token, if it verifies by this key set, names this issuer and audience, and has not ended.
///
/// # Errors
/// Why it does not.
pub fn relied_on(
    token: &str,
    key_set: &str,
    issuer: &str,
    audience: &str,
    now: Timestamp,
) -> Result<Value, Error> {
    let set: JwkSet = serde_json::from_str(key_set)?;
    let id = decode_header(token)?.kid.unwrap_or_default();
    let unknown = || Error::from(jsonwebtoken::errors::ErrorKind::InvalidSignature);
    let key = DecodingKey::from_jwk(set.find(&id).ok_or_else(unknown)?)?;
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_required_spec_claims(&["iss", "sub", "aud", "exp", "nbf"]);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    // By the test's clock instead.
    validation.validate_exp = false;
    let claims: Value = decode(token, &key, &validation)?.claims;
    let times = ["nbf", "exp"].map(|name| claims.get(name).and_then(Value::as_i64));
    match times {
        [Some(begin), Some(end)] if (begin..end).contains(&now.as_second()) => Ok(claims),
        _ => Err(jsonwebtoken::errors::ErrorKind::ExpiredSignature.into()),
    }
}

/// Holds a keeper of signing keys, which may have to make the first one, to its contract: what it signs verifies under
/// the public half, and under no other key; keys are told in the order in which they sign; a key that is not there does
/// not sign, and whoever comes second with the same order adds nothing.
///
/// # Errors
/// [`SigningError`] where the keeper does not do what it is asked for.
///
/// # Panics
/// Where the keeper breaks the contract: it is called by tests.
pub async fn signing_keys_contract(keys: &dyn SigningKeys) -> Result<(), SigningError> {
    let mut known = keys.keys().await?;
    let order = |after: Option<&PublicKey>| NewKey {
        after: after.map(|key| key.id().clone()),
        signs_from: Timestamp::UNIX_EPOCH,
        ended: Vec::new(),
    };
    if known.is_empty() {
        known = keys.add(&order(None)).await?;
    }
    assert!(!known.is_empty(), "there is a first key");
    assert!(known.is_sorted_by_key(|key| key.signs_from), "keys are in the order in which they sign");
    assert_eq!(keys.keys().await?, known, "keys stay the same");
    assert_eq!(keys.add(&order(None)).await?, known, "an order that is late adds nothing");

    for message in [&b"header.claims"[..], &[b'a'; 4_096]] {
        for key in &known {
            let signature = keys.sign(key.public.id(), message).await?;
            for other in &known {
                let verifies = verifies(&other.public, message, &signature);
                assert_eq!(verifies, key == other, "a signature is that of its key");
            }
            assert!(!verifies(&key.public, b"other", &signature), "a signature is of its message");
        }
    }
    let stranger = stranger();
    let refused = keys.sign(stranger.id(), b"header.claims").await;
    assert!(matches!(refused, Err(SigningError::Unusable { .. })), "a key that is not there does not sign");
    Ok(())
}

/// Whether this is the message's signature under that key, as RS256 has it.
pub fn verifies(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
    DecodingKey::from_rsa_components(key.modulus(), key.exponent())
        .and_then(|key| crypto::verify(&signature, message, &key, Algorithm::RS256))
        .unwrap_or(false)
}

/// A key that no keeper has.
#[expect(clippy::unwrap_used, reason = "it is long enough")]
fn stranger() -> PublicKey {
    PublicKey::rsa(&[0xff; 256], &[1, 0, 1]).unwrap()
}
