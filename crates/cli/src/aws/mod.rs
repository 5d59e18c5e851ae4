//! AWS itself, as its own tools are configured on this machine.

pub(crate) mod scoped;

use anyhow::Context as _;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_smithy_http_client::{Builder as HttpClient, tls};
use aws_types::SdkConfig;
use deputize_aws::{AwsMinter, AwsMinterSettings};

/// The region whose STS is asked where nothing names one.
pub(crate) const DEFAULT_REGION: &str = "us-east-1";

/// What `AWS_PROFILE` and the rest say.
pub(crate) struct Aws {
    pub(crate) sdk: SdkConfig,
    settings: AwsMinterSettings,
}

impl Aws {
    /// The configuration, with nothing looked up yet.
    pub(crate) async fn sdk() -> SdkConfig {
        let https = HttpClient::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
            .build_https();
        aws_config::defaults(aws_config::BehaviorVersion::latest()).http_client(https).load().await
    }

    /// Finds the credentials, and where they are for.
    pub(crate) async fn load(region: Option<String>) -> anyhow::Result<Self> {
        let sdk = Self::sdk().await;
        let provider = sdk.credentials_provider().context("no credentials for AWS are configured")?;
        let credentials =
            provider.provide_credentials().await.context("no credentials for AWS were found")?;
        let region = region.or_else(|| sdk.region().is_none().then(|| DEFAULT_REGION.to_owned()));
        // Temporary credentials are nearly always a role's, and a role's session passes on an hour at most.
        let chained = credentials.session_token().is_some();
        Ok(Self { sdk, settings: AwsMinterSettings { chained, region } })
    }

    pub(crate) fn minter(&self) -> AwsMinter {
        AwsMinter::new(&self.sdk, self.settings.clone())
    }
}
