//! `POST /authorize`: what IAM would decide about a call. AWS has no such endpoint: it is what takes the place of all
//! the services that a session could be tried on.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use deputize_scope::aws::region::Region;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::SandboxAws;
use super::principal::Decision;
use super::refusal::{Code, Refusal};
use crate::key::hmac_sha256;

/// A call that somebody would make with these credentials.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    access_key_id: String,
    /// Checked where it is given. There is nothing to be had here without it that was not known before.
    secret_access_key: Option<String>,
    session_token: Option<String>,
    action: String,
    resource: String,
    region: Region,
}

#[derive(Serialize)]
struct Answer {
    allowed: bool,
    decision: &'static str,
    reason: String,
    principal: String,
    expires_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct Problem {
    code: String,
    message: String,
}

pub(super) async fn authorize(
    State(sandbox): State<SandboxAws>,
    question: Result<Json<Question>, JsonRejection>,
) -> Response {
    let outcome = question
        .map_err(|rejection| Refusal {
            status: rejection.status().as_u16(),
            code: "InvalidRequest".into(),
            message: rejection.body_text(),
        })
        .and_then(|Json(question)| sandbox.judge(&question));
    match outcome {
        Ok(answer) => Json(answer).into_response(),
        Err(Refusal { status, code, message }) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, Json(Problem { code: code.into_owned(), message })).into_response()
        }
    }
}

impl SandboxAws {
    fn judge(&self, question: &Question) -> Result<Answer, Refusal> {
        let (config, now) = (&self.0.config, self.now());
        question.check()?;
        let principal = self.principal(&question.access_key_id, question.session_token.as_deref(), now)?;
        self.check_secret(question)?;
        principal.check_expiry(now)?;
        let call =
            principal.call(config, &question.action, &question.resource, question.region.as_str(), now);
        let (allowed, decision, reason) = match principal.decide(config, &call) {
            Decision::Allowed(reason) => (true, "allowed", reason),
            Decision::ExplicitDeny(reason) => (false, "explicit_deny", reason),
            Decision::ImplicitDeny(reason) => (false, "implicit_deny", reason),
        };
        let expires_at = principal.session().map(|session| session.expires_at);
        Ok(Answer { allowed, decision, reason, principal: principal.arn(config), expires_at })
    }

    fn check_secret(&self, question: &Question) -> Result<(), Refusal> {
        let Some(given) = &question.secret_access_key else { return Ok(()) };
        // Hashed under the key, so that the time of the comparison tells nothing.
        let key = self.0.config.key.derive("secret comparison", "");
        let tag = |secret: &str| hmac_sha256(key.as_slice(), secret.as_bytes());
        if tag(given) == tag(&self.0.config.key.secret_of(&question.access_key_id)) {
            Ok(())
        } else {
            let message = "The secret access key does not belong to the access key id.";
            Err(Refusal::new(Code::SignatureDoesNotMatch, message))
        }
    }
}

impl Question {
    /// One concrete call: patterns belong into policies.
    fn check(&self) -> Result<(), Refusal> {
        let invalid = |message: &str| Refusal {
            status: 400,
            code: "InvalidRequest".into(),
            message: message.to_owned(),
        };
        let name = |text: &str| {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if !self.action.split_once(':').is_some_and(|(service, action)| name(service) && name(action)) {
            return Err(invalid("action must be one action, such as s3:GetObject"));
        }
        if self.resource != "*" && self.resource.splitn(6, ':').count() < 6 {
            return Err(invalid("resource must be one ARN, or * where the action has no resource"));
        }
        Ok(())
    }
}
