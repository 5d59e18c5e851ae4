//! AWS itself, as its own tools are configured on this machine, or by an identity token.

pub(crate) mod scoped;

use std::sync::Arc;

use anyhow::Context as _;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_smithy_http_client::{Builder as HttpClient, tls};
use aws_types::SdkConfig;
use deputize_aws::{AwsMinter, AwsMinterSettings, FederatedCredentials, FederatedSettings, STS_AUDIENCE};
use deputize_broker::Clock;
use deputize_broker::issuer::Issuer;
use deputize_broker::ports::identity::IdentityTokens;
use deputize_clouds::{AwsCloud, CloudSettings, IssuerSource, identity};
use deputize_scope::{Seconds, TenantId};

/// What every role allows a session of it to last.
const HOUR: Seconds = Seconds::new(3_600);

/// The region whose STS is asked where nothing names one.
pub(crate) const DEFAULT_REGION: &str = "us-east-1";

/// What `AWS_PROFILE` and the rest say, but for the credentials where a token gets them.
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

    /// AWS, and who says who the broker is: either may be had by the other.
    pub(crate) async fn and_identity(
        clouds: &CloudSettings,
        tenant: &TenantId,
        clock: &Arc<dyn Clock>,
        issuer: impl FnOnce(&IssuerSource) -> anyhow::Result<Arc<Issuer>>,
    ) -> anyhow::Result<(Self, Arc<dyn IdentityTokens>)> {
        let AwsCloud { region, broker_role, .. } = clouds.aws.clone();
        let Some(role) = broker_role else {
            let aws = Self::load(region).await?;
            let identity = identity(&clouds.identity, &aws.sdk, clock, issuer)?;
            return Ok((aws, identity));
        };
        let sdk = Self::sdk().await;
        let identity = identity(&clouds.identity, &sdk, clock, issuer)?;
        let region = region.or_else(|| sdk.region().is_none().then(|| DEFAULT_REGION.to_owned()));
        let settings = FederatedSettings {
            role,
            audience: STS_AUDIENCE.to_owned(),
            tenant: tenant.clone(),
            duration: HOUR,
            region: region.clone(),
        };
        // Nothing is asked yet: AWS would ask for the keys of an issuer that is not being served so early.
        let own = FederatedCredentials::new(&sdk, Arc::clone(&identity), settings);
        let sdk = sdk.into_builder().credentials_provider(SharedCredentialsProvider::new(own)).build();
        Ok((Self { sdk, settings: AwsMinterSettings { chained: true, region } }, identity))
    }

    pub(crate) fn minter(&self) -> AwsMinter {
        AwsMinter::new(&self.sdk, self.settings.clone())
    }
}
