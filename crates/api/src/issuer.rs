//! The two documents of the broker's own issuer of identity tokens: for anybody, and to be kept for a while.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use deputize_broker::issuer::{DISCOVERY, Document, Issuer, KEY_SET};

use crate::problem::{Code, Problem, ProblemBody};

/// When to come back for keys that could not be had.
const SOON: Duration = Duration::from_secs(5);

/// The documents of an issuer, at the paths below its URL where relying parties look for them. No caller has to prove
/// who it is: a gateway in front has to let everybody through to them. They are part of a whole API too, see
/// [`router`](crate::router).
pub fn issuer_router(issuer: Arc<Issuer>) -> Router {
    routes(issuer)
}

pub(crate) fn routes<S: Clone + Send + Sync + 'static>(issuer: Arc<Issuer>) -> Router<S> {
    Router::new().route(DISCOVERY, get(discovery)).route(KEY_SET, get(key_set)).with_state(issuer)
}

/// The discovery document of OpenID Connect, where the broker issues its own identity tokens. For anybody.
#[utoipa::path(
    get, path = "/.well-known/openid-configuration", tag = "issuer",
    responses(
        (status = 200, content_type = "application/json", description = "The document, to be kept as long as it says"),
        (status = 304, description = "As it was"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn discovery(State(issuer): State<Arc<Issuer>>, headers: HeaderMap) -> Response {
    answer(issuer.discovery(), &headers)
}

/// The keys that the broker's identity tokens are signed by, now, lately and next (RFC 7517). For anybody.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "issuer",
    responses(
        (status = 200, content_type = "application/json", description = "The keys, to be kept as long as it says"),
        (status = 304, description = "As they were"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn key_set(State(issuer): State<Arc<Issuer>>, headers: HeaderMap) -> Response {
    match issuer.key_set().await {
        Ok(document) => answer(document, &headers),
        Err(error) => {
            let problem = Problem::new(Code::IssuerUnavailable, "the signing keys cannot be had now");
            // An error that a cache kept would outlive its cause.
            ([(CACHE_CONTROL, "no-store")], problem.because(error).retry_after(SOON)).into_response()
        }
    }
}

fn answer(document: Document, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", document.etag);
    let known =
        headers.get_all(IF_NONE_MATCH).iter().any(|value| value.to_str().is_ok_and(|text| names(text, &tag)));
    let kept = [
        (CACHE_CONTROL, format!("public, max-age={}", document.max_age.get())),
        (ETAG, tag),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    if known {
        (StatusCode::NOT_MODIFIED, kept).into_response()
    } else {
        (kept, [(CONTENT_TYPE, "application/json")], document.body).into_response()
    }
}

/// Whether a list of tags has this one, compared weakly (RFC 9110, 13.1.2). None of ours has a comma in it.
fn names(list: &str, tag: &str) -> bool {
    list.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}
