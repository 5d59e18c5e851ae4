//! AWS with what moto lacks: a proxy before it, with a key that signs logs, and a bus that can be throttled.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::proxy::forward;
use crate::{HarnessError, Moto};

/// What stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410, 4).
const HEADER: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// As EventBridge says it.
const THROTTLED: &str = r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#;

/// The proxy. What it does not know itself, moto is asked for.
#[derive(Debug)]
pub struct AwsProxy {
    url: String,
    state: Arc<Inner>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Inner {
    upstream: String,
    client: reqwest::Client,
    key: SigningKey,
    is_throttled: AtomicBool,
    published: Mutex<Vec<Value>>,
}

impl AwsProxy {
    /// The key that signs logs: Ed25519, of which moto knows nothing.
    pub const LOG_KEY: &'static str = "arn:aws:kms:us-east-1:123456789012:key/log";

    /// Starts one before `moto`.
    ///
    /// # Errors
    /// [`HarnessError::Io`] where no port can be opened.
    pub async fn before(moto: &Moto) -> Result<Self, HarnessError> {
        let opening = || HarnessError::io("opening a port before moto");
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(opening())?;
        let url = format!("http://{}", listener.local_addr().map_err(opening())?);
        let state = Arc::new(Inner {
            upstream: moto.url().to_owned(),
            client: reqwest::Client::new(),
            key: SigningKey::from_bytes(&[9; 32]),
            is_throttled: AtomicBool::new(false),
            published: Mutex::default(),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&state));
        let server = tokio::spawn(async move {
            // Ends only with the task; a failed accept is retried inside.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { url, state, server })
    }

    /// `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The public half of the key that signs logs.
    #[must_use]
    pub fn log_key(&self) -> [u8; 32] {
        self.state.key.verifying_key().to_bytes()
    }

    /// Whether EventBridge takes nothing, from now on.
    pub fn throttle_events(&self, throttled: bool) {
        self.state.is_throttled.store(throttled, Ordering::SeqCst);
    }

    /// What EventBridge took: the entries of `PutEvents`, in their order.
    #[must_use]
    pub fn published(&self) -> Vec<Value> {
        self.state.published.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for AwsProxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(
    State(state): State<Arc<Inner>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let is_of_log = asked.get("KeyId").is_some_and(|key| key == AwsProxy::LOG_KEY);
    match target {
        "TrentService.GetPublicKey" if is_of_log => reply(StatusCode::OK, state.public_key().to_string()),
        "TrentService.Sign" if is_of_log => reply(StatusCode::OK, state.sign(&asked).to_string()),
        "AWSEvents.PutEvents" if state.is_throttled.load(Ordering::SeqCst) => {
            reply(StatusCode::BAD_REQUEST, THROTTLED.to_owned())
        }
        "AWSEvents.PutEvents" => {
            let answer = forward(&state.client, &state.upstream, method, &uri, headers, body).await;
            if answer.status().is_success() {
                let entries = asked.get("Entries").and_then(Value::as_array).cloned().unwrap_or_default();
                state.published.lock().unwrap_or_else(PoisonError::into_inner).extend(entries);
            }
            answer
        }
        _ => forward(&state.client, &state.upstream, method, &uri, headers, body).await,
    }
}

impl Inner {
    fn public_key(&self) -> Value {
        let key = [&HEADER[..], self.key.verifying_key().as_bytes()].concat();
        json!({
            "KeyId": AwsProxy::LOG_KEY,
            "PublicKey": BASE64_STANDARD.encode(key),
            "KeySpec": "ECC_NIST_EDWARDS25519",
            "KeyUsage": "SIGN_VERIFY",
            "SigningAlgorithms": ["ED25519_PH_SHA_512", "ED25519_SHA_512"],
        })
    }

    fn sign(&self, asked: &Value) -> Value {
        let message = asked.get("Message").and_then(Value::as_str).unwrap_or_default();
        let message = BASE64_STANDARD.decode(message).unwrap_or_default();
        json!({
            "KeyId": AwsProxy::LOG_KEY,
            "Signature": BASE64_STANDARD.encode(self.key.sign(&message).to_bytes()),
            "SigningAlgorithm": asked.get("SigningAlgorithm"),
        })
    }
}

fn reply(status: StatusCode, body: String) -> Response {
    (status, [("content-type", "application/x-amz-json-1.1")], body).into_response()
}
