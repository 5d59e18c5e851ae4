//! The sandbox's provider of API keys, served on a port of this machine, with an account in it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use deputize_broker::Random as _;
use deputize_broker::Secret;
use deputize_broker::ports::rotation::Subject;
use deputize_broker::stored::secret::StoredApiKey;
use deputize_broker::stored::{CredentialRecord, StoredSecret};
use deputize_connectors::{ConnectorSettings, DeclaredConnector};
use deputize_sandbox::keys::{Config, SandboxKeys, Service};
use deputize_sandbox::{Faults, Key};
use deputize_testkit::keys::Scrambled;
use deputize_testkit::rotation::{Place, record_of};
use jiff::Timestamp;
use tokio::net::TcpListener;

pub(crate) const SANDBOX: &str = include_str!("../../../../examples/connectors/sandbox.yaml");
const SETTLING: Duration = Duration::from_secs(20);

/// An engine that may go to this machine.
pub(crate) fn engine() -> DeclaredConnector {
    DeclaredConnector::new(ConnectorSettings { allow_private: true })
}

pub(crate) struct Provider {
    pub(crate) engine: DeclaredConnector,
    pub(crate) management: Faults,
    pub(crate) resource: Faults,
    now: Arc<Mutex<Timestamp>>,
    pub(crate) connector: String,
    record: CredentialRecord,
    current: StoredSecret,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let now = Arc::new(Mutex::new("2026-11-23T06:00:00Z".parse::<Timestamp>().unwrap()));
        let config = Config { page: 2, settling: SETTLING, ..Config::new(Key::new([7; 32])) };
        let (clock, random) = (Arc::clone(&now), Scrambled::new(9));
        let sandbox = SandboxKeys::new(
            config,
            Arc::new(move || *clock.lock().unwrap()),
            Arc::new(move |bytes: &mut [u8]| random.fill(bytes)),
        );
        let router = sandbox.router_under("/sandbox/keys");
        tokio::spawn(async move { axum::serve(listener, router).await });
        let opened = reqwest::Client::new().post(format!("http://{host}/sandbox/keys/accounts"));
        let opened: serde_json::Value = opened.send().await.unwrap().json().await.unwrap();
        let text = |name: &str| opened[name].as_str().unwrap().to_owned();
        let current = api_key(Some(&text("id")), &text("secret"));
        Self {
            engine: engine(),
            management: sandbox.faults(Service::Management),
            resource: sandbox.faults(Service::Resource),
            now,
            connector: SANDBOX.replace("127.0.0.1:7117", &host),
            record: record_of(&current),
            current,
        }
    }

    pub(crate) fn settle(&self) {
        let mut now = self.now.lock().unwrap();
        *now = now.checked_add(SETTLING).unwrap();
    }

    pub(crate) fn place<'a>(&'a self, settle: &'a (dyn Fn() + Sync)) -> Place<'a> {
        Place {
            provider: &self.engine,
            record: &self.record,
            current: &self.current,
            connector: Some(&self.connector),
            refuses: true,
            settle,
        }
    }

    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject { record: &self.record, current: &self.current, connector: Some(&self.connector) }
    }

    pub(crate) fn current(&self) -> &StoredSecret {
        &self.current
    }
}

pub(crate) fn api_key(id: Option<&str>, key: &str) -> StoredSecret {
    let key = Secret::new(key.to_owned());
    StoredSecret::ApiKey(StoredApiKey { key_id: id.map(str::to_owned), key })
}
