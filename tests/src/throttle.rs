//! A table that can be throttled: a proxy before DynamoDB Local, which has no limits of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::proxy::forward;
use crate::{DynamoDbLocal, HarnessError};

/// As DynamoDB says it.
const THROTTLED: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException",
    "message":"Rate of requests exceeds the allowed throughput."}"#;

/// The proxy. Everything passes until it is told otherwise.
#[derive(Debug)]
pub struct Throttle {
    url: String,
    limit: Arc<AtomicU32>,
    server: JoinHandle<()>,
}

#[derive(Clone)]
struct Proxy {
    upstream: String,
    client: reqwest::Client,
    limit: Arc<AtomicU32>,
}

impl Throttle {
    /// Starts one before `dynamodb`.
    ///
    /// # Errors
    /// [`HarnessError::Io`] where no port can be opened.
    pub async fn before(dynamodb: &DynamoDbLocal) -> Result<Self, HarnessError> {
        let opening = || HarnessError::io("opening a port for the throttle");
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(opening())?;
        let url = format!("http://{}", listener.local_addr().map_err(opening())?);
        let limit = Arc::new(AtomicU32::new(u32::MAX));
        let upstream = dynamodb.url().to_owned();
        let proxy = Proxy { upstream, client: reqwest::Client::new(), limit: Arc::clone(&limit) };
        let router = Router::new().fallback(pass).with_state(proxy);
        let server = tokio::spawn(async move {
            // Ends only with the task; a failed accept is retried inside.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { url, limit, server })
    }

    /// `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL_DYNAMODB`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on `transactions` more are let through, and none after; reads always are.
    pub fn after(&self, transactions: u32) {
        self.limit.store(transactions, Ordering::SeqCst);
    }

    /// From now on everything passes again.
    pub fn lift(&self) {
        self.after(u32::MAX);
    }
}

impl Drop for Throttle {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn pass(
    State(proxy): State<Proxy>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let writes = target.ends_with(".TransactWriteItems");
    let take = |left: u32| if left == u32::MAX { Some(left) } else { left.checked_sub(1) };
    if writes && proxy.limit.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_err() {
        let headers = [("content-type", "application/x-amz-json-1.0")];
        return (StatusCode::BAD_REQUEST, headers, THROTTLED).into_response();
    }
    forward(&proxy.client, &proxy.upstream, method, &uri, headers, body).await
}
