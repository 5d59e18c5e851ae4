//! The calls of KMS that are used, and the SDK behind them.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_kms::Client;
use aws_sdk_kms::config::Config;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{DataKeySpec, MessageType, SigningAlgorithmSpec};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use deputize_broker::ports::keys::{DataKey, EncryptionContext, WrappedKey};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::failure::KmsFailure;

/// How often a call is sent, the first time included.
const ATTEMPTS: u32 = 3;
/// How long one attempt may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a call may take with all its attempts and the pauses between them.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// RS256, as KMS calls it.
const RS256: SigningAlgorithmSpec = SigningAlgorithmSpec::RsassaPkcs1V15Sha256;

/// Ed25519 of RFC 8032, as KMS calls it. It wants the message itself (`RAW`), of 1 to 4,096 bytes.
const ED25519: SigningAlgorithmSpec = SigningAlgorithmSpec::Ed25519Sha512;

/// What of KMS is used, so that tests can stand in for it.
#[async_trait]
pub(crate) trait Kms: Send + Sync {
    async fn generate(
        &self,
        key_id: &str,
        context: &EncryptionContext,
    ) -> Result<(DataKey, WrappedKey), KmsFailure>;

    async fn decrypt(&self, wrapped: &WrappedKey, context: &EncryptionContext)
    -> Result<DataKey, KmsFailure>;
}

/// What is told of an asymmetric key.
#[derive(Clone, Debug)]
pub(crate) struct Asymmetric {
    /// Whatever name it was asked for by.
    pub(crate) arn: String,
    /// SubjectPublicKeyInfo, DER.
    pub(crate) public_key: Vec<u8>,
    /// Whether it signs as RS256 has it.
    pub(crate) signs_rs256: bool,
    pub(crate) created_at: Timestamp,
}

/// What of KMS signs, so that tests can stand in for it.
#[async_trait]
pub(crate) trait Signer: Send + Sync {
    async fn describe(&self, key_id: &str) -> Result<Asymmetric, KmsFailure>;

    async fn sign(&self, arn: &str, message: &[u8]) -> Result<Vec<u8>, KmsFailure>;
}

/// What is told of a key that signs a log.
#[derive(Clone, Debug)]
pub(crate) struct LogKey {
    /// Whatever name it was asked for by.
    pub(crate) arn: String,
    /// SubjectPublicKeyInfo, DER.
    pub(crate) public_key: Vec<u8>,
    /// Whether it signs as Ed25519 has it, without hashing first.
    pub(crate) signs_ed25519: bool,
}

/// What of KMS signs a log, so that tests can stand in for it.
#[async_trait]
pub(crate) trait LogKms: Send + Sync {
    async fn log_key(&self, key_id: &str) -> Result<LogKey, KmsFailure>;

    async fn sign_log(&self, arn: &str, message: &[u8]) -> Result<Vec<u8>, KmsFailure>;
}

/// KMS through AWS's own client.
pub(crate) struct SdkKms(Client);

impl SdkKms {
    pub(crate) fn new(config: &aws_types::SdkConfig) -> Self {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(CALL_TIMEOUT)
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(Duration::from_millis(100))
            .with_max_backoff(Duration::from_millis(500));
        let builder = Config::from(config).to_builder().timeout_config(timeouts).retry_config(retries);
        Self(Client::from_conf(builder.build()))
    }
}

#[async_trait]
impl Kms for SdkKms {
    async fn generate(
        &self,
        key_id: &str,
        context: &EncryptionContext,
    ) -> Result<(DataKey, WrappedKey), KmsFailure> {
        let request = self
            .0
            .generate_data_key()
            .key_id(key_id)
            .key_spec(DataKeySpec::Aes256)
            .set_encryption_context(Some(pairs(context)));
        let output = request.send().await.map_err(|error| failure(&error))?;
        let data_key = data_key(output.plaintext)?;
        let (Some(key_id), Some(ciphertext)) = (output.key_id, output.ciphertext_blob) else {
            return Err(KmsFailure::Unreadable);
        };
        Ok((data_key, WrappedKey { key_id, ciphertext: ciphertext.into_inner() }))
    }

    async fn decrypt(
        &self,
        wrapped: &WrappedKey,
        context: &EncryptionContext,
    ) -> Result<DataKey, KmsFailure> {
        let request = self
            .0
            .decrypt()
            .key_id(&wrapped.key_id)
            .ciphertext_blob(Blob::new(wrapped.ciphertext.as_slice()))
            .set_encryption_context(Some(pairs(context)));
        data_key(request.send().await.map_err(|error| failure(&error))?.plaintext)
    }
}

#[async_trait]
impl Signer for SdkKms {
    async fn describe(&self, key_id: &str) -> Result<Asymmetric, KmsFailure> {
        let public = self.0.get_public_key().key_id(key_id).send().await.map_err(|error| failure(&error))?;
        let signs_rs256 = public.signing_algorithms().contains(&RS256);
        let (Some(arn), Some(public_key)) = (public.key_id, public.public_key) else {
            return Err(KmsFailure::Unreadable);
        };
        let described = self.0.describe_key().key_id(&arn).send().await.map_err(|error| failure(&error))?;
        let created_at = described
            .key_metadata
            .and_then(|metadata| metadata.creation_date)
            .and_then(|date| Timestamp::from_second(date.secs()).ok())
            .ok_or(KmsFailure::Unreadable)?;
        Ok(Asymmetric { arn, public_key: public_key.into_inner(), signs_rs256, created_at })
    }

    async fn sign(&self, arn: &str, message: &[u8]) -> Result<Vec<u8>, KmsFailure> {
        let request = self
            .0
            .sign()
            .key_id(arn)
            .message(Blob::new(message))
            // KMS hashes it: a token's text is within the 4,096 bytes that it takes.
            .message_type(MessageType::Raw)
            .signing_algorithm(RS256);
        let output = request.send().await.map_err(|error| failure(&error))?;
        output.signature.map(Blob::into_inner).ok_or(KmsFailure::Unreadable)
    }
}

#[async_trait]
impl LogKms for SdkKms {
    async fn log_key(&self, key_id: &str) -> Result<LogKey, KmsFailure> {
        let public = self.0.get_public_key().key_id(key_id).send().await.map_err(|error| failure(&error))?;
        let signs_ed25519 = public.signing_algorithms().contains(&ED25519);
        let (Some(arn), Some(public_key)) = (public.key_id, public.public_key) else {
            return Err(KmsFailure::Unreadable);
        };
        Ok(LogKey { arn, public_key: public_key.into_inner(), signs_ed25519 })
    }

    async fn sign_log(&self, arn: &str, message: &[u8]) -> Result<Vec<u8>, KmsFailure> {
        let request = self
            .0
            .sign()
            .key_id(arn)
            .message(Blob::new(message))
            .message_type(MessageType::Raw)
            .signing_algorithm(ED25519);
        let output = request.send().await.map_err(|error| failure(&error))?;
        output.signature.map(Blob::into_inner).ok_or(KmsFailure::Unreadable)
    }
}

fn pairs(context: &EncryptionContext) -> HashMap<String, String> {
    context.pairs().iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn data_key(plaintext: Option<Blob>) -> Result<DataKey, KmsFailure> {
    let bytes = Zeroizing::new(plaintext.ok_or(KmsFailure::Unreadable)?.into_inner());
    let mut key = DataKey::default();
    if bytes.len() != key.len() {
        return Err(KmsFailure::Unreadable);
    }
    key.copy_from_slice(&bytes);
    Ok(key)
}

/// What went wrong, without anything of the answer's body: the SDK's error holds it, and it may hold a data key.
fn failure<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> KmsFailure {
    match error {
        SdkError::ServiceError(refused) => KmsFailure::Answered {
            status: refused.raw().status().as_u16(),
            code: refused.err().code().map(str::to_owned),
        },
        SdkError::ResponseError(_) => KmsFailure::Unreadable,
        _ => KmsFailure::NoAnswer,
    }
}
