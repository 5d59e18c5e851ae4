//! Errors: a code for programs, and a message for people.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::trouble::{Injected, Moment};

#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: String,
    message: String,
}

impl Refusal {
    fn new(status: StatusCode, code: &str, message: &str) -> Self {
        Self { status, code: code.to_owned(), message: message.to_owned() }
    }

    pub(super) fn invalid_key() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_key", "The key does not work.")
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "The account has no such key.")
    }

    pub(super) fn too_many() -> Self {
        Self::new(StatusCode::CONFLICT, "too_many_keys", "The account has as many keys as it may have.")
    }

    pub(super) fn invalid_request(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", message)
    }

    pub(super) fn defect() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The key could not be made.")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({ "error": { "code": self.code, "message": self.message } });
        (self.status, Json(body)).into_response()
    }
}

pub(super) fn injected(injected: &Injected, _: Moment) -> Response {
    let throttled = || ("too_many_requests".to_owned(), "Too many requests.".to_owned());
    let (code, message) = injected.error.clone().unwrap_or_else(throttled);
    Refusal { status: injected.status, code, message }.into_response()
}
