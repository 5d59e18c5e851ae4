//! The sandbox's authorization server, served on a port of this machine.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use deputize_broker::Clock;
use deputize_broker::Random as _;
use deputize_broker::Secret;
use deputize_broker::stored::SecretForm;
use deputize_broker::stored::StoredSecret;
use deputize_broker::stored::facts::TokenUrl;
use deputize_broker::stored::secret::StoredOauth;
use deputize_connectors::{Enrolled, Enrolment, EnrolmentRequest};
use deputize_sandbox::oauth::{Client, Config, SandboxOauth, Service};
use deputize_sandbox::{Faults, Key};
use deputize_scope::identifier::CredentialType;
use deputize_testkit::keys::Scrambled;
use jiff::Timestamp;
use tokio::net::TcpListener;

const CLIENT_SECRET: &str = "client canary:%";
pub(crate) const REDIRECT: &str = "http://127.0.0.1:4711/callback";

/// A clock that stands still.
pub(crate) struct Held;

impl Clock for Held {
    fn now(&self) -> Timestamp {
        "2026-05-01T12:00:00Z".parse().unwrap()
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

pub(crate) struct Provider {
    pub(crate) url: String,
    pub(crate) faults: Faults,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let key = Key::new([7; 32]);
        let mut config = Config::new(key.clone(), &url);
        let scopes = BTreeSet::from(["read".to_owned(), "write".to_owned()]);
        let mut machine = Client::confidential(&key, CLIENT_SECRET);
        machine.scopes.clone_from(&scopes);
        let mut public = Client::public();
        public.scopes = scopes;
        public.redirect_uris = vec![REDIRECT.to_owned()];
        config.clients = [("machine".to_owned(), machine), ("public".to_owned(), public)].into();
        let random = Scrambled::new(9);
        let server = SandboxOauth::new(
            config,
            Arc::new(|| Held.now()),
            Arc::new(move |bytes: &mut [u8]| random.fill(bytes)),
        );
        let router = server.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, faults: server.faults(Service::Server) }
    }

    /// A client that has a secret.
    pub(crate) fn machine(&self) -> StoredOauth {
        self.client("machine", Some(CLIENT_SECRET), None)
    }

    /// A client that has none, without its refresh token.
    pub(crate) fn public(&self) -> StoredOauth {
        self.client("public", None, Some("none yet"))
    }

    fn client(&self, name: &str, secret: Option<&str>, token: Option<&str>) -> StoredOauth {
        let secrets = |text: Option<&str>| text.map(|text| Secret::new(text.to_owned()));
        let form = SecretForm {
            token_url: Some(format!("{}/token", self.url)),
            client_id: Some(name.to_owned()),
            client_secret: secrets(secret),
            refresh_token: secrets(token),
            scopes: Some(vec!["read".to_owned()]),
            ..SecretForm::default()
        };
        let Ok(StoredSecret::Oauth(client)) = form.read(CredentialType::OauthToken) else {
            panic!("no client")
        };
        client
    }

    pub(crate) fn enrolment(&self) -> EnrolmentRequest {
        EnrolmentRequest {
            authorize_url: format!("{}/authorize", self.url),
            token_url: TokenUrl::try_from(format!("{}/token", self.url)).unwrap(),
            client_id: "public".to_owned(),
            client_secret: None,
            scopes: vec!["read".to_owned()],
            redirect_url: REDIRECT.to_owned(),
        }
    }

    /// What a browser does whose user agrees: the query that it comes back with.
    pub(crate) async fn agree(&self, url: &str) -> String {
        let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let response = browser.get(url).send().await.unwrap();
        let location = response.headers()["location"].to_str().unwrap().to_owned();
        let (to, query) = location.split_once('?').unwrap();
        assert_eq!(to, REDIRECT);
        query.to_owned()
    }

    /// All of an enrolment.
    pub(crate) async fn enrol(&self) -> Enrolled {
        let enrolment = Enrolment::begin(self.enrolment(), &Scrambled::new(4)).unwrap();
        let code = enrolment.code(&self.agree(enrolment.url()).await).unwrap();
        enrolment.exchange(&code).await.unwrap()
    }

    /// The status of a call with an access token.
    pub(crate) async fn use_token(&self, token: &str) -> u16 {
        let call = reqwest::Client::new().get(format!("{}/resource", self.url)).bearer_auth(token);
        call.send().await.unwrap().status().as_u16()
    }
}

pub(crate) fn with_refresh_token(client: &StoredOauth, token: &Secret) -> StoredOauth {
    StoredOauth { refresh_token: Some(token.clone()), ..client.clone() }
}
