//! An issuer that is being served, and clouds that trust it.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use deputize_api::issuer_router;
use deputize_broker::issuer::{Issuer, IssuerSettings, Schedule};
use deputize_broker::ports::identity::IdentityTokens as _;
use deputize_broker::{Clock as _, Random as _, Secret};
use deputize_host::{OsRandom, SystemClock};
use deputize_keyring::SigningKeyring;
use deputize_sandbox::aws::{self, SandboxAws};
use deputize_sandbox::azure::{self, SandboxAzure};
use deputize_sandbox::gcp::{self, SandboxGcp};
use deputize_sandbox::{Clock, IssuerKeys, Key, Random};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) const SUBJECT: &str = "deputize:acme";
const APPLICATION: &str = "00000000-0000-4000-8000-000000000001";

/// A broker of which there is nothing but its issuer, with keys in a folder of its own.
pub(crate) struct Broker {
    pub(crate) url: String,
    pub(crate) issuer: Arc<Issuer>,
    folder: Arc<TempDir>,
    /// The issuer that is being served: the first one, or the one that took its place.
    current: watch::Sender<Arc<Issuer>>,
    server: Option<JoinHandle<()>>,
}

impl Broker {
    pub(crate) async fn start() -> Self {
        let (listener, url) = place().await;
        let folder = Arc::new(TempDir::new().unwrap());
        let issuer = issuer(&url, folder.path().join("signing.json"));
        let (current, served) = watch::channel(Arc::clone(&issuer));
        let router = Router::new().fallback(move |request: axum::extract::Request| {
            let router = issuer_router(Arc::clone(&served.borrow()));
            async move { tower::ServiceExt::oneshot(router, request).await.unwrap() }
        });
        let server = Some(tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }));
        Self { url, issuer, folder, current, server }
    }

    /// The same at the same place, with what was read forgotten.
    pub(crate) fn restarted(&self) -> Self {
        let issuer = issuer(&self.url, self.folder.path().join("signing.json"));
        self.current.send_replace(Arc::clone(&issuer));
        let (url, folder, current) = (self.url.clone(), Arc::clone(&self.folder), self.current.clone());
        Self { url, issuer, folder, current, server: None }
    }

    pub(crate) fn keys(&self) -> SigningKeyring {
        SigningKeyring::open(self.folder.path().join("signing.json")).unwrap()
    }

    pub(crate) async fn token(&self, audience: &str) -> Secret {
        self.issuer.token(audience).await.unwrap().token
    }

    /// Nobody answers any more.
    pub(crate) async fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
            server.await.unwrap_err();
        }
    }
}

fn issuer(url: &str, keys: PathBuf) -> Arc<Issuer> {
    let settings = IssuerSettings {
        url: url.parse().unwrap(),
        subject: SUBJECT.parse().unwrap(),
        schedule: Schedule::default(),
    };
    let keys = Arc::new(SigningKeyring::open(keys).unwrap());
    Arc::new(Issuer::new(settings, keys, Arc::new(SystemClock::start()), Arc::new(OsRandom)))
}

/// An account, a project and a tenant that trust one issuer.
pub(crate) struct Clouds {
    pub(crate) aws: String,
    pub(crate) google: String,
    pub(crate) google_audience: String,
    entra: String,
    tenant: String,
}

impl Clouds {
    pub(crate) async fn start(issuer: &str) -> Self {
        let (listener, aws) = place().await;
        let mut account = aws::Config::new(key());
        let (keys, audiences) = (IssuerKeys::Discovered, vec!["sts.amazonaws.com".to_owned()]);
        account.oidc_providers = vec![aws::OidcProvider { issuer: issuer.to_owned(), audiences, keys }];
        serve(listener, SandboxAws::new(account, clock(), random()).router());

        let (listener, google) = place().await;
        let mut project = gcp::Config::new(key(), &google);
        project.providers = vec![gcp::Provider::new(issuer)];
        let google_audience = project.audience(&project.providers[0]);
        serve(listener, SandboxGcp::new(project, clock(), random()).router());

        let (listener, entra) = place().await;
        let mut directory = azure::Config::new(key(), &entra);
        directory.apps = azure::Apps::Any { issuers: vec![issuer.to_owned()] };
        let tenant = directory.tenant.clone();
        serve(listener, SandboxAzure::new(directory, clock(), random()).router());
        Self { aws, google, google_audience, entra, tenant }
    }

    /// What Entra says to a client assertion.
    pub(crate) async fn sign_in_at_entra(&self, assertion: &Secret) -> (u16, Value) {
        let form = [
            ("client_id", APPLICATION),
            ("client_assertion", assertion.reveal()),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("grant_type", "client_credentials"),
            ("scope", "https://management.azure.com/.default"),
        ];
        let url = format!("{}/{}/oauth2/v2.0/token", self.entra, self.tenant);
        let answer = reqwest::Client::new().post(url).form(&form).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// What AWS says to the use of a session.
    pub(crate) async fn aws_says(&self, question: &Value) -> Value {
        let url = format!("{}/authorize", self.aws);
        reqwest::Client::new().post(url).json(question).send().await.unwrap().json().await.unwrap()
    }
}

pub(crate) async fn place() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

pub(crate) fn serve(listener: TcpListener, router: Router) {
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
}

fn key() -> Key {
    Key::new([7; 32])
}

fn clock() -> Arc<dyn Clock> {
    let clock = SystemClock::start();
    Arc::new(move || clock.now())
}

fn random() -> Arc<dyn Random> {
    Arc::new(|bytes: &mut [u8]| OsRandom.fill(bytes))
}
