use std::fmt;

use async_trait::async_trait;
use deputize_broker::ports::keys::{DataKey, EncryptionContext, KeyError, KeyKeeper, WrappedKey};

use crate::client::{Kms, SdkKms};

/// Wraps data keys under one symmetric KMS key; unwraps under the key that a blob names, so that blobs of a former key
/// open for as long as the broker's IAM policy lets it use that key. The policy is what keeps it from any other.
///
/// A call is sent three times at most, takes 2 s at most each time, and 5 s in all.
pub struct KmsKeeper {
    kms: Box<dyn Kms>,
    key_id: String,
}

impl KmsKeeper {
    /// A keeper that wraps under `key_id`: a key's ARN or id, or an alias. Bounds of attempts and time are the keeper's
    /// own; an endpoint that `config` names (`AWS_ENDPOINT_URL_KMS`, `AWS_ENDPOINT_URL`) is the one that is asked.
    pub fn new(config: &aws_types::SdkConfig, key_id: impl Into<String>) -> Self {
        Self { kms: Box::new(SdkKms::new(config)), key_id: key_id.into() }
    }
}

impl fmt::Debug for KmsKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KmsKeeper").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

#[async_trait]
impl KeyKeeper for KmsKeeper {
    async fn generate(&self, context: &EncryptionContext) -> Result<(DataKey, WrappedKey), KeyError> {
        self.kms.generate(&self.key_id, context).await.map_err(|failure| failure.generating(&self.key_id))
    }

    async fn unwrap(&self, wrapped: &WrappedKey, context: &EncryptionContext) -> Result<DataKey, KeyError> {
        self.kms.decrypt(wrapped, context).await.map_err(|failure| failure.unwrapping(&wrapped.key_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::KmsFailure;

    /// Fails as it is told.
    struct FailingKms(KmsFailure);

    #[async_trait]
    impl Kms for FailingKms {
        async fn generate(
            &self,
            _: &str,
            _: &EncryptionContext,
        ) -> Result<(DataKey, WrappedKey), KmsFailure> {
            Err(self.0.clone())
        }

        async fn decrypt(&self, _: &WrappedKey, _: &EncryptionContext) -> Result<DataKey, KmsFailure> {
            Err(self.0.clone())
        }
    }

    async fn failing(failure: KmsFailure) -> (KeyError, KeyError) {
        let keeper = KmsKeeper { kms: Box::new(FailingKms(failure)), key_id: "alias/now".into() };
        let context = EncryptionContext::new([("tenant", "acme")]);
        let wrapped = WrappedKey { key_id: "arn:former".into(), ciphertext: vec![1] };
        (keeper.generate(&context).await.unwrap_err(), keeper.unwrap(&wrapped, &context).await.unwrap_err())
    }

    fn answered(status: u16, code: &str) -> KmsFailure {
        KmsFailure::Answered { status, code: Some(code.into()) }
    }

    #[tokio::test]
    async fn a_wrong_context_or_blob_is_refused() {
        for code in ["InvalidCiphertextException", "IncorrectKeyException", "ValidationException"] {
            assert!(matches!(failing(answered(400, code)).await.1, KeyError::Refused), "{code}");
        }
    }

    #[tokio::test]
    async fn a_key_that_is_not_to_be_used_is_named() {
        for code in
            ["DisabledException", "NotFoundException", "KMSInvalidStateException", "AccessDeniedException"]
        {
            let (generating, unwrapping) = failing(answered(400, code)).await;
            assert!(matches!(generating, KeyError::Unusable { key_id } if key_id == "alias/now"), "{code}");
            assert!(matches!(unwrapping, KeyError::Unusable { key_id } if key_id == "arn:former"), "{code}");
        }
    }

    #[tokio::test]
    async fn everything_else_is_unavailability() {
        for failure in [
            answered(400, "ThrottlingException"),
            answered(500, "KMSInternalException"),
            answered(500, "KeyUnavailableException"),
            answered(400, "ExpiredTokenException"),
            KmsFailure::Answered { status: 502, code: None },
            KmsFailure::Unreadable,
            KmsFailure::NoAnswer,
        ] {
            let (generating, unwrapping) = failing(failure.clone()).await;
            assert!(matches!(generating, KeyError::Unavailable(_)), "{failure:?}");
            assert!(matches!(unwrapping, KeyError::Unavailable(_)), "{failure:?}");
        }
    }
}
