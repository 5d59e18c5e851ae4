use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Config;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode};
use aws_types::SdkConfig;
use deputize_broker::Clock;
use deputize_broker::ports::StoreError;
use deputize_broker::ports::ledger::{LogObjects, ObjectPath, PutError};
use thiserror::Error;
use tokio::time::{sleep, timeout};

use crate::failure::{Conflict, store_error};
use crate::settings::S3Settings;

/// How often a call is sent, the first time included.
const ATTEMPTS: u32 = 3;
/// How long one attempt may take until its answer begins. A file of a log has kilobytes, seldom a megabyte.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a call may take with all its attempts, the pauses between them, and the answer's body.
const CALL_TIMEOUT: Duration = Duration::from_secs(15);

/// How often a put is tried that comes upon somebody else's, the first time included.
const ROUNDS: u32 = 5;
/// How long is waited before the second time; twice as long each time after.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Keeps a log's files as objects of a bucket.
///
/// What is put never changes: it is written with `If-None-Match: *`, so that of two histories one is there, and locked
/// where settings say so. What is replaced (the checkpoint) is never locked. Each upload and download is checked by its
/// SHA-256. The bucket of a lock has versions: what is removed there, or replaced, is kept beneath, until its lock ends.
///
/// The broker's IAM policy has to allow `s3:PutObject`, `s3:GetObject`, `s3:DeleteObject`, with locks
/// `s3:PutObjectRetention`, and on the bucket `s3:ListBucket`: without it S3 does not tell what is absent from what is
/// forbidden.
pub struct S3Objects {
    client: Client,
    settings: S3Settings,
    clock: Arc<dyn Clock>,
}

/// Why there was no answer that could be used.
#[derive(Debug, Error)]
enum NoAnswer {
    #[error("s3 gave no answer in time")]
    TimedOut,
    #[error("others kept writing to {0}")]
    Contended(ObjectPath),
}

impl S3Objects {
    /// Files in this bucket. An endpoint that `config` names (`AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`) is the one that
    /// is called.
    pub fn new(config: &SdkConfig, settings: S3Settings, clock: Arc<dyn Clock>) -> Self {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(CALL_TIMEOUT)
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(Duration::from_millis(100))
            .with_max_backoff(Duration::from_secs(1));
        let config = Config::from(config).to_builder().timeout_config(timeouts).retry_config(retries);
        Self { client: Client::from_conf(config.build()), settings, clock }
    }

    fn upload(&self, path: &ObjectPath, bytes: &[u8]) -> PutObjectFluentBuilder {
        self.client
            .put_object()
            .bucket(&self.settings.bucket)
            .key(self.settings.key(path))
            .body(ByteStream::from(bytes.to_vec()))
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
    }

    /// The upload of what never changes.
    fn final_upload(&self, path: &ObjectPath, bytes: &[u8]) -> PutObjectFluentBuilder {
        let upload = self.upload(path, bytes).if_none_match("*");
        let Some(retention) = self.settings.retention else { return upload };
        let until = DateTime::from_secs(retention.until(self.clock.now()).as_second());
        upload.object_lock_mode(retention.mode()).object_lock_retain_until_date(until)
    }

    async fn download(&self, path: &ObjectPath) -> Result<Option<Vec<u8>>, StoreError> {
        let request = self
            .client
            .get_object()
            .bucket(&self.settings.bucket)
            .key(self.settings.key(path))
            .checksum_mode(ChecksumMode::Enabled);
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) if error.as_service_error().is_some_and(|error| error.is_no_such_key()) => {
                return Ok(None);
            }
            Err(error) => return Err(store_error(error)),
        };
        let body = answer.body.collect().await.map_err(|error| StoreError::Unavailable(error.into()))?;
        Ok(Some(body.to_vec()))
    }
}

impl fmt::Debug for S3Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Objects").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[async_trait]
impl LogObjects for S3Objects {
    async fn put(&self, path: &ObjectPath, bytes: &[u8]) -> Result<(), PutError> {
        let mut pause = FIRST_PAUSE;
        for round in 1..=ROUNDS {
            let Err(error) = self.final_upload(path, bytes).send().await else { return Ok(()) };
            match Conflict::told_by(&error) {
                // It may be our own, of an attempt whose answer was lost.
                Some(Conflict::Exists) => match self.get(path).await? {
                    Some(there) if there == bytes => return Ok(()),
                    Some(_) => return Err(PutError::Different(path.clone())),
                    // Removed since.
                    None => {}
                },
                Some(Conflict::Racing) => {}
                None => return Err(store_error(error).into()),
            }
            if round < ROUNDS {
                sleep(pause).await;
                pause *= 2;
            }
        }
        Err(StoreError::Unavailable(NoAnswer::Contended(path.clone()).into()).into())
    }

    async fn replace(&self, path: &ObjectPath, bytes: &[u8]) -> Result<(), StoreError> {
        self.upload(path, bytes).send().await.map(|_| ()).map_err(store_error)
    }

    async fn get(&self, path: &ObjectPath) -> Result<Option<Vec<u8>>, StoreError> {
        // The SDK's own bound ends where the body begins.
        let downloaded = timeout(CALL_TIMEOUT, self.download(path)).await;
        downloaded.unwrap_or_else(|_| Err(StoreError::Unavailable(NoAnswer::TimedOut.into())))
    }

    async fn remove(&self, path: &ObjectPath) -> Result<(), StoreError> {
        let request = self.client.delete_object().bucket(&self.settings.bucket).key(self.settings.key(path));
        request.send().await.map(|_| ()).map_err(store_error)
    }
}
