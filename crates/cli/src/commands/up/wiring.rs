//! Which adapter fills which port.

use std::sync::Arc;

use anyhow::Context as _;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_smithy_http_client::{Builder as HttpClient, tls};
use aws_types::SdkConfig;
use aws_types::region::Region;
use axum::Router;
use deputize_api::Authentication;
use deputize_aws::{AwsMinter, AwsMinterSettings};
use deputize_broker::ports::keys::KeyKeeper;
use deputize_broker::ports::tokens::TokenStore;
use deputize_broker::stored::{OauthMinter, StoredMinter, Vault};
use deputize_broker::{
    AwsSettings, AzureSettings, Broker, Clock, GcpSettings, Ports, Random, Settings as BrokerSettings,
};
use deputize_connectors::OauthEndpoint;
use deputize_dynamodb::Embedded;
use deputize_dynamodb::table::create_table;
use deputize_host::{OsRandom, SystemClock};
use deputize_keyring::Keyring;
use deputize_sandbox::aws::{Config, Key, SandboxAws};
use deputize_scope::TenantId;
use deputize_scope::catalogue::Catalogues;

use super::state::State;
use crate::commands::catalogue::Shelf;
use crate::settings::{AwsCloud, Settings};

const TABLE: &str = "deputize";

/// Where the sandbox's account is, below the broker's address.
const SANDBOX_AWS: &str = "/sandbox/aws";

/// The region whose STS is asked where nothing names one.
const DEFAULT_REGION: &str = "us-east-1";

/// The role of an agent in the sandbox whose scope names none: any role exists there.
const SANDBOX_ROLE: &str = "arn:aws:iam::123456789012:role/agent-{agent}";

/// Time and randomness of this process.
#[derive(Clone)]
pub(super) struct Host {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
}

impl Host {
    pub(super) fn start() -> Self {
        Self { clock: Arc::new(SystemClock::start()), random: Arc::new(OsRandom) }
    }
}

/// What is served, and what is done beside.
pub(super) struct Served {
    pub(super) broker: Arc<Broker>,
    pub(super) tokens: Arc<dyn TokenStore>,
    pub(super) database: Embedded,
    pub(super) router: Router,
}

/// Puts the process together. `url` is where it will be reached.
pub(super) async fn wire(
    settings: &Settings,
    state: &State,
    tenant: &TenantId,
    url: &str,
    host: &Host,
) -> anyhow::Result<Served> {
    let database = Embedded::open(&state.database()).context("cannot open the database")?;
    let client = database.client();
    create_table(&client, TABLE).await.context("cannot open the database")?;
    let store = Arc::new(deputize_dynamodb::store(client, TABLE));
    // Only now: a directory without a database is still nobody's.
    state.set_tenant(tenant)?;
    let keys = Keyring::open_or_create(state.keyring(), Arc::clone(&host.random))?;

    let aws = match settings.aws.value {
        AwsCloud::Sandbox => sandbox(state, url, host)?,
        AwsCloud::Real => real().await?,
    };
    let role_template = settings.aws_role.value.clone().or(aws.role_template);
    let broker_settings = BrokerSettings {
        tenant: tenant.clone(),
        admins: Vec::new(),
        auditors: Vec::new(),
        aws: AwsSettings { role_template },
        gcp: GcpSettings::default(),
        azure: AzureSettings::default(),
    };
    let keys: Arc<dyn KeyKeeper> = Arc::new(keys);
    let vault = Vault {
        credentials: Arc::clone(&store) as _,
        outbox: Arc::clone(&store) as _,
        keys: Arc::clone(&keys),
        clock: Arc::clone(&host.clock),
        random: Arc::clone(&host.random),
    };
    let ports = Ports {
        scopes: Arc::clone(&store) as _,
        leases: Arc::clone(&store) as _,
        credentials: Arc::clone(&store) as _,
        outbox: Arc::clone(&store) as _,
        tokens: Arc::clone(&store) as _,
        keys,
        minters: vec![
            Arc::new(aws.minter),
            Arc::new(StoredMinter::aws_access_keys(vault.clone())),
            Arc::new(StoredMinter::api_keys(vault.clone())),
            Arc::new(OauthMinter::new(vault, Arc::new(OauthEndpoint::default()))),
        ],
        clock: Arc::clone(&host.clock),
        random: Arc::clone(&host.random),
    };
    let broker = Arc::new(Broker::new(broker_settings, ports));
    let api = deputize_api::router(Arc::clone(&broker), Authentication::BearerToken, shelf(settings));
    let router = aws.routes.map_or_else(|| api.clone(), |routes| routes.merge(api.clone()));
    Ok(Served { broker, tokens: store, database, router })
}

/// The catalogues as `deputize check` has them on this machine.
fn shelf(settings: &Settings) -> deputize_api::Shelf {
    let shelf = Shelf::new(&settings.state.value);
    deputize_api::Shelf::new(move || shelf.catalogues().unwrap_or_else(|_| Catalogues::built_in()))
}

struct Aws {
    minter: AwsMinter,
    /// What is served beside the API.
    routes: Option<Router>,
    role_template: Option<String>,
}

/// An account in this very process, reached as AWS is: by its own client, over HTTP.
fn sandbox(state: &State, url: &str, host: &Host) -> anyhow::Result<Aws> {
    let endpoint = format!("{url}{SANDBOX_AWS}");
    let key = state.sandbox_key(&*host.random)?;
    let mut config = Config::new(Key::new(*key));
    config.issuer = Some(endpoint.clone());
    let (clock, random) = (Arc::clone(&host.clock), Arc::clone(&host.random));
    let account = SandboxAws::new(
        config,
        Arc::new(move || clock.now()),
        Arc::new(move |bytes: &mut [u8]| random.fill(bytes)),
    );
    let operator = account.root_credentials();
    let credentials = Credentials::new(operator.id, operator.secret.as_str(), None, None, "sandbox");
    let sdk = SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(Region::new(DEFAULT_REGION))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(HttpClient::new().build_http())
        .build();
    Ok(Aws {
        minter: AwsMinter::new(&sdk, AwsMinterSettings::default()),
        routes: Some(account.router_under(SANDBOX_AWS)),
        role_template: Some(SANDBOX_ROLE.to_owned()),
    })
}

/// AWS, as its own tools are configured on this machine: `AWS_PROFILE` and the rest.
async fn real() -> anyhow::Result<Aws> {
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
    Ok(Aws { minter, routes: None, role_template: None })
}
