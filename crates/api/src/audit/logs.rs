//! The logs there are, and the signatures of those who watch them.

use axum::Json;
use axum::http::StatusCode;
use deputize_broker::ledger::CosignError;
use deputize_ledger::SignedCheckpoint;
use serde::Serialize;
use utoipa::ToSchema;

use super::Auditor;
use crate::body::{Text, invalid};
use crate::problem::{Code, Problem, ProblemBody};

/// The logs that there are.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditLogs)]
pub(crate) struct LogsBody {
    /// The current one first.
    logs: Vec<LogBody>,
}

/// A year's log.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditLog)]
pub(crate) struct LogBody {
    /// The year.
    pub(super) year: i16,
    /// Its name.
    pub(super) origin: String,
    /// How many entries it has.
    pub(super) size: u64,
    /// Its checkpoint, as a signed note.
    pub(super) checkpoint: String,
    /// The key that signs it, as a verifier key.
    pub(super) key: String,
}

/// Lists the logs there are, one for each year. For auditors and admins.
#[utoipa::path(
    get, path = "/v1/audit/logs", tag = "audit",
    responses(
        (status = 200, body = LogsBody, description = "The logs"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn list(auditor: Auditor) -> Result<Json<LogsBody>, Problem> {
    Ok(Json(LogsBody { logs: all(&auditor).await? }))
}

pub(super) async fn all(auditor: &Auditor) -> Result<Vec<LogBody>, Problem> {
    let reader = auditor.reader();
    let mut logs = Vec::new();
    for year in reader.years().await? {
        let Some(checkpoint) = reader.checkpoint(year).await? else { continue };
        let key = reader.key(year).await?.to_string();
        let says = checkpoint.unverified();
        let (origin, size) = (says.origin.to_string(), says.size);
        logs.push(LogBody { year, origin, size, checkpoint: checkpoint.to_string(), key });
    }
    Ok(logs)
}

/// Takes a checkpoint that a witness has cosigned (c2sp.org/tlog-cosignature), and publishes it. For auditors and admins.
#[utoipa::path(
    post, path = "/v1/audit/cosignatures", tag = "audit",
    request_body(content = String, content_type = "text/plain", description = "The signed note"),
    responses(
        (status = 204, description = "It is published"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn cosign(auditor: Auditor, Text(note): Text) -> Result<StatusCode, Problem> {
    let note: SignedCheckpoint = note.parse().map_err(|error| invalid(format!("the body: {error}")))?;
    auditor.reader().cosign(note, &auditor.ledger.routes.witnesses).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<CosignError> for Problem {
    fn from(error: CosignError) -> Self {
        let text = error.to_string();
        match error {
            CosignError::Stranger(_) => Self::new(Code::InvalidRequest, text),
            CosignError::Unknown => Self::new(Code::Forbidden, text),
            CosignError::Behind => Self::new(Code::Conflict, text),
            CosignError::Ledger(error) => error.into(),
        }
    }
}
