//! What callers report of their use of credentials.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use deputize_broker::audit::{Details, Report, ReportKind};
use deputize_broker::usage::ReportError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::ledger;
use crate::authentication::Caller;
use crate::body::{Text, invalid};
use crate::problem::{Code, Problem, ProblemBody};
use crate::router::Api;

/// More than the largest report has.
const LARGEST: usize = 16 * 1024;

/// What a caller says that happened.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UsageReport)]
pub(crate) struct ReportBody {
    /// What, in the caller's words: 1 to 64 lowercase letters, digits, dots, underscores and hyphens.
    #[schema(example = "service_updated")]
    kind: String,
    /// When; now, where it is not said.
    #[schema(format = DateTime)]
    at: Option<String>,
    /// With which stored credential: one of the agent's own.
    credential: Option<String>,
    /// Under which lease: one of the agent's own.
    lease: Option<String>,
    /// The rest: strings and integers in lists and objects, at most four deep and 8 KiB.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    details: Map<String, Value>,
}

/// A report that was taken.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageReported)]
pub(crate) struct ReportedBody {
    /// The name of its event, by which its entry can be asked for once it is sealed.
    id: String,
}

impl ReportBody {
    fn report(self, now: Timestamp) -> Result<Report, Problem> {
        let at = self.at.as_deref().map(str::parse::<Timestamp>).transpose();
        let named =
            |name: &'static str| move |error: &dyn std::fmt::Display| invalid(format!("{name}: {error}"));
        Ok(Report {
            kind: ReportKind::try_from(self.kind).map_err(|error| named("kind")(&error))?,
            credential: self
                .credential
                .map(|id| id.parse())
                .transpose()
                .map_err(|error| named("credential")(&error))?,
            lease: self
                .lease
                .map(|id| id.parse())
                .transpose()
                .map_err(|_| invalid("lease: no lease's name"))?,
            happened_at: at.map_err(|_| invalid("at: a time as in RFC 3339"))?.unwrap_or(now),
            details: Details::try_from(self.details).map_err(|error| named("details")(&error))?,
        })
    }
}

/// Takes what a caller reports, and records it as its word: `usage_reported`. An agent reports of its own leases and
/// stored credentials.
#[utoipa::path(
    post, path = "/v1/audit/events", tag = "audit",
    request_body = ReportBody,
    responses(
        (status = 202, body = ReportedBody, description = "Recorded; it is sealed in a moment"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn report(
    State(api): State<Api>,
    Caller(caller): Caller,
    Text(text): Text,
) -> Result<(StatusCode, Json<ReportedBody>), Problem> {
    if text.len() > LARGEST {
        return Err(Problem::new(Code::TooLarge, format!("a report has at most {LARGEST} bytes")));
    }
    let now = api.broker.clock().now();
    let body: ReportBody =
        serde_json::from_str(&text).map_err(|error| invalid(format!("the body: {error}")))?;
    let report = body.report(now)?;
    ledger(&api)?.reports.count(&caller.identity, now).map_err(exhausted)?;
    let id = api.broker.report(&caller, report).await?;
    Ok((StatusCode::ACCEPTED, Json(ReportedBody { id: id.to_string() })))
}

fn exhausted(wait: Duration) -> Problem {
    Problem::new(Code::BudgetExhausted, "the caller has reported too much within a minute").retry_after(wait)
}

impl From<ReportError> for Problem {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::NotFound => Self::new(Code::NotFound, error.to_string()),
            ReportError::Load(error) => error.into(),
            ReportError::Store(error) => error.into(),
        }
    }
}
