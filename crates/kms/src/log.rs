//! The key that a log's checkpoints are signed with, at KMS.

use std::fmt;

use async_trait::async_trait;
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use deputize_broker::ports::ledger::LogSigner;
use deputize_broker::ports::signing::SigningError;
use thiserror::Error;
use tokio::sync::OnceCell;

use crate::client::{LogKey, LogKms, SdkKms};

/// What stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410, 4): always the same.
const HEADER: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Signs a log with an Ed25519 key at KMS (`ECC_NIST_EDWARDS25519`, `SIGN_VERIFY`). The broker's IAM policy has to allow
/// `kms:GetPublicKey` and `kms:Sign` on it.
///
/// KMS signs messages of 1 to 4,096 bytes. What it signed is verified before it is handed out: nobody can undo a
/// checkpoint that verifies for nobody.
///
/// A call is sent three times at most, takes 2 s at most each time, and 5 s in all.
pub struct KmsLogSigner {
    kms: Box<dyn LogKms>,
    key_id: String,
    known: OnceCell<Known>,
}

/// The key as KMS told of it.
#[derive(Debug)]
struct Known {
    arn: String,
    public: [u8; 32],
}

/// Why a key at KMS is none to sign a log with.
#[derive(Debug, Error)]
enum Unfit {
    #[error("it is no Ed25519 key that signs with ED25519_SHA_512")]
    Kind,
    #[error("its signature does not verify under its public half")]
    Signature,
}

impl KmsLogSigner {
    /// A signer with `key_id`: a key's ARN or id, or an alias, which is looked up once in a process. An endpoint that
    /// `config` names (`AWS_ENDPOINT_URL_KMS`, `AWS_ENDPOINT_URL`) is the one that is asked.
    pub fn new(config: &aws_types::SdkConfig, key_id: impl Into<String>) -> Self {
        Self::at(Box::new(SdkKms::new(config)), key_id.into())
    }

    fn at(kms: Box<dyn LogKms>, key_id: String) -> Self {
        Self { kms, key_id, known: OnceCell::new() }
    }

    /// What KMS knows of the key: asked once, since none of it ever changes.
    async fn known(&self) -> Result<&Known, SigningError> {
        let ask = async || {
            let told = self.kms.log_key(&self.key_id).await;
            let told = told.map_err(|failure| failure.signing(&self.key_id))?;
            Known::of(told).ok_or_else(|| unfit(&self.key_id, Unfit::Kind))
        };
        self.known.get_or_try_init(ask).await
    }
}

impl Known {
    fn of(told: LogKey) -> Option<Self> {
        let public = told.signs_ed25519.then(|| told.public_key.strip_prefix(&HEADER)).flatten()?;
        Some(Self { public: public.try_into().ok()?, arn: told.arn })
    }
}

impl fmt::Debug for KmsLogSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KmsLogSigner").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

#[async_trait]
impl LogSigner for KmsLogSigner {
    async fn public_key(&self) -> Result<[u8; 32], SigningError> {
        self.known().await.map(|known| known.public)
    }

    async fn sign(&self, message: &[u8]) -> Result<[u8; 64], SigningError> {
        let known = self.known().await?;
        // By the ARN: an alias may name another key by now.
        let signed = self.kms.sign_log(&known.arn, message).await;
        let signature = signed.map_err(|failure| failure.signing(&known.arn))?;
        let verified = UnparsedPublicKey::new(&ED25519, known.public).verify(message, &signature).is_ok();
        let signature = signature.try_into().ok().filter(|_| verified);
        signature.ok_or_else(|| unfit(&known.arn, Unfit::Signature))
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
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
    use deputize_testkit::log_signer::log_signer_contract;

    use super::*;
    use crate::failure::KmsFailure;

    const ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/log";

    /// A key at KMS; it signs as KMS does, or with another key's private half.
    struct FakeKms {
        public_key: Vec<u8>,
        signs_ed25519: bool,
        pair: Ed25519KeyPair,
        fails: Option<KmsFailure>,
        asked: Arc<AtomicUsize>,
    }

    impl FakeKms {
        fn new() -> Self {
            let pair = Ed25519KeyPair::generate().unwrap();
            let public_key = pair.public_key().as_der().unwrap().as_ref().to_vec();
            Self { public_key, signs_ed25519: true, pair, fails: None, asked: Arc::default() }
        }

        fn signer(self) -> (KmsLogSigner, Arc<AtomicUsize>) {
            let asked = Arc::clone(&self.asked);
            (KmsLogSigner::at(Box::new(self), "alias/log".to_owned()), asked)
        }
    }

    #[async_trait]
    impl LogKms for FakeKms {
        async fn log_key(&self, key_id: &str) -> Result<LogKey, KmsFailure> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            assert_eq!(key_id, "alias/log");
            let told = LogKey {
                arn: ARN.to_owned(),
                public_key: self.public_key.clone(),
                signs_ed25519: self.signs_ed25519,
            };
            self.fails.clone().map_or(Ok(told), Err)
        }

        async fn sign_log(&self, arn: &str, message: &[u8]) -> Result<Vec<u8>, KmsFailure> {
            assert_eq!(arn, ARN, "an alias is looked up once");
            if !(1..=4_096).contains(&message.len()) {
                return Err(answered("ValidationException"));
            }
            Ok(self.pair.sign(message).as_ref().to_vec())
        }
    }

    fn answered(code: &str) -> KmsFailure {
        KmsFailure::Answered { status: 400, code: Some(code.to_owned()) }
    }

    #[tokio::test]
    async fn it_signs_as_every_signer_of_a_log_does() {
        let (signer, asked) = FakeKms::new().signer();
        log_signer_contract(&signer).await.unwrap();
        assert_eq!(asked.load(Ordering::Relaxed), 1, "the public half is asked for once");
    }

    #[tokio::test]
    async fn what_verifies_for_nobody_is_not_handed_out() {
        let kms = FakeKms { pair: Ed25519KeyPair::generate().unwrap(), ..FakeKms::new() };
        let error = kms.signer().0.sign(b"checkpoint").await.unwrap_err();
        assert!(matches!(&error, SigningError::Unusable { key, .. } if key == ARN), "{error:?}");
    }

    #[tokio::test]
    async fn a_key_that_is_none_for_logs_is_refused_by_name() {
        let sound = FakeKms::new().public_key;
        let mut other_curve = sound.clone();
        other_curve[8] ^= 1;
        let fakes = [
            FakeKms { signs_ed25519: false, ..FakeKms::new() },
            FakeKms { public_key: sound[..43].to_vec(), ..FakeKms::new() },
            FakeKms { public_key: [&sound[..], &[0]].concat(), ..FakeKms::new() },
            FakeKms { public_key: other_curve, ..FakeKms::new() },
            FakeKms { public_key: sound[12..].to_vec(), ..FakeKms::new() },
        ];
        for kms in fakes {
            let (signer, _) = kms.signer();
            for error in [signer.public_key().await.unwrap_err(), signer.sign(b"a").await.unwrap_err()] {
                assert!(
                    matches!(&error, SigningError::Unusable { key, .. } if key == "alias/log"),
                    "{error:?}"
                );
            }
        }
    }

    #[tokio::test]
    async fn a_message_that_kms_does_not_take_is_refused() {
        let (signer, _) = FakeKms::new().signer();
        for message in [&b""[..], &[0; 4_097]] {
            let error = signer.sign(message).await.unwrap_err();
            assert!(matches!(&error, SigningError::Unusable { .. }), "{error:?}");
        }
    }

    #[tokio::test]
    async fn a_failure_is_told_and_not_kept() {
        for (failure, unusable) in [
            (answered("NotFoundException"), true),
            (answered("DisabledException"), true),
            (answered("AccessDeniedException"), true),
            (answered("ThrottlingException"), false),
            (KmsFailure::NoAnswer, false),
        ] {
            let (signer, asked) = FakeKms { fails: Some(failure), ..FakeKms::new() }.signer();
            for _ in 0..2 {
                let error = signer.sign(b"a").await.unwrap_err();
                assert_eq!(matches!(error, SigningError::Unusable { .. }), unusable, "{error:?}");
            }
            assert_eq!(asked.load(Ordering::Relaxed), 2);
        }
    }
}
