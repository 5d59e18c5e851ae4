//! Which method and path goes where.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use deputize_broker::Broker;
use deputize_broker::issuer::Issuer;
use tower_http::catch_panic::CatchPanicLayer;

use crate::audit::{self, AuditRoutes, Ledger};
use crate::authentication::Authentication;
use crate::catalogue::Shelf;
use crate::description::openapi;
use crate::observation::observe;
use crate::problem::{Code, Problem};
use crate::{connectors, credentials, issuer, leases, narrow, rotation, scopes, stored};

/// The largest body, in bytes: a scope document of a few thousand statements.
pub(crate) const BODY_LIMIT: usize = 256 * 1024;

/// What every handler is given.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) broker: Arc<Broker>,
    pub(crate) authentication: Authentication,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) ledger: Option<Arc<Ledger>>,
    /// Counts requests, to name those that no gateway has named.
    pub(crate) requests: Arc<AtomicU64>,
}

/// The whole HTTP API of a broker. Where callers prove who they are is up to `authentication`; scope documents are
/// checked against the catalogues of `shelf`; where the broker is an `issuer` of identity tokens, its documents are there
/// for anybody; where it keeps a ledger, `audit` says how that is read.
pub fn router(
    broker: Arc<Broker>,
    authentication: Authentication,
    shelf: Shelf,
    issuer: Option<Arc<Issuer>>,
    audit: Option<AuditRoutes>,
) -> Router {
    let ledger = audit.map(|routes| Arc::new(Ledger::new(routes)));
    let audited = ledger.as_ref().map(|_| audit::routes()).unwrap_or_default();
    let api = Api { broker, authentication, shelf: Arc::new(shelf), ledger, requests: Arc::default() };
    Router::new()
        .route("/v1/agents/{agent}/credentials", post(credentials::issue))
        .route("/v1/agents/{agent}/credentials/{id}/current", get(stored::current))
        .route("/v1/agents/{agent}/credentials/{id}/versions/{n}/adopted", post(rotation::adopted))
        .route("/v1/agents/{agent}/scopes", get(scopes::grant))
        .route("/v1/connectors", get(connectors::list).put(connectors::put))
        .route("/v1/credentials", get(stored::list).post(stored::import))
        .route("/v1/credentials/{id}", get(stored::show).post(rotation::act))
        .route("/v1/leases", get(leases::list))
        .route("/v1/leases/{id}", delete(leases::revoke).post(narrow::act))
        .route("/v1/scopes", get(scopes::show).put(scopes::publish))
        .route("/v1/scopes:check", post(scopes::check))
        .route("/schema/scope.json", get(scopes::schema))
        .route("/healthz", get(health))
        .route("/openapi.json", get(openapi))
        .merge(audited)
        .merge(issuer.map(issuer::routes).unwrap_or_default())
        .fallback(nothing_here)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(CatchPanicLayer::custom(defect))
        .layer(from_fn_with_state(api.clone(), observe))
        .with_state(api)
}

/// Whether the process answers. It says nothing of the stores and clouds behind it.
#[utoipa::path(get, path = "/healthz", tag = "service", responses((status = 200, description = "It answers")))]
pub(crate) async fn health() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], r#"{"status":"ok"}"#)
}

async fn nothing_here() -> Problem {
    Problem::new(Code::NotFound, "there is nothing at this path")
}

async fn no_such_method(request: Request) -> Problem {
    Problem::new(Code::MethodNotAllowed, format!("{} is not a method of this path", request.method()))
}

/// What a panic said goes nowhere: it may hold whatever the handler held.
fn defect(_panic: Box<dyn Any + Send>) -> Response {
    Problem::new(Code::Internal, "this is a defect of the broker; please report it").into_response()
}
