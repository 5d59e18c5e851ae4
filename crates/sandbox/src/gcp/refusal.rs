//! Errors in Google's two shapes: that of RFC 6749 at the token service, and that of its APIs elsewhere.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::trouble::{Injected, Moment};

/// An error of the token service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OauthError {
    pub(super) error: String,
    pub(super) description: String,
    pub(super) status: StatusCode,
}

impl OauthError {
    pub(super) fn new(error: &str, description: impl Into<String>) -> Self {
        let status =
            if error == "server_error" { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::BAD_REQUEST };
        Self { error: error.to_owned(), description: description.into(), status }
    }
}

impl IntoResponse for OauthError {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.error, "error_description": self.description });
        (self.status, Json(body)).into_response()
    }
}

/// An error of an API: `google.rpc.Status` in JSON. <https://cloud.google.com/apis/design/errors>
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) code: String,
    pub(super) message: String,
    pub(super) details: Option<Value>,
}

impl ApiError {
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", message)
    }

    pub(super) fn unauthenticated() -> Self {
        let message = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or \
                       other valid authentication credential. See \
                       https://developers.google.com/identity/sign-in/web/devconsole-project.";
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message)
    }

    pub(super) fn denied(permission: &str, resource: &str) -> Self {
        let message = format!("Permission '{permission}' denied on resource (or it may not exist).");
        let details = json!([{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "IAM_PERMISSION_DENIED",
            "domain": "iam.googleapis.com",
            "metadata": { "permission": permission, "resource": resource },
        }]);
        let error = Self::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message);
        Self { details: Some(details), ..error }
    }

    pub(super) fn scope_insufficient() -> Self {
        let details = json!([{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            "domain": "googleapis.com",
        }]);
        let message = "Request had insufficient authentication scopes.";
        Self { details: Some(details), ..Self::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message) }
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    pub(super) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "Internal error encountered.")
    }

    fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), details: None }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut error = json!({ "code": self.status.as_u16(), "message": self.message, "status": self.code });
        if let (Some(details), Some(error)) = (self.details, error.as_object_mut()) {
            error.insert("details".to_owned(), details);
        }
        let mut response = (self.status, Json(json!({ "error": error }))).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"https://accounts.google.com/\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

pub(super) fn oauth_injected(injected: &Injected, _: Moment) -> Response {
    let exhausted =
        || ("quota_exceeded".to_owned(), "Quota exceeded for token exchange requests.".to_owned());
    let (error, description) = injected.error.clone().unwrap_or_else(exhausted);
    OauthError { error, description, status: injected.status }.into_response()
}

pub(super) fn api_injected(injected: &Injected, _: Moment) -> Response {
    let exhausted =
        || ("RESOURCE_EXHAUSTED".to_owned(), "Resource has been exhausted (e.g. check quota).".to_owned());
    let (code, message) = injected.error.clone().unwrap_or_else(exhausted);
    ApiError { status: injected.status, code, message, details: None }.into_response()
}
