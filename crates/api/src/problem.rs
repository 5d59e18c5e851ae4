//! The one table of problems: every code, its status and its title; and the form in which they are told (RFC 9457).

use std::error::Error;
use std::fmt::Write as _;
use std::time::Duration;

use axum::http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tracing::Span;
use utoipa::ToSchema;

use crate::finding::FindingBody;

macro_rules! codes {
    ($($(#[$meta:meta])* $variant:ident = $code:literal, $status:ident, $title:literal;)+) => {
        /// What went wrong, as a stable name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $($(#[$meta])* $variant,)+
        }

        impl Code {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name in answers.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The status of the answer.
            pub fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),+ }
            }

            /// What the code means, in general.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }
        }
    };
}

codes! {
    /// The request cannot be understood, or not be met whatever is granted.
    InvalidRequest = "invalid_request", BAD_REQUEST, "The request is not valid";
    /// The scope document has errors.
    InvalidScope = "invalid_scope", BAD_REQUEST, "The scope document is not valid";
    /// Nobody that we know.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "The caller is not known";
    /// The path names another agent.
    NotYourAgent = "not_your_agent", FORBIDDEN, "The caller is not this agent";
    /// The caller's role may not do this.
    Forbidden = "forbidden", FORBIDDEN, "The caller may not do this";
    /// More than is granted.
    OutsideGrant = "outside_grant", FORBIDDEN, "The request goes beyond the grant";
    /// No such agent.
    UnknownAgent = "unknown_agent", NOT_FOUND, "There is no such agent";
    /// Nothing of that name.
    NotFound = "not_found", NOT_FOUND, "There is nothing of that name";
    /// It is recorded, and not in the ledger yet.
    NotSealed = "not_sealed", NOT_FOUND, "The ledger does not have it yet";
    /// The path is known, the method is not.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "The path does not have this method";
    /// What is there does not allow it.
    Conflict = "conflict", CONFLICT, "The request conflicts with what is there";
    /// If-Match or If-None-Match does not hold.
    PreconditionFailed = "precondition_failed", PRECONDITION_FAILED, "The precondition does not hold";
    /// The body is too large.
    TooLarge = "too_large", PAYLOAD_TOO_LARGE, "The body is too large";
    /// The agent has used up its budget.
    BudgetExhausted = "budget_exhausted", TOO_MANY_REQUESTS, "The budget is exhausted";
    /// The cloud said no.
    CloudRefused = "cloud_refused", BAD_GATEWAY, "The cloud refused";
    /// The cloud gave no answer.
    CloudUnavailable = "cloud_unavailable", SERVICE_UNAVAILABLE, "The cloud is unavailable";
    /// What is on record cannot be read, or what happens cannot be recorded: then nothing happens.
    AuditUnavailable = "audit_unavailable", SERVICE_UNAVAILABLE, "The record is unavailable";
    /// The keys of the broker's own issuer cannot be had.
    IssuerUnavailable = "issuer_unavailable", SERVICE_UNAVAILABLE, "The issuer is unavailable";
    /// A defect of this program.
    Internal = "internal", INTERNAL_SERVER_ERROR, "The broker has a defect";
}

/// An answer that is no success.
#[derive(Debug)]
pub struct Problem {
    code: Code,
    detail: String,
    findings: Vec<FindingBody>,
    lease: Option<String>,
    retry_after: Option<Duration>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A problem; `detail` is for the caller to read.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            findings: Vec::new(),
            lease: None,
            retry_after: None,
            cause: None,
        }
    }

    /// With what was found, in detail.
    #[must_use]
    pub(crate) fn findings(self, findings: Vec<FindingBody>) -> Self {
        Self { findings, ..self }
    }

    /// With the lease that it concerns.
    #[must_use]
    pub(crate) fn lease(self, lease: impl ToString) -> Self {
        Self { lease: Some(lease.to_string()), ..self }
    }

    /// With the time after which trying again makes sense.
    #[must_use]
    pub(crate) fn retry_after(self, after: Duration) -> Self {
        Self { retry_after: Some(after), ..self }
    }

    /// With what caused it: for the log, never for the caller.
    #[must_use]
    pub(crate) fn because(self, cause: impl Error + Send + Sync + 'static) -> Self {
        Self { cause: Some(Box::new(cause)), ..self }
    }

    /// Tells the log. The request's span says which request it was.
    fn record(&self) {
        let span = Span::current();
        span.record("code", self.code.as_str());
        if let Some(lease) = &self.lease {
            span.record("lease", lease.as_str());
        }
        if let Some(cause) = &self.cause {
            tracing::warn!(code = self.code.as_str(), cause = chain(&**cause), "a request failed");
        }
    }
}

/// A problem as it is told.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// A URI that names the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:deputize:problem:outside_grant")]
    kind: String,
    /// What the code means, in general.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// What is wrong with this very request.
    detail: String,
    /// The stable name of what went wrong.
    #[schema(example = "outside_grant")]
    code: &'static str,
    /// For refusals: what was found, in detail.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<FindingBody>,
    /// The lease that it concerns, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    lease_id: Option<String>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.record();
        let status = self.code.status();
        let body = ProblemBody {
            kind: format!("urn:deputize:problem:{}", self.code.as_str()),
            title: self.code.title(),
            status: status.as_u16(),
            detail: self.detail,
            code: self.code.as_str(),
            findings: self.findings,
            lease_id: self.lease,
        };
        // Texts and numbers always serialise.
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut response =
            (status, [(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))], body)
                .into_response();
        if self.code == Code::Unauthenticated {
            let challenge = HeaderValue::from_static(r#"Bearer realm="deputize""#);
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        if self.code == Code::TooLarge {
            // The rest of the body is never read, so this connection cannot carry another request.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(after) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(whole_seconds(after)));
        }
        response
    }
}

/// Rounded up, since trying too early is in vain; at least 1.
fn whole_seconds(duration: Duration) -> u64 {
    let up = u64::from(duration.subsec_nanos() > 0);
    duration.as_secs().saturating_add(up).max(1)
}

/// An error with all that caused it, in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        // Writing to a String does not fail.
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_times_are_rounded_up_and_never_zero() {
        for (millis, seconds) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (59_500, 60)] {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds, "{millis}");
        }
    }

    #[test]
    fn no_code_stands_twice_in_the_table() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
