//! The keys of the broker's own issuer, at KMS: asymmetric ones, whose private halves never leave it.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use aws_lc_rs::rsa::{PublicKey as RsaKey, PublicKeyComponents};
use deputize_broker::ports::signing::{KeyId, NewKey, PublicKey, SigningError, SigningKey, SigningKeys};
use deputize_scope::Seconds;
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;
use tokio::sync::OnceCell;

use crate::client::{Asymmetric, SdkKms, Signer};

/// A key that signs, as it is configured: `KEY` or `KEY@TIME`, a key's ARN, id or alias and from when on it signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KmsSigningKey {
    /// Its ARN or id, or an alias. What an alias names is looked up once in a process.
    pub key_id: String,
    /// From when on it signs. Without a time, since it was made: for the first key alone.
    pub signs_from: Option<Timestamp>,
}

/// Why keys are none to sign with.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidSigningKeys {
    /// The text is no key.
    #[error("a signing key is written KEY or KEY@2026-12-01T00:00:00Z, not {0:?}")]
    Form(String),
    /// There is none.
    #[error("there is no signing key")]
    None,
    /// Two keys that sign from the same time on.
    #[error("{0} and {1} sign from the same time on")]
    SameTime(String, String),
}

impl FromStr for KmsSigningKey {
    type Err = InvalidSigningKeys;

    fn from_str(text: &str) -> Result<Self, InvalidSigningKeys> {
        let form = || InvalidSigningKeys::Form(text.to_owned());
        let (key_id, signs_from) = match text.rsplit_once('@') {
            Some((key_id, time)) => (key_id, Some(time.parse().map_err(|_| form())?)),
            None => (text, None),
        };
        let sound = !key_id.is_empty() && key_id.chars().all(|c| c.is_ascii_graphic() && c != '@');
        if sound { Ok(Self { key_id: key_id.to_owned(), signs_from }) } else { Err(form()) }
    }
}

/// Signs with RSA keys at KMS (`RSA_2048` and longer, `SIGN_VERIFY`). The broker's IAM policy has to allow
/// `kms:GetPublicKey`, `kms:DescribeKey` and `kms:Sign` on each.
///
/// KMS does not rotate such keys, and the broker may not make any: who operates it makes the next one, and adds it with
/// the time from which it signs. That time holds if it leaves relying parties long enough to learn of a key that was
/// made just now; else the key signs as soon as they can know it.
///
/// A call is sent three times at most, takes 2 s at most each time, and 5 s in all.
pub struct KmsSigningKeys {
    kms: Box<dyn Signer>,
    /// Those that sign earlier first.
    keys: Vec<(KmsSigningKey, OnceCell<Known>)>,
    ahead: Seconds,
}

/// A key as KMS told of it.
#[derive(Debug)]
struct Known {
    arn: String,
    public: PublicKey,
    created_at: Timestamp,
}

/// Why a key at KMS is none to sign tokens with.
#[derive(Debug, Error)]
enum Unfit {
    #[error("it is no RSA key that signs with RSASSA_PKCS1_V1_5_SHA_256")]
    Kind,
    #[error("it is not among the keys that are configured")]
    Absent,
}

impl KmsSigningKeys {
    /// These keys, each published for `ahead` before it signs, but for the first. An endpoint that `config` names
    /// (`AWS_ENDPOINT_URL_KMS`, `AWS_ENDPOINT_URL`) is the one that is asked.
    pub fn new(
        config: &aws_types::SdkConfig,
        keys: Vec<KmsSigningKey>,
        ahead: Seconds,
    ) -> Result<Self, InvalidSigningKeys> {
        Self::at(Box::new(SdkKms::new(config)), keys, ahead)
    }

    fn at(
        kms: Box<dyn Signer>,
        mut keys: Vec<KmsSigningKey>,
        ahead: Seconds,
    ) -> Result<Self, InvalidSigningKeys> {
        keys.sort_by_key(|key| key.signs_from);
        for (one, other) in keys.iter().zip(keys.iter().skip(1)) {
            if one.signs_from == other.signs_from {
                return Err(InvalidSigningKeys::SameTime(one.key_id.clone(), other.key_id.clone()));
            }
        }
        if keys.is_empty() {
            return Err(InvalidSigningKeys::None);
        }
        let keys = keys.into_iter().map(|key| (key, OnceCell::new())).collect();
        Ok(Self { kms, keys, ahead })
    }

    /// What KMS knows of a key: asked once in a process, since none of it ever changes.
    async fn known<'a>(
        &self,
        key: &KmsSigningKey,
        known: &'a OnceCell<Known>,
    ) -> Result<&'a Known, SigningError> {
        let ask = async || {
            let told =
                self.kms.describe(&key.key_id).await.map_err(|failure| failure.signing(&key.key_id))?;
            Known::of(told).ok_or_else(|| unfit(&key.key_id, Unfit::Kind))
        };
        known.get_or_try_init(ask).await
    }
}

impl Known {
    fn of(told: Asymmetric) -> Option<Self> {
        let rsa = told.signs_rs256.then(|| RsaKey::from_der(&told.public_key).ok()).flatten()?;
        let PublicKeyComponents { n, e } = PublicKeyComponents::from(&rsa);
        let public = PublicKey::rsa(&n, &e).ok()?;
        Some(Self { arn: told.arn, public, created_at: told.created_at })
    }
}

impl fmt::Debug for KmsSigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.keys.iter().map(|(key, _)| key).collect();
        f.debug_struct("KmsSigningKeys").field("keys", &keys).finish_non_exhaustive()
    }
}

#[async_trait]
impl SigningKeys for KmsSigningKeys {
    async fn keys(&self) -> Result<Vec<SigningKey>, SigningError> {
        let mut keys: Vec<SigningKey> = Vec::with_capacity(self.keys.len());
        for (configured, known) in &self.keys {
            let known = self.known(configured, known).await?;
            let ahead = SignedDuration::from_secs(self.ahead.get().into());
            // Nobody can have seen a key before there was one.
            let seen = known.created_at.saturating_add(ahead).unwrap_or(Timestamp::MAX);
            let configured = configured.signs_from.unwrap_or(known.created_at);
            let signs_from = if keys.is_empty() { configured } else { configured.max(seen) };
            keys.push(SigningKey { public: known.public.clone(), signs_from });
        }
        keys.sort_by_key(|key| key.signs_from);
        Ok(keys)
    }

    /// Makes none: they are what is configured.
    async fn add(&self, _: &NewKey) -> Result<Vec<SigningKey>, SigningError> {
        self.keys().await
    }

    async fn sign(&self, key: &KeyId, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        for (configured, known) in &self.keys {
            let known = self.known(configured, known).await?;
            if known.public.id() == key {
                // By the ARN: an alias may name another key by now.
                let signed = self.kms.sign(&known.arn, message).await;
                return signed.map_err(|failure| failure.signing(&known.arn));
            }
        }
        Err(unfit(key.as_str(), Unfit::Absent))
    }
}

fn unfit(key: &str, why: Unfit) -> SigningError {
    SigningError::Unusable { key: key.to_owned(), source: why.into() }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use aws_lc_rs::signature::KeyPair as _;

    use super::*;
    use crate::failure::KmsFailure;

    const CREATED: &str = "2026-11-20T00:00:00Z";

    /// Two keys that were created on one day, or a failure; counts its calls.
    struct FakeKms {
        keys: Vec<(&'static str, Vec<u8>)>,
        fails: Option<KmsFailure>,
        asked: Arc<AtomicUsize>,
    }

    #[async_trait]
    impl Signer for FakeKms {
        async fn describe(&self, key_id: &str) -> Result<Asymmetric, KmsFailure> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            if let Some(failure) = &self.fails {
                return Err(failure.clone());
            }
            let (arn, der) = self.keys.iter().find(|(arn, _)| arn.ends_with(key_id)).unwrap();
            Ok(Asymmetric {
                arn: (*arn).to_owned(),
                public_key: der.clone(),
                signs_rs256: true,
                created_at: CREATED.parse().unwrap(),
            })
        }

        async fn sign(&self, arn: &str, _: &[u8]) -> Result<Vec<u8>, KmsFailure> {
            Ok(arn.as_bytes().to_vec())
        }
    }

    fn der() -> Vec<u8> {
        KeyPair::generate(KeySize::Rsa2048).unwrap().public_key().as_der().unwrap().as_ref().to_vec()
    }

    fn keys(configured: &[&str], fails: Option<KmsFailure>) -> (KmsSigningKeys, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let keys = vec![("arn:1", der()), ("arn:2", der())];
        let kms = FakeKms { keys, fails, asked: Arc::clone(&asked) };
        let configured = configured.iter().map(|text| text.parse().unwrap()).collect();
        (KmsSigningKeys::at(Box::new(kms), configured, Seconds::new(86_400)).unwrap(), asked)
    }

    #[test]
    fn a_key_is_written_with_the_time_from_which_it_signs() {
        let key: KmsSigningKey =
            "arn:aws:kms:eu-central-1:123456789012:key/1@2026-12-01T00:00:00Z".parse().unwrap();
        assert_eq!(key.key_id, "arn:aws:kms:eu-central-1:123456789012:key/1");
        assert_eq!(key.signs_from, Some("2026-12-01T00:00:00Z".parse().unwrap()));
        let first: KmsSigningKey = "alias/issuer".parse().unwrap();
        assert_eq!(first.signs_from, None);
        for text in
            ["", "@2026-12-01T00:00:00Z", "key@", "key@tomorrow", "two words", "a@b@2026-12-01T00:00:00Z"]
        {
            assert_eq!(text.parse::<KmsSigningKey>(), Err(InvalidSigningKeys::Form(text.to_owned())));
        }
    }

    #[test]
    fn the_order_of_keys_has_to_be_told() {
        let kms = || FakeKms { keys: Vec::new(), fails: None, asked: Arc::default() };
        let at = |keys: &[&str]| {
            let keys = keys.iter().map(|text| text.parse().unwrap()).collect();
            KmsSigningKeys::at(Box::new(kms()), keys, Seconds::new(86_400)).map(|_| ()).unwrap_err()
        };
        assert_eq!(at(&[]), InvalidSigningKeys::None);
        assert_eq!(at(&["a", "b"]), InvalidSigningKeys::SameTime("a".into(), "b".into()));
    }

    #[tokio::test]
    async fn a_key_that_was_made_just_now_does_not_sign_before_it_can_be_known() {
        for (configured, expected) in [
            ("2@2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z"),
            ("2@2026-11-20T12:00:00Z", "2026-11-21T00:00:00Z"),
        ] {
            let (keys, _) = keys(&[configured, "1"], None);
            let keys = keys.keys().await.unwrap();
            let times: Vec<_> = keys.iter().map(|key| key.signs_from.to_string()).collect();
            assert_eq!(times, [CREATED, expected]);
        }
    }

    #[tokio::test]
    async fn kms_is_asked_for_a_public_half_once_and_signs_under_the_key_that_is_meant() {
        let (keys, asked) = keys(&["1", "2@2026-12-01T00:00:00Z"], None);
        for _ in 0..2 {
            for (key, arn) in keys.keys().await.unwrap().iter().zip(["arn:1", "arn:2"]) {
                assert_eq!(keys.sign(key.public.id(), b"x").await.unwrap(), arn.as_bytes());
            }
        }
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_failure_is_told_and_not_kept() {
        for (code, unusable) in [
            ("NotFoundException", true),
            ("DisabledException", true),
            ("AccessDeniedException", true),
            ("UnsupportedOperationException", true),
            ("ThrottlingException", false),
            ("KMSInternalException", false),
        ] {
            let failure = KmsFailure::Answered { status: 400, code: Some(code.into()) };
            let (keys, asked) = keys(&["1"], Some(failure));
            for _ in 0..2 {
                let error = keys.keys().await.unwrap_err();
                assert_eq!(matches!(error, SigningError::Unusable { .. }), unusable, "{code}: {error:?}");
            }
            assert_eq!(asked.load(Ordering::Relaxed), 2);
        }
    }
}
