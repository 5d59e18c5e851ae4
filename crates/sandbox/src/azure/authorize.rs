//! `POST /authorize`: what a token could do. Azure has no such endpoint: it takes the place of all the services that a
//! token could be tried on.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::SandboxAzure;
use super::authority::Decision;
use super::refusal::ApiError;

/// What somebody would do with a token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    token: String,
    operation: String,
    /// `/subscriptions/…`
    scope: String,
}

#[derive(Serialize)]
pub(super) struct Answer {
    allowed: bool,
    decision: &'static str,
    reason: String,
    principal: String,
    audience: String,
    expires_at: Timestamp,
}

pub(super) async fn authorize(
    State(sandbox): State<SandboxAzure>,
    question: Result<Json<Question>, JsonRejection>,
) -> Result<Json<Answer>, ApiError> {
    let Json(question) = question
        .map_err(|rejection| ApiError::new(rejection.status(), "InvalidRequest", rejection.body_text()))?;
    let bearer = sandbox.verified(&question.token, sandbox.0.clock.now()).await.ok_or_else(|| {
        ApiError::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", "The access token is invalid.")
    })?;
    let (allowed, decision, reason) = match sandbox.decide(&bearer, &question.operation, &question.scope) {
        Decision::Allowed(reason) => (true, "allowed", reason),
        Decision::WrongAudience(reason) => (false, "wrong_audience", reason),
        Decision::NotAssigned(reason) => (false, "not_assigned", reason),
    };
    Ok(Json(Answer {
        allowed,
        decision,
        reason,
        principal: bearer.client_id,
        audience: bearer.audience,
        expires_at: bearer.expires_at,
    }))
}
