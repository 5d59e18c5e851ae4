//! Where keys are made: in the process of the test, so that they outlive the broker.

use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::Builder as AwsHttp;
use aws_types::SdkConfig;
use aws_types::region::Region;
use axum::Router;
use deputize_broker::{Clock as _, Random as _};
use deputize_host::{OsRandom, SystemClock};
use deputize_sandbox::Key;
use deputize_sandbox::aws::{self, SandboxAws};
use deputize_sandbox::keys::{Config, SandboxKeys};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// For so long a new key does not work, or not each time.
const SETTLING: Duration = Duration::from_millis(300);

/// A provider of API keys. What is deleted or disabled does not work any more, from that moment on.
pub(crate) struct ApiKeys {
    pub(crate) provider: SandboxKeys,
    pub(crate) url: String,
    http: reqwest::Client,
}

impl ApiKeys {
    pub(crate) async fn start() -> Self {
        let config = Config { settling: SETTLING, ..Config::new(key()) };
        let provider = SandboxKeys::new(config, clock(), random());
        let url = serve(provider.router()).await;
        Self { provider, url, http: reqwest::Client::new() }
    }

    /// A new account's first key, as it is imported.
    pub(crate) async fn first_key(&self) -> Value {
        let answer = self.http.post(format!("{}/accounts", self.url)).send().await.unwrap();
        let made: Value = answer.json().await.unwrap();
        json!({ "api_key": made["secret"], "key_id": made["id"] })
    }

    /// The keys of the account that a key is of: their ids, and whether they are enabled.
    pub(crate) async fn list(&self, key: &str) -> Vec<(String, bool)> {
        let call = self.http.get(format!("{}/v1/keys", self.url)).bearer_auth(key);
        let listed: Value = call.send().await.unwrap().json().await.unwrap();
        assert_eq!(listed["next"], Value::Null, "more keys than there may be");
        let keys = listed["keys"].as_array().unwrap().iter();
        keys.map(|key| (key["id"].as_str().unwrap().to_owned(), key["enabled"] == true)).collect()
    }

    /// How its keys are rotated.
    pub(crate) fn connector(&self) -> String {
        let url = &self.url;
        let host = url.trim_start_matches("http://");
        json!({
            "version": 1,
            "name": "keys",
            "hosts": [host],
            "auth": { "scheme": "bearer" },
            "create": {
                "url": format!("{url}/v1/keys"), "body": { "label": "{label}" },
                "success": { "status": [201] }, "key": "/secret", "id": "/id",
            },
            "probe": { "url": format!("{url}/v1/whoami"), "refused": [401] },
            "list": {
                "url": format!("{url}/v1/keys"),
                "items": "/keys", "id": "/id", "label": "/label", "next": { "link": "/next" },
            },
            "disable": { "url": format!("{url}/v1/keys/{{key.id}}/disable") },
            "revoke": { "url": format!("{url}/v1/keys/{{key.id}}"), "success": { "status": [204] } },
            "error_code": "/error/code",
            "key_limit": "too_many_keys",
            "most_keys": 5,
        })
        .to_string()
    }
}

/// An account at AWS: inactive keys do not work there.
pub(crate) struct Account {
    pub(crate) sandbox: SandboxAws,
    pub(crate) url: String,
}

impl Account {
    pub(crate) async fn start() -> Self {
        let sandbox = SandboxAws::new(aws::Config::new(key()), clock(), random());
        let url = serve(sandbox.router()).await;
        Self { sandbox, url }
    }

    /// What makes the broker the account's operator.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let root = self.sandbox.root_credentials();
        operator(&self.url, &root.id, root.secret.as_str())
    }

    /// The first key of a new user, as it is imported.
    pub(crate) async fn first_key(&self, user: &str) -> Value {
        let root = self.sandbox.root_credentials();
        let iam = aws_sdk_iam::Client::new(&signing(&self.url, &root.id, root.secret.as_str()));
        let made = iam.create_access_key().user_name(user).send().await.unwrap().access_key.unwrap();
        json!({
            "access_key_id": made.access_key_id,
            "secret_access_key": made.secret_access_key,
            "user_name": user,
        })
    }

    /// The keys of a user: their ids, and whether they are active.
    pub(crate) fn list(&self, user: &str) -> Vec<(String, bool)> {
        let users = self.sandbox.access_keys();
        let there = users[user].iter().filter(|key| key.deleted_at.is_none());
        there.map(|key| (key.id.clone(), key.active)).collect()
    }
}

/// The environment of a process that is somebody at an AWS of that address.
pub(crate) fn operator(url: &str, id: &str, secret: &str) -> Vec<(String, String)> {
    [
        ("AWS_ACCESS_KEY_ID", id),
        ("AWS_SECRET_ACCESS_KEY", secret),
        ("AWS_ENDPOINT_URL", url),
        ("AWS_REGION", "us-east-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// What signs with a key at an AWS of that address.
pub(crate) fn signing(url: &str, id: &str, secret: &str) -> SdkConfig {
    let credentials = Credentials::new(id, secret, None, None, "test");
    SdkConfig::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(url)
        .http_client(AwsHttp::new().build_http())
        .region(Region::new("us-east-1"))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .build()
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

fn key() -> Key {
    Key::new([7; 32])
}

fn clock() -> Arc<dyn deputize_sandbox::Clock> {
    let clock = SystemClock::start();
    Arc::new(move || clock.now())
}

fn random() -> Arc<dyn deputize_sandbox::Random> {
    Arc::new(|bytes: &mut [u8]| OsRandom.fill(bytes))
}
