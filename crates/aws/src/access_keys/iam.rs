//! AWS's own clients, each call of which is sent once.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::config::Region;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use deputize_broker::stored::secret::StoredAccessKey;

/// How long a call may take.
const CALL: Duration = Duration::from_secs(5);

pub(super) fn client(config: &SdkConfig) -> aws_sdk_iam::Client {
    let config = aws_sdk_iam::config::Builder::from(config);
    aws_sdk_iam::Client::from_conf(
        config.retry_config(RetryConfig::disabled()).timeout_config(bounded()).build(),
    )
}

pub(super) fn sts_client(config: &SdkConfig, region: Option<String>) -> aws_sdk_sts::Client {
    let mut config = aws_sdk_sts::config::Builder::from(config)
        .retry_config(RetryConfig::disabled())
        .timeout_config(bounded());
    if let Some(region) = region {
        config = config.region(Region::new(region));
    }
    aws_sdk_sts::Client::from_conf(config.build())
}

/// The same configuration for calls that a stored key signs.
pub(super) fn signing_with(config: &SdkConfig, key: &StoredAccessKey) -> SdkConfig {
    with_credentials(
        config,
        Credentials::new(
            &key.access_key_id,
            key.secret_access_key.reveal(),
            None,
            None,
            "a stored access key",
        ),
    )
}

pub(super) fn with_credentials(config: &SdkConfig, credentials: Credentials) -> SdkConfig {
    config.to_builder().credentials_provider(SharedCredentialsProvider::new(credentials)).build()
}

fn bounded() -> TimeoutConfig {
    TimeoutConfig::builder().operation_timeout(CALL).build()
}
