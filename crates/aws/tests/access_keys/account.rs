//! A sandbox that is being served, whose clock the clients share.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_sdk_iam::config::{BehaviorVersion, Credentials, SharedCredentialsProvider};
use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use aws_smithy_http_client::Builder as HttpClient;
use aws_types::SdkConfig;
use aws_types::region::Region;
use deputize_aws::{AccessKeys, AccessKeysSettings};
use deputize_broker::Secret;
use deputize_broker::stored::StoredSecret;
use deputize_broker::stored::secret::StoredAccessKey;
use deputize_sandbox::aws::{Config, Faults, Key, SandboxAws};
use jiff::Timestamp;
use tokio::net::TcpListener;

/// The time, which stands still until it is moved.
#[derive(Clone, Debug)]
struct Now(Arc<Mutex<Timestamp>>);

impl TimeSource for Now {
    fn now(&self) -> SystemTime {
        let seconds = u64::try_from(self.0.lock().unwrap().as_second()).unwrap();
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }
}

pub(crate) struct Account {
    sandbox: SandboxAws,
    endpoint: String,
    now: Now,
}

impl Account {
    pub(crate) async fn configured(configure: impl FnOnce(&mut Config)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let now = Now(Arc::new(Mutex::new("2026-11-23T06:00:00Z".parse().unwrap())));
        let mut config = Config::new(Key::new([7; 32]));
        configure(&mut config);
        let (clock, next) = (Arc::clone(&now.0), AtomicU8::new(0));
        let clock = move || -> Timestamp { *clock.lock().unwrap() };
        let random = move |bytes: &mut [u8]| {
            bytes.iter_mut().for_each(|byte| *byte = next.fetch_add(1, Ordering::Relaxed));
        };
        let sandbox = SandboxAws::new(config, Arc::new(clock), Arc::new(random));
        let router = sandbox.router();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { sandbox, endpoint, now }
    }

    pub(crate) fn advance(&self, by: Duration) {
        let mut now = self.now.0.lock().unwrap();
        *now = now.checked_add(by).unwrap();
    }

    pub(crate) fn time(&self) -> Timestamp {
        *self.now.0.lock().unwrap()
    }

    pub(crate) fn faults(&self) -> Faults {
        self.sandbox.faults()
    }

    /// The configuration of whoever may do anything there.
    pub(crate) fn operator(&self) -> SdkConfig {
        let root = self.sandbox.root_credentials();
        self.config(Credentials::new(root.id, root.secret.as_str(), None, None, "test"))
    }

    pub(crate) fn config(&self, credentials: Credentials) -> SdkConfig {
        let mut config = config_at(&self.endpoint, credentials).to_builder();
        config.set_time_source(Some(SharedTimeSource::new(self.now.clone())));
        config.build()
    }

    pub(crate) fn access_keys(&self, settings: AccessKeysSettings) -> AccessKeys {
        AccessKeys::new(&self.operator(), settings)
    }

    /// A user with a key that works.
    pub(crate) async fn key_of(&self, user: &str) -> StoredAccessKey {
        let iam = aws_sdk_iam::Client::new(&self.operator());
        let made = iam.create_access_key().user_name(user).send().await.unwrap().access_key.unwrap();
        self.advance(Duration::from_secs(60));
        StoredAccessKey {
            access_key_id: made.access_key_id,
            user_name: Some(made.user_name),
            secret_access_key: Secret::new(made.secret_access_key),
        }
    }
}

pub(crate) fn config_at(endpoint: &str, credentials: Credentials) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .http_client(HttpClient::new().build_http())
        .region(Region::new("us-east-1"))
        .build()
}

pub(crate) fn stored(key: &StoredAccessKey) -> StoredSecret {
    StoredSecret::AwsAccessKey(key.clone())
}
