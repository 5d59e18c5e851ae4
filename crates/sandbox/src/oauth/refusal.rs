//! Errors as RFC 6749 has them, §5.2.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::trouble::{Injected, Moment};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    pub(super) error: String,
    pub(super) description: String,
}

impl Refusal {
    pub(super) fn new(error: &str, description: &str) -> Self {
        let status = match error {
            "invalid_client" | "invalid_token" => StatusCode::UNAUTHORIZED,
            "server_error" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        Self { status, error: error.to_owned(), description: description.to_owned() }
    }

    pub(super) fn request(description: &str) -> Self {
        Self::new("invalid_request", description)
    }

    pub(super) fn grant(description: &str) -> Self {
        Self::new("invalid_grant", description)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let challenge = match self.error.as_str() {
            "invalid_client" => Some("Basic realm=\"oauth\""),
            "invalid_token" => Some("Bearer error=\"invalid_token\""),
            _ => None,
        };
        let body = json!({ "error": self.error, "error_description": self.description });
        let mut response = (self.status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response();
        if let Some(challenge) = challenge {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}

pub(super) fn injected(injected: &Injected, _: Moment) -> Response {
    let throttled = || ("temporarily_unavailable".to_owned(), "Too many requests.".to_owned());
    let (error, description) = injected.error.clone().unwrap_or_else(throttled);
    Refusal { status: injected.status, error, description }.into_response()
}
