//! The Service Account Credentials API: a token for a service account, for whoever may impersonate it.
//! <https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken>

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use super::SandboxGcp;
use super::principal::Principal;
use super::refusal::ApiError;
use super::token::Token;
use crate::bearer;
use crate::trouble::Moment;

const PERMISSION: &str = "iam.serviceAccounts.getAccessToken";
/// What a caller's token must be for, by prefix.
const CALLERS_SCOPES: [&str; 2] =
    ["https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/iam"];
/// In seconds.
const HOUR: u32 = 3_600;
const TWELVE_HOURS: u32 = 43_200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    delegates: Option<Vec<String>>,
    #[serde(default)]
    scope: Vec<String>,
    lifetime: Option<String>,
}

pub(super) async fn call(
    State(sandbox): State<SandboxGcp>,
    Extension(moment): Extension<Moment>,
    Path((project, call)): Path<(String, String)>,
    headers: HeaderMap,
    request: Result<Json<Request>, JsonRejection>,
) -> Result<Json<Value>, ApiError> {
    let Some((email, "generateAccessToken")) = call.rsplit_once(':') else {
        return Err(ApiError::not_found("Method not found."));
    };
    let caller = sandbox.caller(&headers, moment)?;
    let Json(request) = request.map_err(|rejection| ApiError::invalid(rejection.body_text()))?;
    if project != "-" {
        return Err(ApiError::invalid(
            "Invalid form of account ID. Should be projects/-/serviceAccounts/{ACCOUNT}.",
        ));
    }
    if request.scope.is_empty() || request.scope.iter().any(String::is_empty) {
        return Err(ApiError::invalid("Scope field is required and must not be empty."));
    }
    if !caller.scopes.iter().any(|scope| CALLERS_SCOPES.contains(&scope.as_str()))
        || caller.boundary.is_some()
    {
        return Err(ApiError::scope_insufficient());
    }
    request.check_chain(&sandbox, &caller.principal, email)?;
    let lifetime = request.lifetime(&sandbox, email)?;
    let token = Token {
        principal: Principal::ServiceAccount(email.to_owned()),
        scopes: request.scope,
        boundary: None,
        issued_at: moment.now,
        expires_at: moment.after(lifetime),
    };
    let text = sandbox.sealed(&token).ok_or_else(ApiError::internal)?;
    Ok(Json(json!({ "accessToken": text, "expireTime": token.expires_at.to_string() })))
}

/// `GET …/allowedLocations`: no trust boundary is set.
pub(super) async fn allowed_locations(
    State(sandbox): State<SandboxGcp>,
    Extension(moment): Extension<Moment>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    sandbox.caller(&headers, moment)?;
    Ok(Json(json!({ "encodedLocations": "0x0" })))
}

impl SandboxGcp {
    /// Whose token a call presents.
    pub(super) fn caller(&self, headers: &HeaderMap, moment: Moment) -> Result<Token, ApiError> {
        let token = bearer::token(headers).and_then(|text| self.opened(text, moment.now));
        token.ok_or_else(ApiError::unauthenticated)
    }
}

impl Request {
    /// That each may impersonate the next: the caller, the delegates in their order, the account.
    fn check_chain(&self, sandbox: &SandboxGcp, caller: &Principal, email: &str) -> Result<(), ApiError> {
        let mut holder = caller.clone();
        for delegate in self.delegates.iter().flatten() {
            let delegate = delegate.strip_prefix("projects/-/serviceAccounts/").ok_or_else(|| {
                ApiError::invalid(
                    "Invalid form of delegates. Should be projects/-/serviceAccounts/{ACCOUNT}.",
                )
            })?;
            sandbox.check_impersonation(&holder, delegate)?;
            holder = Principal::ServiceAccount(delegate.to_owned());
        }
        sandbox.check_impersonation(&holder, email)
    }

    /// In seconds.
    fn lifetime(&self, sandbox: &SandboxGcp, email: &str) -> Result<u32, ApiError> {
        let Some(text) = self.lifetime.as_deref().filter(|text| !text.is_empty()) else { return Ok(HOUR) };
        let seconds: Option<u32> = text.strip_suffix('s').and_then(|digits| digits.parse().ok());
        let seconds = seconds.filter(|seconds| *seconds > 0).ok_or_else(|| {
            ApiError::invalid(format!(
                "Invalid value at 'lifetime' (type.googleapis.com/google.protobuf.Duration), {text}"
            ))
        })?;
        let extended = sandbox.0.config.accounts.find(email).is_some_and(|account| account.long_lived);
        if seconds > TWELVE_HOURS || (seconds > HOUR && !extended) {
            return Err(ApiError::invalid(
                "The access token lifetime cannot exceed 3600 seconds (1 hour). To allow up to 12 hours, the \
                 organization policy constraints/iam.allowServiceAccountCredentialLifetimeExtension must list the \
                 service account.",
            ));
        }
        Ok(seconds)
    }
}

impl SandboxGcp {
    fn check_impersonation(&self, holder: &Principal, email: &str) -> Result<(), ApiError> {
        let config = &self.0.config;
        let resource = format!("projects/-/serviceAccounts/{email}");
        let Some(account) = config.accounts.find(email) else {
            return Err(ApiError::not_found(format!("Not found; Gaia id not found for email {email}")));
        };
        if !config.accounts.may_impersonate(config, holder, email) {
            return Err(ApiError::denied(PERMISSION, &resource));
        }
        if account.disabled {
            let mut error = ApiError::invalid("Service account is disabled.");
            error.code = "FAILED_PRECONDITION".to_owned();
            return Err(error);
        }
        Ok(())
    }
}
