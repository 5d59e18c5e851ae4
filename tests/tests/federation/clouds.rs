//! Three clouds that are being served, each trusting the first, and adapters that speak to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::Builder as AwsHttp;
use aws_types::SdkConfig;
use aws_types::region::Region;
use axum::Router;
use deputize_aws::{WebIdentitySettings, WebIdentityTokens};
use deputize_azure::{AzureMinter, ClientSecret, Entra, FederatedCredential, KeyVault, ManagedIdentity};
use deputize_broker::Clock as _;
use deputize_broker::decision::{AzurePlan, GcpPlan, Plan};
use deputize_broker::ports::minter::MintOrder;
use deputize_gcp::{Endpoints, FederatedTokens, GcpMinter, Google, MetadataTokens};
use deputize_host::{OsRandom, SystemClock};
use deputize_http::{Caller, Client, Limits};
use deputize_sandbox::Key;
use deputize_sandbox::aws::{self, SandboxAws};
use deputize_sandbox::azure::{self, SandboxAzure};
use deputize_sandbox::gcp::{self, SandboxGcp};
use deputize_sandbox::oauth::{self, SandboxOauth};
use deputize_scope::Seconds;
use deputize_scope::azure::Audience;
use deputize_scope::gcp::authority::{Authority, Statement};
use deputize_scope::gcp::compile::compile;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const BUCKET: &str = "//storage.googleapis.com/projects/_/buckets/acme-data";
pub(crate) const APPLICATION: &str = "00000000-0000-0000-0000-00000000000a";
const READER: &str = "00000000-0000-0000-0000-00000000000b";
/// An application that proves itself by a secret.
pub(crate) const SECRET_APPLICATION: &str = "00000000-0000-0000-0000-00000000000c";
/// The secret of both applications.
pub(crate) const VAULT_SECRET: &str = "canary-vault~secret";

pub(crate) struct Clouds {
    pub(crate) aws: SandboxAws,
    pub(crate) gcp: SandboxGcp,
    pub(crate) azure: SandboxAzure,
    pub(crate) oauth: SandboxOauth,
    aws_url: String,
    gcp_url: String,
    azure_url: String,
    oauth_url: String,
    provider: String,
    pub(crate) tenant: String,
}

async fn place(path: &str) -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{path}", listener.local_addr().unwrap());
    (listener, url)
}

fn serve(listener: TcpListener, router: Router) {
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
}

fn key() -> Key {
    Key::new([7; 32])
}

fn clock() -> Arc<dyn deputize_sandbox::Clock> {
    let clock = SystemClock::start();
    Arc::new(move || clock.now())
}

fn random() -> Arc<dyn deputize_sandbox::Random> {
    Arc::new(|bytes: &mut [u8]| deputize_broker::Random::fill(&OsRandom, bytes))
}

impl Clouds {
    pub(crate) async fn start() -> Self {
        let (aws_listener, aws_url) = place("").await;
        let mut account = aws::Config::new(key());
        account.issuer = Some(aws_url.clone());
        let aws = SandboxAws::new(account, clock(), random());
        serve(aws_listener, aws.router());

        let (gcp_listener, gcp_url) = place("/sandbox/gcp").await;
        let mut project = gcp::Config::new(key(), &gcp_url);
        project.providers = vec![gcp::Provider::new(&aws_url)];
        let provider = project.audience(&project.providers[0]);
        let object = |name: &str| (("acme-data".to_owned(), name.to_owned()), b"text".to_vec());
        project.objects = BTreeMap::from([object("reports/1"), object("payroll/1")]);
        let gcp = SandboxGcp::new(project, clock(), random());
        serve(gcp_listener, gcp.router_under("/sandbox/gcp"));

        let (azure_listener, azure_url) = place("/sandbox/azure").await;
        let directory = directory(&azure_url, &aws_url);
        let tenant = directory.tenant.clone();
        let azure = SandboxAzure::new(directory, clock(), random());
        serve(azure_listener, azure.router_under("/sandbox/azure"));

        let (oauth_listener, oauth_url) = place("/sandbox/oauth").await;
        let mut server = oauth::Config::new(key(), &oauth_url);
        let client = oauth::Client::confidential(&key(), Self::OAUTH_SECRET);
        let mut public = oauth::Client::public();
        public.redirect_uris = vec!["http://127.0.0.1/callback".to_owned()];
        public.scopes = ["read".to_owned()].into();
        server.clients = BTreeMap::from([("newsletter".to_owned(), client), ("crm".to_owned(), public)]);
        let oauth = SandboxOauth::new(server, clock(), random());
        serve(oauth_listener, oauth.router_under("/sandbox/oauth"));
        Self { aws, gcp, azure, oauth, aws_url, gcp_url, azure_url, oauth_url, provider, tenant }
    }

    /// The secret of the client `newsletter` of the OAuth server.
    pub(crate) const OAUTH_SECRET: &str = "canary-of-a-client";

    pub(crate) fn authorize_url(&self) -> String {
        format!("{}/authorize", self.oauth_url)
    }

    /// What a token of the OAuth server is good for.
    pub(crate) fn resource_url(&self) -> String {
        format!("{}/resource", self.oauth_url)
    }

    pub(crate) fn token_url(&self) -> String {
        format!("{}/token", self.oauth_url)
    }

    /// The clouds as a deployment's settings name them.
    pub(crate) fn settings(&self) -> Value {
        json!({
            "aws": { "region": "us-east-1" },
            "gcp": {
                "provider": self.provider,
                "ambient": true,
                "endpoint": self.gcp_url,
                "metadata_host": self.gcp_url.trim_start_matches("http://"),
            },
            "azure": {
                "tenant": self.tenant,
                "managed_identity": true,
                "authority": self.azure_url,
                "imds": self.azure_url,
            },
        })
    }

    /// Where the clouds are, for a script.
    pub(crate) fn places(&self) -> [(&'static str, String); 3] {
        let vault = format!("{}/vaults/acme", self.azure_url);
        [("GOOGLE", self.gcp_url.clone()), ("VAULT", vault), ("AWS", self.aws_url.clone())]
    }

    /// What makes the SDK's environment that of the account's operator.
    pub(crate) fn aws_variables(&self) -> Vec<(String, String)> {
        let root = self.aws.root_credentials();
        let variables = [
            ("AWS_ACCESS_KEY_ID", root.id),
            ("AWS_SECRET_ACCESS_KEY", root.secret.as_str().to_owned()),
            ("AWS_ENDPOINT_URL_STS", self.aws_url.clone()),
            ("AWS_REGION", "us-east-1".to_owned()),
        ];
        variables.map(|(name, value)| (name.to_owned(), value)).to_vec()
    }

    /// Who the broker is, by AWS.
    fn identity(&self) -> Arc<WebIdentityTokens> {
        let root = self.aws.root_credentials();
        let keys = Credentials::new(root.id, root.secret.as_str(), None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .endpoint_url(&self.aws_url)
            .http_client(AwsHttp::new().build_http())
            .region(Region::new("eu-central-1"))
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .build();
        let clock = Arc::new(SystemClock::start());
        Arc::new(WebIdentityTokens::new(&config, WebIdentitySettings::default(), clock))
    }

    fn google(&self) -> Arc<Google> {
        let endpoints = Endpoints::at(self.gcp_url.parse().unwrap());
        Arc::new(Google::new(Client::direct().unwrap(), endpoints, caller()))
    }

    pub(crate) fn gcp_workload_identity(&self) -> GcpMinter {
        let google = self.google();
        let provider = self.provider.parse().unwrap();
        let own = FederatedTokens::new(Arc::clone(&google), provider, None, self.identity());
        GcpMinter::workload_identity(google, Arc::new(own))
    }

    pub(crate) fn gcp_service_account(&self) -> GcpMinter {
        let host = self.gcp_url.strip_prefix("http://").unwrap();
        let own = MetadataTokens::new(Client::direct().unwrap(), host, caller()).unwrap();
        GcpMinter::service_account(self.google(), Arc::new(own))
    }

    fn entra(&self) -> Entra {
        let authority = self.azure_url.parse().unwrap();
        Entra::new(Client::direct().unwrap(), authority, self.tenant.clone()).unwrap()
    }

    fn machine(&self) -> Arc<ManagedIdentity> {
        Arc::new(ManagedIdentity::new(Client::direct().unwrap(), Some(self.azure_url.parse().unwrap())))
    }

    pub(crate) fn azure_managed_identity(&self) -> AzureMinter {
        AzureMinter::managed_identity(caller(), self.machine())
    }

    /// By federation, or else by a secret that a vault keeps.
    pub(crate) fn azure_service_principal(&self) -> AzureMinter {
        let vault = KeyVault::new(
            Client::direct().unwrap(),
            format!("{}/vaults/acme", self.azure_url).parse().unwrap(),
            "agent-{agent}-credential".to_owned(),
            self.machine(),
            READER.parse().unwrap(),
        );
        let first = FederatedCredential::new(self.entra(), self.identity(), None);
        let other = ClientSecret::new(self.entra(), Arc::new(vault.unwrap()));
        AzureMinter::service_principal(caller(), Arc::new(first)).or_else(Arc::new(other))
    }

    /// What Google says to the use of a token.
    pub(crate) async fn google_says(&self, token: &str, permission: &str, resource: &str) -> Value {
        let question = json!({ "token": token, "permission": permission, "resource": resource });
        ask(&format!("{}/authorize", self.gcp_url), &question).await
    }

    /// What Azure says to the use of a token.
    pub(crate) async fn azure_says(&self, token: &str, operation: &str) -> Value {
        let scope = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/acme";
        let question = json!({ "token": token, "operation": operation, "scope": scope });
        ask(&format!("{}/authorize", self.azure_url), &question).await
    }
}

async fn ask(url: &str, question: &Value) -> Value {
    reqwest::Client::new().post(url).json(question).send().await.unwrap().json().await.unwrap()
}

fn caller() -> Arc<Caller> {
    Arc::new(Caller::new(Limits::default(), Arc::new(SystemClock::start()), Arc::new(OsRandom)))
}

/// A tenant that trusts an issuer, and has a vault with the secret of the agent's application.
fn directory(url: &str, issuer: &str) -> azure::Config {
    let now = SystemClock::start().now();
    let (start, end) = (now - SignedDuration::from_hours(1), now + SignedDuration::from_hours(1));
    let mut directory = azure::Config::new(key(), url);
    directory.apps = azure::Apps::Any { issuers: vec![issuer.to_owned()] };
    let password = azure::Password::new(&key(), "1", VAULT_SECRET, start, end);
    let of = |application: &str| (application.to_owned(), vec![password.clone()]);
    directory.passwords = BTreeMap::from([of(APPLICATION), of(SECRET_APPLICATION)]);
    let version = azure::SecretVersion {
        version: "0123456789abcdef0123456789abcdef".to_owned(),
        value: VAULT_SECRET.to_owned(),
        enabled: true,
        created_at: start,
        expires_at: None,
    };
    let secret = azure::Secret { versions: vec![version] };
    let vault = azure::Vault {
        url: "https://acme.vault.azure.net".to_owned(),
        resource_id: "/subscriptions/1/resourceGroups/acme/providers/Microsoft.KeyVault/vaults/acme"
            .to_owned(),
        secrets: BTreeMap::from([("agent-data-agent-credential".to_owned(), secret)]),
    };
    directory.vaults = BTreeMap::from([("acme".to_owned(), vault)]);
    directory
}

fn order(plan: Plan) -> MintOrder {
    MintOrder {
        lease: "0198f0aa-7d3a-7c4e-8f00-0123456789ab".parse().unwrap(),
        tenant: "acme".parse().unwrap(),
        agent: "data-agent".parse().unwrap(),
        plan,
        duration: Seconds::new(900),
    }
}

pub(crate) fn google_order(permission: &str, resource: &str) -> MintOrder {
    let statement = Statement {
        service_account: None,
        permissions: vec![permission.parse().unwrap()],
        resources: vec![resource.parse().unwrap()],
    };
    order(Plan::GcpToken(GcpPlan {
        service_account: "agent-data-agent@acme-prod.iam.gserviceaccount.com".parse().unwrap(),
        token: compile(&Authority::new(vec![statement])).unwrap(),
    }))
}

pub(crate) fn azure_order() -> MintOrder {
    let client_id = APPLICATION.parse().unwrap();
    order(Plan::AzureToken(AzurePlan { client_id, audience: Audience::ResourceManager, secret: None }))
}
