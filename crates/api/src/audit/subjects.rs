//! Whom entries tell of.

use axum::Json;
use deputize_broker::Role;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Auditor;
use crate::body::Json as InJson;
use crate::problem::{Code, Problem, ProblemBody};

/// Whom to forget.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Erasure)]
pub(crate) struct ErasureBody {
    /// The identity, as entries have it: an ARN, `issuer#subject`, or `token:ID`.
    identity: String,
}

/// Who was forgotten.
#[derive(Serialize, ToSchema)]
#[schema(as = Erased)]
pub(crate) struct ErasedBody {
    /// The pseudonym by which entries go on to name the person.
    subject: String,
}

/// Makes all that the ledger could tell of a person unreadable, for good. Proofs stay valid. For admins.
#[utoipa::path(
    post, path = "/v1/audit/subjects:erase", tag = "audit",
    request_body = ErasureBody,
    responses(
        (status = 200, body = ErasedBody, description = "Nothing of it can be read any more"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn erase(
    auditor: Auditor,
    InJson(body): InJson<ErasureBody>,
) -> Result<Json<ErasedBody>, Problem> {
    if auditor.caller.role != Role::Admin {
        return Err(Problem::new(Code::Forbidden, "only admins may erase personal data"));
    }
    let subject = auditor.reader().forget(auditor.caller.actor(), &body.identity).await?;
    let subject = subject.ok_or_else(|| Problem::new(Code::NotFound, "nobody of that identity is known"))?;
    Ok(Json(ErasedBody { subject }))
}
