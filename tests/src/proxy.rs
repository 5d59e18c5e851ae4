//! What proxies before emulators have in common.

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

/// Sends a request on, and hands its answer back.
pub(crate) async fn forward(
    client: &reqwest::Client,
    upstream: &str,
    method: Method,
    uri: &Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response {
    // Of this connection, not of the next one.
    for name in ["host", "transfer-encoding", "connection", "expect"] {
        headers.remove(name);
    }
    let request = client.request(method, format!("{upstream}{uri}")).headers(headers).body(body);
    match request.send().await {
        Ok(answer) => {
            let (status, mut headers) = (answer.status(), answer.headers().clone());
            headers.remove("transfer-encoding");
            headers.remove("connection");
            (status, headers, answer.bytes().await.unwrap_or_default()).into_response()
        }
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}
