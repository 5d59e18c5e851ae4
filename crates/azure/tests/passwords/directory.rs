//! A sandbox that is being served, with an application that owns itself.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use deputize_azure::{ApplicationPasswords, Graph, PasswordSettings};
use deputize_broker::ports::identity::{IdentityError, IdentityToken, IdentityTokens};
use deputize_broker::stored::StoredSecret;
use deputize_broker::stored::secret::StoredClientSecret;
use deputize_broker::{Clock, Secret};
use deputize_host::OsRandom;
use deputize_http::Client;
use deputize_sandbox::azure::{App, Apps, Config, Password, SandboxAzure, Service};
use deputize_sandbox::{Faults, Key};
use jiff::Timestamp;
use tokio::net::TcpListener;

pub(crate) const TENANT: &str = "00000000-0000-4000-8000-0000000000ff";
/// Owns itself.
pub(crate) const AGENT: &str = "00000000-0000-4000-8000-000000000001";
/// May change no application.
pub(crate) const POWERLESS: &str = "00000000-0000-4000-8000-000000000002";
const KEY_ID: &str = "00000000-0000-4000-8000-00000000000a";
const SECRET: &str = "canary~of-a-client-secret";

/// The time, which stands still until it is moved.
#[derive(Clone)]
pub(crate) struct Now(Arc<Mutex<Timestamp>>);

impl Clock for Now {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

pub(crate) struct Directory {
    pub(crate) sandbox: SandboxAzure,
    pub(crate) url: String,
    now: Now,
}

impl Directory {
    pub(crate) async fn configured(configure: impl FnOnce(&mut Config)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/sandbox/azure", listener.local_addr().unwrap());
        let now = Now(Arc::new(Mutex::new("2026-11-23T06:00:00Z".parse().unwrap())));
        let key = Key::new([7; 32]);
        let (long_ago, end) =
            ("2026-11-01T00:00:00Z".parse().unwrap(), "2027-11-01T00:00:00Z".parse().unwrap());
        let password = || vec![Password::new(&key, KEY_ID, SECRET, long_ago, end)];
        let mut config = Config::new(key.clone(), &url);
        config.passwords =
            BTreeMap::from([(AGENT.to_owned(), password()), (POWERLESS.to_owned(), password())]);
        let agent = App {
            object_id: "object-agent".to_owned(),
            graph_permissions: vec!["Application.ReadWrite.OwnedBy".to_owned()],
            owners: vec![AGENT.to_owned()],
            ..App::default()
        };
        let powerless = App { object_id: "object-powerless".to_owned(), ..App::default() };
        config.apps =
            Apps::Listed(BTreeMap::from([(AGENT.to_owned(), agent), (POWERLESS.to_owned(), powerless)]));
        configure(&mut config);
        let (clock, next) = (now.clone(), AtomicU8::new(0));
        let random = move |bytes: &mut [u8]| {
            bytes.iter_mut().for_each(|byte| *byte = next.fetch_add(1, Ordering::Relaxed));
        };
        let sandbox = SandboxAzure::new(config, Arc::new(move || clock.now()), Arc::new(random));
        let router = sandbox.router_under("/sandbox/azure");
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { sandbox, url, now }
    }

    pub(crate) fn advance(&self, by: Duration) {
        let mut now = self.now.0.lock().unwrap();
        *now = now.checked_add(by).unwrap();
    }

    pub(crate) fn graph(&self) -> Faults {
        self.sandbox.faults(Service::Graph)
    }

    pub(crate) fn entra(&self) -> Faults {
        self.sandbox.faults(Service::Entra)
    }

    pub(crate) fn provider(&self) -> ApplicationPasswords {
        provider_at(&self.url, self.now.clone(), PasswordSettings::default())
    }
}

pub(crate) fn provider_at(url: &str, clock: Now, settings: PasswordSettings) -> ApplicationPasswords {
    let graph = Graph::new(Client::direct().unwrap(), url.parse().unwrap(), None).unwrap();
    ApplicationPasswords::new(graph, Arc::new(Broker), settings, Arc::new(clock), Arc::new(OsRandom))
}

pub(crate) fn some_time() -> Now {
    Now(Arc::new(Mutex::new("2026-11-23T06:00:00Z".parse().unwrap())))
}

/// The current secret of an application.
pub(crate) fn current(client_id: &str) -> StoredSecret {
    StoredSecret::AzureClientSecret(StoredClientSecret {
        tenant_id: TENANT.to_owned(),
        client_id: client_id.to_owned(),
        key_id: Some(KEY_ID.to_owned()),
        client_secret: Secret::new(SECRET.to_owned()),
    })
}

/// Says that it is the broker.
struct Broker;

#[async_trait]
impl IdentityTokens for Broker {
    async fn token(&self, audience: &str) -> Result<IdentityToken, IdentityError> {
        let token = Secret::new(format!("canary-assertion-for-{audience}"));
        Ok(IdentityToken { token, expires_at: Timestamp::MAX })
    }
}
