//! Evidence: that it was asked for is recorded before anything of it is handed out.

use axum::Json;
use axum::extract::State;
use deputize_broker::audit::{Control, ExportFormat};
use deputize_broker::evidence::{Export, ExportError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::logs::{LogBody, all};
use super::{Auditor, nothing_sealed};
use crate::body::{Json as InJson, invalid};
use crate::problem::{Code, Problem, ProblemBody};
use crate::router::Api;

/// What is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EvidenceQuery)]
pub(crate) struct ExportBody {
    /// The criterion of SOC 2: `CC6.1`, `CC6.2`, `CC6.3` or `CC7.2`.
    control: String,
    /// What happened at this time or later.
    #[schema(format = DateTime)]
    from: String,
    /// And before this time.
    #[schema(format = DateTime)]
    to: String,
    /// The form that it will have: `csv`, `json` or `ocsf`.
    #[schema(value_type = String)]
    format: ExportFormat,
}

/// What evidence is to be taken from.
#[derive(Serialize, ToSchema)]
#[schema(as = EvidenceSource)]
pub(crate) struct ExportedBody {
    /// The name of the event that tells of this export.
    id: String,
    /// The criterion.
    control: &'static str,
    /// What an auditor sees in its events.
    evidence: &'static str,
    /// The kinds of events that evidence it.
    kinds: Vec<&'static str>,
    /// The checkpoint of the current log, as a signed note.
    checkpoint: String,
    /// The key that signs it, as a verifier key.
    key: String,
    /// All logs, the current one first.
    logs: Vec<LogBody>,
}

/// Records that evidence is about to be handed out, and says where it is: in the files of the logs. For auditors and
/// admins.
#[utoipa::path(
    post, path = "/v1/audit/exports", tag = "audit",
    request_body = ExportBody,
    responses(
        (status = 200, body = ExportedBody, description = "Recorded"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn export(
    State(api): State<Api>,
    auditor: Auditor,
    InJson(body): InJson<ExportBody>,
) -> Result<Json<ExportedBody>, Problem> {
    let control: Control = body.control.parse().map_err(|error| invalid(format!("control: {error}")))?;
    let time = |name: &str, text: &str| {
        text.parse::<Timestamp>().map_err(|_| invalid(format!("{name}: a time as in RFC 3339")))
    };
    let (from, to) = (time("from", &body.from)?, time("to", &body.to)?);
    if from >= to {
        return Err(invalid("from: not before to"));
    }
    let export = Export { control, from, to, format: body.format };
    let id = api.broker.export_evidence(&auditor.caller, export).await?;
    let logs = all(&auditor).await?;
    let current = logs.first().ok_or_else(nothing_sealed)?;
    Ok(Json(ExportedBody {
        id: id.to_string(),
        control: control.name(),
        evidence: control.evidence(),
        kinds: control.kinds().map(|kind| kind.name()).collect(),
        checkpoint: current.checkpoint.clone(),
        key: current.key.clone(),
        logs,
    }))
}

impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Forbidden => Self::new(Code::Forbidden, error.to_string()),
            ExportError::Store(error) => error.into(),
        }
    }
}
