//! The clouds that credentials are minted at: sandboxes in this very process, or the real ones.

use std::sync::Arc;

use anyhow::Context as _;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_smithy_http_client::{Builder as HttpClient, tls};
use aws_types::SdkConfig;
use aws_types::region::Region;
use axum::Router;
use deputize_aws::{AwsMinter, AwsMinterSettings, WebIdentitySettings, WebIdentityTokens};
use deputize_azure::{AzureMinter, Entra, FederatedCredential, ManagedIdentity};
use deputize_broker::ports::identity::IdentityTokens;
use deputize_broker::ports::minter::Minter;
use deputize_gcp::{Endpoints, FederatedTokens, GcpMinter, Google, MetadataTokens};
use deputize_http::{Caller, Client, Limits};
use deputize_sandbox::aws::{self, SandboxAws};
use deputize_sandbox::azure::{self, SandboxAzure};
use deputize_sandbox::gcp::{self, SandboxGcp};
use deputize_sandbox::{Clock, Key, Random};

use super::state::State;
use super::wiring::Host;

/// The region whose STS is asked where nothing names one.
const DEFAULT_REGION: &str = "us-east-1";

/// The role of an agent in the sandbox whose scope names none: any role exists there.
const SANDBOX_ROLE: &str = "arn:aws:iam::123456789012:role/agent-{agent}";

/// Where the sandboxes are, below the broker's address.
const AWS: &str = "/sandbox/aws";
const GCP: &str = "/sandbox/gcp";
const AZURE: &str = "/sandbox/azure";

/// What mints, and what is served beside the API.
pub(super) struct Clouds {
    pub(super) minters: Vec<Arc<dyn Minter>>,
    pub(super) routes: Router,
    /// The role of an agent whose scope names none.
    pub(super) role_template: Option<String>,
}

/// An account, a project and a tenant in this very process, reached as the clouds are: over HTTP. Google's and
/// Microsoft's trust the account's tokens, which is how the broker proves itself to them.
pub(super) fn sandbox(state: &State, url: &str, host: &Host) -> anyhow::Result<Clouds> {
    let place = |path: &str| format!("{url}{path}");
    let key = || anyhow::Ok(Key::new(*state.sandbox_key(&*host.random)?));

    let mut account = aws::Config::new(key()?);
    account.issuer = Some(place(AWS));
    let account = SandboxAws::new(account, clock(host), random(host));
    let mut project = gcp::Config::new(key()?, place(GCP));
    let provider = gcp::Provider::new(place(AWS));
    let audience = project.audience(&provider);
    project.providers.push(provider);
    let mut directory = azure::Config::new(key()?, place(AZURE));
    directory.apps = azure::Apps::Any { issuers: vec![place(AWS)] };
    let tenant = directory.tenant.clone();
    let routes = account
        .router_under(AWS)
        .merge(SandboxGcp::new(project, clock(host), random(host)).router_under(GCP))
        .merge(SandboxAzure::new(directory, clock(host), random(host)).router_under(AZURE));

    let sdk = sandbox_sdk(&account, place(AWS));
    let identity: Arc<dyn IdentityTokens> =
        Arc::new(WebIdentityTokens::new(&sdk, WebIdentitySettings::default(), Arc::clone(&host.clock)));
    let mut minters: Vec<Arc<dyn Minter>> =
        vec![Arc::new(AwsMinter::new(&sdk, AwsMinterSettings::default()))];
    minters.extend(google(&place(GCP), &audience, &identity, host)?);
    minters.extend(microsoft(&place(AZURE), tenant, identity, host)?);
    Ok(Clouds { minters, routes, role_template: Some(SANDBOX_ROLE.to_owned()) })
}

/// AWS, as its own tools are configured on this machine: `AWS_PROFILE` and the rest.
pub(super) async fn real() -> anyhow::Result<Clouds> {
    let https = HttpClient::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
        .build_https();
    let sdk = aws_config::defaults(aws_config::BehaviorVersion::latest()).http_client(https).load().await;
    let provider = sdk.credentials_provider().context("no credentials for AWS are configured")?;
    let credentials = provider.provide_credentials().await.context("no credentials for AWS were found")?;
    let region = sdk.region().is_none().then(|| DEFAULT_REGION.to_owned());
    // Temporary credentials are nearly always a role's, and a role's session passes on an hour at most.
    let chained = credentials.session_token().is_some();
    let minter = AwsMinter::new(&sdk, AwsMinterSettings { chained, region });
    Ok(Clouds { minters: vec![Arc::new(minter)], routes: Router::new(), role_template: None })
}

/// The configuration of the account's operator.
fn sandbox_sdk(account: &SandboxAws, endpoint: String) -> SdkConfig {
    let operator = account.root_credentials();
    let credentials = Credentials::new(operator.id, operator.secret.as_str(), None, None, "sandbox");
    SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(Region::new(DEFAULT_REGION))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(HttpClient::new().build_http())
        .build()
}

/// By federation; or from the identity of the machine that the broker would run on.
fn google(
    url: &str,
    audience: &str,
    identity: &Arc<dyn IdentityTokens>,
    host: &Host,
) -> anyhow::Result<[Arc<dyn Minter>; 2]> {
    let google = Arc::new(Google::new(Client::direct()?, Endpoints::at(url.parse()?), caller(host)));
    let federated = FederatedTokens::new(Arc::clone(&google), audience.parse()?, None, Arc::clone(identity));
    let metadata = url.strip_prefix("http://").unwrap_or(url);
    let ambient = MetadataTokens::new(Client::direct()?, metadata, caller(host))?;
    Ok([
        Arc::new(GcpMinter::workload_identity(Arc::clone(&google), Arc::new(federated))),
        Arc::new(GcpMinter::service_account(google, Arc::new(ambient))),
    ])
}

/// The same at Microsoft.
fn microsoft(
    url: &str,
    tenant: String,
    identity: Arc<dyn IdentityTokens>,
    host: &Host,
) -> anyhow::Result<[Arc<dyn Minter>; 2]> {
    let entra = Entra::new(Client::direct()?, url.parse()?, tenant)?;
    let federated = FederatedCredential::new(entra, identity, None);
    let machine = ManagedIdentity::new(Client::direct()?, Some(url.parse()?));
    Ok([
        Arc::new(AzureMinter::service_principal(caller(host), Arc::new(federated))),
        Arc::new(AzureMinter::managed_identity(caller(host), Arc::new(machine))),
    ])
}

fn caller(host: &Host) -> Arc<Caller> {
    Arc::new(Caller::new(Limits::default(), Arc::clone(&host.clock), Arc::clone(&host.random)))
}

fn clock(host: &Host) -> Arc<dyn Clock> {
    let clock = Arc::clone(&host.clock);
    Arc::new(move || clock.now())
}

fn random(host: &Host) -> Arc<dyn Random> {
    let random = Arc::clone(&host.random);
    Arc::new(move |bytes: &mut [u8]| random.fill(bytes))
}
