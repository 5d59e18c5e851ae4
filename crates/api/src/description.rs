//! The API described in its own words, as OpenAPI.
//!
//! It is served as it is committed, and a test holds that to the code: what makes the description is a quarter of a
//! megabyte of it, which no function has to carry.

use axum::http::header;
use axum::response::IntoResponse;
use utoipa::OpenApi;

use crate::audit::{entries, events, exports, files, logs, subjects};
use crate::problem::ProblemBody;
use crate::{connectors, credentials, issuer, leases, narrow, rotation, router, scopes, stored};

/// The description as it is committed: `schema/openapi.json`.
pub(crate) const DESCRIPTION: &str = include_str!("../../../schema/openapi.json");

/// The description of the API, made from the code.
#[derive(Debug, OpenApi)]
#[openapi(
    info(title = "Deputize", description = "A credential broker for AI agents."),
    paths(
        credentials::issue,
        stored::current,
        stored::list,
        stored::show,
        stored::import,
        rotation::adopted,
        rotation::act,
        connectors::list,
        connectors::put,
        scopes::grant,
        leases::list,
        leases::revoke,
        narrow::act,
        scopes::show,
        scopes::publish,
        scopes::check,
        scopes::schema,
        entries::search,
        entries::show,
        entries::prove,
        logs::list,
        logs::cosign,
        files::key,
        files::checkpoint,
        files::cosigned,
        files::tile,
        files::key_of,
        files::checkpoint_of,
        files::cosigned_of,
        files::tile_of,
        events::report,
        exports::export,
        subjects::erase,
        issuer::discovery,
        issuer::key_set,
        router::health,
        openapi,
    ),
    components(schemas(ProblemBody))
)]
pub struct ApiDescription;

/// This description.
#[utoipa::path(get, path = "/openapi.json", tag = "service",
    responses((status = 200, content_type = "application/json", description = "The description")))]
pub(crate) async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DESCRIPTION)
}
