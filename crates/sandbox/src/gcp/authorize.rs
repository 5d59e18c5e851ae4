//! What a token is, and what it could do. Google has no `/authorize`: it takes the place of all the services that a
//! token could be tried on.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::SandboxGcp;
use super::authority::{Decision, Use};
use super::refusal::{ApiError, OauthError};
use super::token::Token;
use crate::trouble::Moment;

/// What somebody would do with a token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    token: String,
    permission: String,
    /// The full name of the resource: `//storage.googleapis.com/projects/_/buckets/B/objects/O`.
    resource: String,
}

#[derive(Serialize)]
struct Answer {
    allowed: bool,
    decision: &'static str,
    reason: String,
    principal: String,
    expires_at: Timestamp,
}

pub(super) async fn authorize(
    State(sandbox): State<SandboxGcp>,
    question: Result<Json<Question>, JsonRejection>,
) -> Response {
    let Json(question) = match question {
        Ok(question) => question,
        Err(rejection) => return ApiError::invalid(rejection.body_text()).into_response(),
    };
    let Some(token) = sandbox.opened(&question.token, sandbox.0.clock.now()) else {
        return ApiError::unauthenticated().into_response();
    };
    let usage = Use { permission: &question.permission, resource: &question.resource, listed: "" };
    let (allowed, decision, reason) = match sandbox.decide(&token, &usage) {
        Decision::Allowed(reason) => (true, "allowed", reason),
        Decision::NotGranted(reason) => (false, "not_granted", reason),
        Decision::ScopeInsufficient => {
            (false, "scope_insufficient", "no scope of the token lets it through".to_owned())
        }
        Decision::OutsideBoundary => {
            (false, "outside_boundary", "no rule of the token's access boundary lets it through".to_owned())
        }
    };
    let principal = token.principal.member(&sandbox.0.config);
    Json(Answer { allowed, decision, reason, principal, expires_at: token.expires_at }).into_response()
}

/// `GET /tokeninfo?access_token=…`
pub(super) async fn token_info(
    State(sandbox): State<SandboxGcp>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<Value>, OauthError> {
    let moment = Moment::new(sandbox.0.clock.now());
    let token = query
        .get("access_token")
        .and_then(|text| sandbox.opened(text, moment.now))
        .ok_or_else(|| OauthError::new("invalid_token", "Invalid Value"))?;
    let mut info = described(&sandbox, &token);
    info.insert("expires_in", json!(moment.until(token.expires_at).to_string()));
    info.insert("exp", json!(token.expires_at.as_second().to_string()));
    Ok(Json(json!(info)))
}

/// `POST /v1/introspect`, as RFC 7662 has it.
pub(super) async fn introspect(
    State(sandbox): State<SandboxGcp>,
    Extension(moment): Extension<Moment>,
    body: Bytes,
) -> Json<Value> {
    let asked = form_urlencoded::parse(&body).find(|(name, _)| name == "token");
    let Some(token) = asked.and_then(|(_, text)| sandbox.opened(&text, moment.now)) else {
        return Json(json!({ "active": false }));
    };
    let mut info = described(&sandbox, &token);
    info.insert("active", json!(true));
    info.insert("token_type", json!("Bearer"));
    info.insert("username", json!(token.principal.member(&sandbox.0.config)));
    info.insert("iat", json!(token.issued_at.as_second()));
    info.insert("exp", json!(token.expires_at.as_second()));
    Json(json!(info))
}

fn described(sandbox: &SandboxGcp, token: &Token) -> BTreeMap<&'static str, Value> {
    let mut info = BTreeMap::from([("scope", json!(token.scopes.join(" ")))]);
    match token.principal.email() {
        Some(email) => {
            info.insert("email", json!(email));
            info.insert("email_verified", json!("true"));
        }
        None => {
            info.insert("sub", json!(token.principal.member(&sandbox.0.config)));
        }
    }
    info
}

/// The answer of a service that a token does not get into.
pub(super) fn refused(decision: Decision, usage: &Use<'_>) -> Option<ApiError> {
    match decision {
        Decision::Allowed(_) => None,
        Decision::ScopeInsufficient => Some(ApiError::scope_insufficient()),
        Decision::NotGranted(_) | Decision::OutsideBoundary => {
            Some(ApiError::denied(usage.permission, usage.resource))
        }
    }
}
