//! Every request gets a name, a span and one line in the log. Bodies and tokens never do.

use std::sync::atomic::Ordering;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument as _, Span, field, info_span};

use crate::router::Api;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The name that the gateway gave a request, among the request's extensions. Never taken from a header, which anybody
/// may send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub String);

/// The outermost layer.
pub(crate) async fn observe(State(api): State<Api>, request: Request, next: Next) -> Response {
    let clock = api.broker.clock();
    let started = clock.monotonic();
    let named = request.extensions().get::<RequestId>().map(|RequestId(id)| id.clone());
    let id = named.unwrap_or_else(|| {
        let count = api.requests.fetch_add(1, Ordering::Relaxed);
        format!("{:x}-{count:x}", clock.now().as_millisecond())
    });
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    let span = info_span!(
        "request",
        request_id = id,
        method = %request.method(),
        route,
        code = field::Empty,
        agent = field::Empty,
        lease = field::Empty,
    );
    let mut response = next.run(request).instrument(span.clone()).await;

    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(X_REQUEST_ID, value);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let elapsed = clock.monotonic().saturating_sub(started);
    let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| tracing::info!(status = response.status().as_u16(), elapsed_ms, "answered"));
    response
}

/// Says in the log which agent a request is about. A name that is none, an attacker's say, is shortened.
pub(crate) fn about_agent(agent: &str) {
    let name: String = agent.chars().take(64).collect();
    Span::current().record("agent", name);
}

/// Says in the log which lease a request is about.
pub(crate) fn about_lease(lease: impl std::fmt::Display) {
    Span::current().record("lease", field::display(lease));
}
