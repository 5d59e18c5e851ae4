//! Errors in Microsoft's shapes: Entra's, and those of its APIs.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::trouble::{Injected, Moment};

/// An error of the token endpoint.
/// <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EntraError {
    pub(super) error: &'static str,
    pub(super) code: u32,
    pub(super) message: String,
}

impl EntraError {
    pub(super) fn request(code: u32, message: impl Into<String>) -> Self {
        Self { error: "invalid_request", code, message: message.into() }
    }

    pub(super) fn client(code: u32, message: impl Into<String>) -> Self {
        Self { error: "invalid_client", code, message: message.into() }
    }

    pub(super) fn scope(code: u32, message: impl Into<String>) -> Self {
        Self { error: "invalid_scope", code, message: message.into() }
    }

    /// The answer, with the ids by which Microsoft's support would look it up.
    pub(super) fn answer(&self, now: Timestamp, trace: &str, correlation: &str) -> Response {
        let status =
            if self.error == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
        let message = format!("AADSTS{}: {}", self.code, self.message);
        entra(status, self.error, &message, &[self.code], (now, trace, correlation))
    }
}

fn entra(
    status: StatusCode,
    error: &str,
    message: &str,
    codes: &[u32],
    (now, trace, correlation): (Timestamp, &str, &str),
) -> Response {
    let timestamp = now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    let mut body = json!({
        "error": error,
        "error_description":
            format!("{message} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {timestamp}"),
        "error_codes": codes,
        "timestamp": timestamp,
        "trace_id": trace,
        "correlation_id": correlation,
    });
    if let (Some(code), Some(body)) = (codes.first(), body.as_object_mut()) {
        let uri = format!("https://login.microsoftonline.com/error?code={code}");
        body.insert("error_uri".to_owned(), uri.into());
    }
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")];
    (status, headers, Json(body)).into_response()
}

/// A planned error: its message may begin with `AADSTS` and a number.
pub(super) fn entra_injected(injected: &Injected, moment: Moment) -> Response {
    let throttled = || {
        let message =
            "AADSTS90055: The server has terminated the request because there are too many requests.";
        ("temporarily_unavailable".to_owned(), message.to_owned())
    };
    let (error, message) = injected.error.clone().unwrap_or_else(throttled);
    let digits = message.strip_prefix("AADSTS").map(|rest| rest.split(':').next().unwrap_or_default());
    let codes: Vec<u32> = digits.and_then(|digits| digits.parse().ok()).into_iter().collect();
    let id = moment.id();
    entra(injected.status, &error, &message, &codes, (moment.now, &id, &id))
}

/// An error of one of the APIs.
#[derive(Clone, Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    code: String,
    message: String,
    /// Further members, and by which name.
    inner: Option<Box<(&'static str, Value)>>,
    challenge: Option<String>,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), inner: None, challenge: None }
    }

    /// With the more precise code that Key Vault has.
    pub(super) fn precisely(self, code: &str) -> Self {
        Self { inner: Some(Box::new(("innererror", json!({ "code": code })))), ..self }
    }

    /// With what the services of Graph tell besides.
    pub(super) fn of_graph(self, now: Timestamp, id: &str) -> Self {
        let date = now.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        let inner = json!({ "date": date, "request-id": id, "client-request-id": id });
        Self { inner: Some(Box::new(("innerError", inner))), ..self }
    }

    pub(super) fn challenging(self, challenge: String) -> Self {
        Self { challenge: Some(challenge), ..self }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let (Some(inner), Some(error)) = (self.inner, error.as_object_mut()) {
            let (name, inner) = *inner;
            error.insert(name.to_owned(), inner);
        }
        let mut response = (self.status, Json(json!({ "error": error }))).into_response();
        if let Some(challenge) = self.challenge.and_then(|text| HeaderValue::from_str(&text).ok()) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

pub(super) fn api_injected(injected: &Injected, _: Moment) -> Response {
    planned(injected).into_response()
}

pub(super) fn graph_injected(injected: &Injected, moment: Moment) -> Response {
    planned(injected).of_graph(moment.now, &moment.id()).into_response()
}

fn planned(injected: &Injected) -> ApiError {
    let throttled =
        || ("TooManyRequests".to_owned(), "Too many requests were made. Try again later.".to_owned());
    let (code, message) = injected.error.clone().unwrap_or_else(throttled);
    ApiError::new(injected.status, &code, message)
}
