//! Rotation: where it stands, asking for one, and an agent's receipt for a version that it uses.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use deputize_broker::request::Purpose;
use deputize_broker::rotation::state::PhaseName;
use deputize_broker::rotation::{Evidence, Phase, Reason};
use deputize_broker::stored::{CredentialRecord, VersionNumber};
use deputize_scope::identifier::CredentialId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::authentication::Caller;
use crate::body::{InPath, Json, invalid};
use crate::observation::about_agent;
use crate::problem::{Code, Problem, ProblemBody};
use crate::router::Api;
use crate::stored::RecordBody;

/// Where the renewal of a stored credential stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Rotation)]
pub(crate) struct RotationBody<'a> {
    /// `steady`, `generating`, `distributing`, `verifying`, `revoking`, `rolling_back` or `failed`.
    #[schema(value_type = String, example = "steady")]
    phase: PhaseName,
    /// How often it is renewed.
    every_seconds: u32,
    /// The connector by which it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    connector: Option<&'a str>,
    /// When the current version came to be.
    #[schema(format = DateTime)]
    renewed_at: String,
    /// When something is to be done next. Absent: never, until somebody does something.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    due_at: Option<String>,
    /// The rotation that is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    /// The agents that use the next version already.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    adopted_by: Vec<&'a str>,
    /// The agents that have yet to use it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    waiting_for: Vec<&'a str>,
    /// Until when they may.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    adoption_deadline: Option<String>,
    /// How often the present step has failed in a row.
    #[serde(skip_serializing_if = "is_zero")]
    failures: u32,
    /// Why the last one came to nothing, or this one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    reason: Option<&'a Reason>,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl<'a> From<&'a CredentialRecord> for RotationBody<'a> {
    fn from(record: &'a CredentialRecord) -> Self {
        let rotation = &record.rotation;
        let (mut adopted_by, mut waiting_for, mut adoption_deadline) = (Vec::new(), Vec::new(), None);
        if let Phase::Verifying { adopted, deadline, .. } = &rotation.phase {
            let consumers = record.consumers.iter();
            let (done, missing): (Vec<_>, Vec<_>) = consumers.partition(|agent| adopted.contains(agent));
            adopted_by = done.iter().map(|agent| agent.as_str()).collect();
            waiting_for = missing.iter().map(|agent| agent.as_str()).collect();
            adoption_deadline = Some(deadline.to_string());
        }
        Self {
            phase: rotation.phase.name(),
            every_seconds: record.schedule.every,
            connector: record.schedule.connector.as_deref(),
            renewed_at: rotation.renewed_at.to_string(),
            due_at: rotation.due.map(|due| due.to_string()),
            operation: rotation.phase.operation().map(|operation| operation.id.to_string()),
            adopted_by,
            waiting_for,
            adoption_deadline,
            failures: rotation.failures,
            reason: match &rotation.phase {
                Phase::Failed { reason } | Phase::RollingBack { reason, .. } => Some(reason),
                _ => None,
            },
        }
    }
}

/// What an agent says of its first use of a version.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = AdoptionEvidence)]
pub(crate) struct EvidenceBody {
    /// When it used it, RFC 3339.
    #[schema(format = DateTime)]
    used_at: Option<String>,
    /// For what: at most 256 characters, such as the id that the provider gave the request. No secrets.
    used_for: Option<String>,
}

impl EvidenceBody {
    fn read(self) -> Result<Evidence, Problem> {
        let used_at = self.used_at.map(|text| text.parse()).transpose();
        let used_for = self.used_for.map(Purpose::try_from).transpose();
        Ok(Evidence {
            used_at: used_at.map_err(|_| invalid("used_at: not a time of RFC 3339"))?,
            used_for: used_for
                .map_err(|_| invalid("used_for: 1 to 256 characters, none of them a control character"))?,
        })
    }
}

/// An agent's receipt: it uses this version of its stored credential. Rotation revokes the former one only when every
/// agent that uses the credential has handed in its own.
#[utoipa::path(
    post, path = "/v1/agents/{agent}/credentials/{id}/versions/{n}/adopted", tag = "stored credentials",
    request_body(content = EvidenceBody, description = "May be {}"),
    params(
        ("agent" = String, Path, description = "The calling agent's name"),
        ("id" = String, Path, description = "The stored credential's name"),
        ("n" = u64, Path, description = "The version, as `current` gave it"),
    ),
    responses(
        (status = 204, description = "Taken; also where it was known already"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem; a conflict where the version is not to be adopted: ask for the current one"),
    ),
)]
pub(crate) async fn adopted(
    State(api): State<Api>,
    InPath((agent, id, version)): InPath<(String, String, u64)>,
    Caller(caller): Caller,
    Json(evidence): Json<EvidenceBody>,
) -> Result<StatusCode, Problem> {
    about_agent(&agent);
    let evidence = evidence.read()?;
    let version = VersionNumber(version);
    Box::pin(api.broker.adopt(&caller, &agent, &id, version, evidence)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Has a stored credential renewed now: for admins. Where a rotation is under way already, that one is it.
#[utoipa::path(
    post, path = "/v1/credentials/{id}:rotate", tag = "stored credentials",
    params(("id" = String, Path, description = "Its name")),
    responses(
        (status = 202, body = RecordBody<'_>, description = "It begins within a minute, or is under way"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn act(
    State(api): State<Api>,
    InPath(path): InPath<String>,
    Caller(caller): Caller,
) -> Result<Response, Problem> {
    let id = path.strip_suffix(":rotate").and_then(|id| id.parse::<CredentialId>().ok());
    let id = id.ok_or_else(|| Problem::new(Code::NotFound, "there is nothing at this path"))?;
    let record = api.broker.ask_to_rotate(&caller, &id).await?;
    about_agent(record.agent.as_str());
    Ok((StatusCode::ACCEPTED, axum::Json(RecordBody::from(&record))).into_response())
}
