//! The clouds that credentials are minted at: sandboxes in this very process, or the real ones.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Builder as HttpClient;
use aws_types::SdkConfig;
use aws_types::region::Region;
use axum::Router;
use deputize_aws::{AwsMinter, AwsMinterSettings, STS_AUDIENCE};
use deputize_broker::issuer::Issuer;
use deputize_broker::ports::minter::Minter;
use deputize_broker::ports::rotation::KeyProvider;
use deputize_broker::stored::Vault;
use deputize_clouds::{
    AzureCloud, CloudSettings, GcpCloud, IdentitySource, IssuerSource, Surroundings, identity, key_providers,
    minters as minters_of,
};
use deputize_connectors::{ConnectorSettings, DeclaredConnector};
use deputize_sandbox::aws::{self, SandboxAws};
use deputize_sandbox::azure::{self, SandboxAzure};
use deputize_sandbox::gcp::{self, SandboxGcp};
use deputize_sandbox::keys::{self, SandboxKeys};
use deputize_sandbox::{Clock, IssuerKeys, Key, Random};
use deputize_scope::TenantId;
use deputize_scope::identifier::CredentialType;

use super::state::State;
use super::wiring::Host;
use crate::aws::{Aws, DEFAULT_REGION};
use crate::settings::{Settings, Which};

/// The role of an agent in the sandbox whose scope names none: any role exists there.
const SANDBOX_ROLE: &str = "arn:aws:iam::123456789012:role/agent-{agent}";

/// Where the sandboxes are, below the broker's address.
const AWS: &str = "/sandbox/aws";
const GCP: &str = "/sandbox/gcp";
const AZURE: &str = "/sandbox/azure";
const KEYS: &str = "/sandbox/keys";

/// How long a key takes at the sandbox until it works, and until it has ended: long enough to be seen.
const SETTLING: Duration = Duration::from_secs(3);

/// What mints, and what is served beside the API.
pub(super) struct Clouds {
    pub(super) minters: Vec<Arc<dyn Minter>>,
    /// Where stored keys are made and revoked.
    pub(super) keys: BTreeMap<CredentialType, Arc<dyn KeyProvider>>,
    pub(super) routes: Router,
    /// The role of an agent whose scope names none.
    pub(super) role_template: Option<String>,
}

/// What the settings choose. `vault` opens what is stored.
pub(super) async fn choose(
    settings: &Settings,
    state: &State,
    tenant: &TenantId,
    url: &str,
    host: &Host,
    vault: &Vault,
    issuer: Option<&Arc<Issuer>>,
) -> anyhow::Result<Clouds> {
    let own = |_: &IssuerSource| issuer.cloned().context("the broker has no issuer of its own");
    let real = settings.real_clouds();
    let surroundings = |identity| Surroundings {
        clock: Arc::clone(&host.clock),
        random: Arc::clone(&host.random),
        identity,
        secrets: Some(Arc::new(vault.clone())),
    };
    if settings.aws.value == Which::Real {
        if [settings.gcp.value, settings.azure.value].contains(&Which::Sandbox) {
            bail!("the sandboxes of Google Cloud and Azure trust that of AWS alone: they need aws=sandbox");
        }
        let (aws, identity) = Aws::and_identity(&real, tenant, &host.clock, own).await?;
        let mut minters: Vec<Arc<dyn Minter>> = vec![Arc::new(aws.minter())];
        minters.extend(minters_of(&real, &surroundings(Arc::clone(&identity))));
        let mut keys = key_providers(&real, &surroundings(identity), &aws.sdk)?;
        keys.insert(CredentialType::ApiKey, connectors(real.rotation.private_addresses));
        return Ok(Clouds { minters, keys, routes: Router::new(), role_template: real.aws.role });
    }
    if real.is_federated() && real.identity == IdentitySource::Aws {
        bail!(
            "no other cloud trusts the sandbox of AWS: mint at AWS (aws=real), or say in deputize.toml who proves the \
             broker to the others, such as identity = {{ token_file = \"PATH\" }}"
        );
    }
    // One that is elsewhere to the clouds may not be there yet.
    let near = issuer.filter(|issuer| issuer.settings().url.as_str() == url);
    let sandbox = Sandbox::new(settings, state, url, host, near)?;
    let sandboxed = match near {
        Some(issuer) => Arc::clone(issuer) as _,
        None => identity(&IdentitySource::Aws, &sandbox.sdk, &host.clock, own)?,
    };
    let mut minters: Vec<Arc<dyn Minter>> =
        vec![Arc::new(AwsMinter::new(&sandbox.sdk, AwsMinterSettings::default()))];
    let proof = identity(&real.identity, &sandbox.sdk, &host.clock, own)?;
    minters.extend(minters_of(&real, &surroundings(Arc::clone(&proof))));
    minters.extend(minters_of(&sandbox.clouds, &surroundings(Arc::clone(&sandboxed))));
    let mut keys = match &real.azure {
        Some(_) => key_providers(&real, &surroundings(proof), &sandbox.sdk)?,
        None => key_providers(&sandbox.clouds, &surroundings(sandboxed), &sandbox.sdk)?,
    };
    // The sandbox's own provider is on this machine.
    keys.insert(CredentialType::ApiKey, connectors(true));
    let role_template = real.aws.role.or_else(|| Some(SANDBOX_ROLE.to_owned()));
    Ok(Clouds { minters, keys, routes: sandbox.routes, role_template })
}

fn connectors(allow_private: bool) -> Arc<dyn KeyProvider> {
    Arc::new(DeclaredConnector::new(ConnectorSettings { allow_private }))
}

/// An account, a project and a tenant in this very process, and a provider of API keys, reached as they are elsewhere:
/// over HTTP. The clouds trust the broker's own issuer, which is how it proves itself to them; Google's and Microsoft's trust
/// the account's tokens too.
struct Sandbox {
    sdk: SdkConfig,
    /// Where those of Google and Microsoft are, and as whom they are asked.
    clouds: CloudSettings,
    routes: Router,
}

impl Sandbox {
    fn new(
        settings: &Settings,
        state: &State,
        url: &str,
        host: &Host,
        issuer: Option<&Arc<Issuer>>,
    ) -> anyhow::Result<Self> {
        let trusted = issuer.map(|issuer| issuer.settings().url.as_str());
        let place = |path: &str| format!("{url}{path}");
        let key = || anyhow::Ok(Key::new(*state.sandbox_key(&*host.random)?));

        let mut account = aws::Config::new(key()?);
        account.issuer = Some(place(AWS));
        account.oidc_providers = trusted.map(at_aws).into_iter().collect();
        let account = SandboxAws::new(account, clock(host), random(host));
        let sdk = sandbox_sdk(&account, place(AWS));
        let (mut clouds, mut routes) = (CloudSettings::default(), account.router_under(AWS));
        if settings.gcp.value == Which::Sandbox {
            let mut project = gcp::Config::new(key()?, place(GCP));
            project.providers =
                [gcp::Provider::new(place(AWS))].into_iter().chain(trusted.map(at_google)).collect();
            // Its own issuer's, if there is one.
            let provider = project.providers.last().map(|provider| project.audience(provider).parse());
            clouds.gcp = Some(GcpCloud {
                provider: provider.transpose()?,
                ambient: true,
                endpoint: Some(place(GCP).parse()?),
                metadata_host: place(GCP).strip_prefix("http://").map(str::to_owned),
                ..GcpCloud::default()
            });
            routes = routes.merge(SandboxGcp::new(project, clock(host), random(host)).router_under(GCP));
        }
        if settings.azure.value == Which::Sandbox {
            let mut directory = azure::Config::new(key()?, place(AZURE));
            let issuers = [place(AWS)].into_iter().chain(trusted.map(str::to_owned)).collect();
            directory.apps = azure::Apps::Any { issuers };
            clouds.azure = Some(AzureCloud {
                tenant: Some(directory.tenant.clone()),
                managed_identity: true,
                authority: Some(place(AZURE).parse()?),
                imds: Some(place(AZURE).parse()?),
                ..AzureCloud::default()
            });
            routes =
                routes.merge(SandboxAzure::new(directory, clock(host), random(host)).router_under(AZURE));
        }
        let provider = keys::Config { settling: SETTLING, lingering: SETTLING, ..keys::Config::new(key()?) };
        routes = routes.merge(SandboxKeys::new(provider, clock(host), random(host)).router_under(KEYS));
        Ok(Self { sdk, clouds, routes })
    }
}

fn at_aws(issuer: &str) -> aws::OidcProvider {
    let (audiences, keys) = (vec![STS_AUDIENCE.to_owned()], IssuerKeys::Discovered);
    aws::OidcProvider { issuer: issuer.to_owned(), audiences, keys }
}

/// Beside the provider for the account's tokens, under a name of its own.
fn at_google(issuer: &str) -> gcp::Provider {
    gcp::Provider { name: "deputize-issuer".to_owned(), ..gcp::Provider::new(issuer) }
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

fn clock(host: &Host) -> Arc<dyn Clock> {
    let clock = Arc::clone(&host.clock);
    Arc::new(move || clock.now())
}

fn random(host: &Host) -> Arc<dyn Random> {
    let random = Arc::clone(&host.random);
    Arc::new(move |bytes: &mut [u8]| random.fill(bytes))
}
