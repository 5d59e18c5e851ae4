//! The endpoints where code on a machine, or in App Service, gets tokens of its managed identities.
//! <https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token>

use std::collections::BTreeMap;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::SandboxAzure;
use super::config::ExpiresOn;
use super::resource;
use super::token::{Grantee, MACHINE_LIFETIME};
use crate::trouble::{Injected, Moment};

type Arguments = Query<BTreeMap<String, String>>;

/// A token, and whose.
struct Issued {
    token: String,
    client_id: String,
    resource: String,
    expires_at: Timestamp,
}

enum NotIssued {
    NoSuchIdentity,
    NoSuchResource,
    NotSigned,
}

/// `GET /metadata/identity/oauth2/token`
pub(super) async fn machine(
    State(sandbox): State<SandboxAzure>,
    Extension(moment): Extension<Moment>,
    Query(arguments): Arguments,
    headers: HeaderMap,
) -> Response {
    let metadata =
        headers.get("metadata").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"));
    if !metadata || headers.contains_key("x-forwarded-for") {
        return refused(StatusCode::BAD_REQUEST, "invalid_request", "Required metadata header not specified");
    }
    for name in ["api-version", "resource"] {
        if arguments.get(name).is_none_or(String::is_empty) {
            let message = format!("Required query variable '{name}' is missing");
            return refused(StatusCode::BAD_REQUEST, "invalid_request", &message);
        }
    }
    let issued = match sandbox.issue(&arguments, moment).await {
        Ok(issued) => issued,
        Err(NotIssued::NoSuchIdentity) => {
            return refused(StatusCode::BAD_REQUEST, "invalid_request", "Identity not found");
        }
        Err(NotIssued::NoSuchResource) => {
            let message = "AADSTS500011: The resource principal was not found in the tenant.";
            return refused(StatusCode::BAD_REQUEST, "invalid_resource", message);
        }
        Err(NotIssued::NotSigned) => {
            let message = "Failed to retrieve token from the Active directory.";
            return refused(StatusCode::INTERNAL_SERVER_ERROR, "unknown", message);
        }
    };
    let seconds = moment.until(issued.expires_at).to_string();
    Json(json!({
        "access_token": issued.token,
        "client_id": issued.client_id,
        "expires_in": seconds,
        "expires_on": issued.expires_at.as_second().to_string(),
        "ext_expires_in": seconds,
        "not_before": moment.now.as_second().to_string(),
        "resource": issued.resource,
        "token_type": "Bearer",
    }))
    .into_response()
}

/// `GET /msi/token`
pub(super) async fn app_service(
    State(sandbox): State<SandboxAzure>,
    Extension(moment): Extension<Moment>,
    Query(arguments): Arguments,
    headers: HeaderMap,
) -> Response {
    let config = &sandbox.0.config;
    let given = headers.get("x-identity-header").and_then(|value| value.to_str().ok()).unwrap_or_default();
    // As digests, so that the time of the comparison tells nothing.
    if sandbox.0.key.digest(given) != sandbox.0.key.digest(&config.identity_header) {
        return problem(StatusCode::UNAUTHORIZED, "The X-IDENTITY-HEADER is missing or wrong.");
    }
    if arguments.get("api-version").map(String::as_str) != Some("2019-08-01") {
        return problem(StatusCode::BAD_REQUEST, "The api-version is missing or not supported.");
    }
    let issued = match sandbox.issue(&arguments, moment).await {
        Ok(issued) => issued,
        Err(NotIssued::NoSuchIdentity) => {
            let message = "No User Assigned or Delegated Managed Identity found for specified \
                           ClientId/ResourceId/PrincipalId.";
            return problem(StatusCode::BAD_REQUEST, message);
        }
        Err(NotIssued::NoSuchResource) => {
            return problem(StatusCode::BAD_REQUEST, "The resource was not found in the tenant.");
        }
        Err(NotIssued::NotSigned) => {
            return problem(StatusCode::INTERNAL_SERVER_ERROR, "An unexpected error occurred.");
        }
    };
    let expires_on: Value = match config.expires_on {
        ExpiresOn::Number => issued.expires_at.as_second().into(),
        ExpiresOn::Text => issued.expires_at.as_second().to_string().into(),
        ExpiresOn::Date => issued.expires_at.strftime("%m/%d/%Y %I:%M:%S %p +00:00").to_string().into(),
    };
    Json(json!({
        "access_token": issued.token,
        "client_id": issued.client_id,
        "expires_on": expires_on,
        "resource": issued.resource,
        "token_type": "Bearer",
    }))
    .into_response()
}

/// A planned error, in a shape that is the one of both endpoints.
pub(super) fn injected(injected: &Injected, _: Moment) -> Response {
    let throttled = || ("too_many_requests".to_owned(), "Too many requests".to_owned());
    let (error, message) = injected.error.clone().unwrap_or_else(throttled);
    let body = json!({
        "error": error,
        "error_description": message,
        "statusCode": injected.status.as_u16(),
        "message": message,
    });
    (injected.status, Json(body)).into_response()
}

impl SandboxAzure {
    async fn issue(&self, arguments: &BTreeMap<String, String>, moment: Moment) -> Result<Issued, NotIssued> {
        let asked = arguments.get("client_id").map(String::as_str).filter(|id| !id.is_empty());
        let identity = self.identity(asked).ok_or(NotIssued::NoSuchIdentity)?;
        let resource = arguments.get("resource").cloned().unwrap_or_default();
        if !resource::is_known(&resource) {
            return Err(NotIssued::NoSuchResource);
        }
        let expires_at = moment.after(MACHINE_LIFETIME);
        let grantee = Grantee { client_id: identity.client_id, audience: resource };
        let token = self.sign(&grantee, moment, expires_at).await.ok_or(NotIssued::NotSigned)?;
        Ok(Issued { token, client_id: grantee.client_id, resource: grantee.audience, expires_at })
    }
}

fn refused(status: StatusCode, error: &str, description: &str) -> Response {
    (status, Json(json!({ "error": error, "error_description": description }))).into_response()
}

fn problem(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "statusCode": status.as_u16(), "message": message }))).into_response()
}
