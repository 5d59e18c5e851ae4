//! A sandbox that is being served, and clients of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_sts::Client;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::builders::AssumeRoleFluentBuilder;
use aws_smithy_async::time::StaticTimeSource;
use aws_smithy_http_client::Builder as HttpClient;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use axum::Router;
use deputize_sandbox::aws::{Config, Key, SandboxAws};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/team/devops";
pub(crate) const REGION: &str = "eu-central-1";

/// A sandbox that is being served, at a time that stands still until it is moved.
pub(crate) struct Account {
    pub(crate) sandbox: SandboxAws,
    pub(crate) endpoint: String,
    now: Arc<Mutex<Timestamp>>,
}

impl Account {
    pub(crate) async fn start() -> Self {
        Self::configured(|_| ()).await
    }

    /// Nested under a path, as `deputize up` serves it.
    pub(crate) async fn configured(configure: impl FnOnce(&mut Config)) -> Self {
        Self::served(configure, |sandbox| sandbox.router_under("/sandbox/aws"), "/sandbox/aws").await
    }

    pub(crate) async fn served(
        configure: impl FnOnce(&mut Config),
        within: impl FnOnce(&SandboxAws) -> Router,
        path: &str,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}{path}", listener.local_addr().unwrap());
        let mut config = Config::new(Key::new([7; 32]));
        config.issuer = Some(endpoint.clone());
        configure(&mut config);
        let now = Arc::new(Mutex::new("2026-11-23T06:00:00Z".parse().unwrap()));
        let clock = Arc::clone(&now);
        let clock = move || -> Timestamp { *clock.lock().unwrap() };
        let sandbox = SandboxAws::new(config, Arc::new(clock), Arc::new(scrambled()));
        let router = within(&sandbox);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { sandbox, endpoint, now }
    }

    pub(crate) fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    pub(crate) fn advance(&self, by: Duration) {
        let mut now = self.now.lock().unwrap();
        *now = now.checked_add(by).unwrap();
    }

    pub(crate) fn operator(&self) -> Client {
        let key = self.sandbox.root_credentials();
        self.client(keys(&key.id, key.secret.as_str(), None))
    }

    pub(crate) fn client(&self, credentials: Credentials) -> Client {
        Client::from_conf(self.client_config(credentials).build())
    }

    pub(crate) fn client_config(&self, credentials: Credentials) -> aws_sdk_sts::config::Builder {
        aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(credentials)
            .region(Region::new(REGION))
            .endpoint_url(&self.endpoint)
            .http_client(HttpClient::new().build_http())
            .retry_config(RetryConfig::disabled())
            .time_source(at(self.now()))
    }

    pub(crate) fn assume(&self) -> AssumeRoleFluentBuilder {
        assume_with(&self.operator())
    }

    pub(crate) async fn session(&self, policy: Option<&str>) -> Credentials {
        credentials(self.assume().set_policy(policy.map(str::to_owned))).await
    }

    /// What `/authorize` answers about a call with these credentials.
    pub(crate) async fn authorize(
        &self,
        credentials: &Credentials,
        action: &str,
        resource: &str,
    ) -> (u16, Value) {
        self.ask(&json!({
            "access_key_id": credentials.access_key_id(),
            "secret_access_key": credentials.secret_access_key(),
            "session_token": credentials.session_token(),
            "action": action,
            "resource": resource,
            "region": REGION,
        }))
        .await
    }

    pub(crate) async fn ask(&self, question: &Value) -> (u16, Value) {
        let url = format!("{}/authorize", self.endpoint);
        let response = reqwest::Client::new().post(url).json(question).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }
}

pub(crate) fn assume_with(client: &Client) -> AssumeRoleFluentBuilder {
    client.assume_role().role_arn(ROLE).role_session_name("lease-1")
}

/// The credentials of the session that the call makes.
pub(crate) async fn credentials(call: AssumeRoleFluentBuilder) -> Credentials {
    let output = call.send().await.unwrap();
    let issued = output.credentials().unwrap();
    let token = Some(issued.session_token().to_owned());
    keys(issued.access_key_id(), issued.secret_access_key(), token)
}

/// The status, code and message of the error that a call was answered with.
pub(crate) fn refusal<T, E>(outcome: Result<T, SdkError<E, HttpResponse>>) -> (u16, String, String)
where
    E: ProvideErrorMetadata + std::fmt::Debug,
{
    match outcome {
        Ok(_) => panic!("the call was allowed"),
        Err(error) => {
            let status = error.raw_response().map_or(0, |response| response.status().as_u16());
            let code = error.code().unwrap_or_default().to_owned();
            (status, code, error.message().unwrap_or_default().to_owned())
        }
    }
}

/// Bytes that never repeat, and that are the same in every run (splitmix64).
fn scrambled() -> impl Fn(&mut [u8]) + Send + Sync {
    let state = AtomicU64::new(0);
    move |bytes: &mut [u8]| {
        for chunk in bytes.chunks_mut(8) {
            let mut word = state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(word ^ (word >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Credentials as a client would have been configured with.
pub(crate) fn keys(id: &str, secret: &str, token: Option<String>) -> Credentials {
    Credentials::new(id, secret, token, None, "test")
}

/// A client's clock that stands at this time.
pub(crate) fn at(time: Timestamp) -> StaticTimeSource {
    StaticTimeSource::from_secs(u64::try_from(time.as_second()).unwrap())
}
