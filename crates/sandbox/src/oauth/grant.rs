//! `POST /token`: RFC 6749, §4.1.3, §4.4 and §6.

use std::collections::BTreeSet;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::SandboxOauth;
use super::client::{Form, within};
use super::config::Client;
use super::refusal::Refusal;
use super::token::{AccessToken, Approval, Code, RefreshToken};
use super::used::Reused;
use crate::trouble::Moment;

/// RFC 7636, §4.1.
const VERIFIER: std::ops::RangeInclusive<usize> = 43..=128;

pub(super) async fn token(
    State(sandbox): State<SandboxOauth>,
    Extension(moment): Extension<Moment>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let form = Form::parse(&body)?;
    let (id, client) = sandbox.client(&headers, &form)?;
    let grant = match form.required("grant_type")? {
        "client_credentials" => sandbox.client_credentials(&id, client, &form)?,
        "authorization_code" => sandbox.authorization_code(&id, &form, moment)?,
        "refresh_token" => sandbox.refresh(&id, &form, moment)?,
        _ => return Err(Refusal::new("unsupported_grant_type", "The grant is not supported.")),
    };
    let answer = sandbox.issue(grant, moment)?;
    Ok(([(header::CACHE_CONTROL, "no-store")], answer).into_response())
}

/// What was granted.
struct Grant {
    approval: Approval,
    /// Of what was approved, what the access token is for.
    scopes: BTreeSet<String>,
    /// The number of the refresh token that goes with it, if one does, and that of none.
    refresh: Option<u32>,
}

impl SandboxOauth {
    fn client_credentials(&self, id: &str, client: &Client, form: &Form) -> Result<Grant, Refusal> {
        if client.is_public() {
            return Err(Refusal::new("unauthorized_client", "A public client has no credentials."));
        }
        let scopes = client.scopes(form.text("scope"))?;
        let approval = Approval {
            family: self.unique(),
            client: id.to_owned(),
            subject: id.to_owned(),
            scopes: scopes.clone(),
        };
        Ok(Grant { approval, scopes, refresh: None })
    }

    fn authorization_code(&self, id: &str, form: &Form, moment: Moment) -> Result<Grant, Refusal> {
        let invalid = || Refusal::grant("The code is invalid, was used, or has ended.");
        let code: Code = self.opened(form.required("code")?).ok_or_else(invalid)?;
        let verifier = form.required("code_verifier")?;
        if code.approval.client != id || code.expires_at <= moment.now {
            return Err(invalid());
        }
        if form.required("redirect_uri")? != code.redirect_uri {
            return Err(Refusal::grant("The redirect_uri is not the one that the code was sent to."));
        }
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        if !VERIFIER.contains(&verifier.len()) || hash != code.challenge {
            return Err(Refusal::grant("The code_verifier does not fit the code_challenge."));
        }
        self.0.used.code(&code.approval.family).map_err(|Reused| invalid())?;
        Ok(Grant { scopes: code.approval.scopes.clone(), approval: code.approval, refresh: Some(0) })
    }

    fn refresh(&self, id: &str, form: &Form, moment: Moment) -> Result<Grant, Refusal> {
        let invalid = || Refusal::grant("The refresh token is invalid, was used, or has ended.");
        let token: RefreshToken = self.opened(form.required("refresh_token")?).ok_or_else(invalid)?;
        if token.approval.client != id || token.expires_at <= moment.now {
            return Err(invalid());
        }
        let scopes = within(&token.approval.scopes, form.text("scope"))?;
        let next = self.0.used.refresh(&token.approval.family, token.number).map_err(|Reused| invalid())?;
        Ok(Grant { approval: token.approval, scopes, refresh: Some(next) })
    }

    fn issue(&self, grant: Grant, moment: Moment) -> Result<Json<serde_json::Value>, Refusal> {
        let Grant { approval, scopes, refresh } = grant;
        let expires_at = moment.after(self.0.config.access_lifetime);
        let scope = scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        let access = AccessToken {
            id: self.unique(),
            approval: Approval { scopes, ..approval.clone() },
            issued_at: moment.now,
            expires_at,
        };
        let mut answer = json!({
            "access_token": self.sealed(&access)?,
            "token_type": "Bearer",
            "expires_in": moment.until(expires_at),
            "scope": scope,
        });
        if let (Some(number), Some(answer)) = (refresh, answer.as_object_mut()) {
            let expires_at = moment.after(self.0.config.refresh_lifetime);
            let refresh = RefreshToken { approval, number, expires_at };
            answer.insert("refresh_token".to_owned(), self.sealed(&refresh)?.into());
        }
        Ok(Json(answer))
    }
}
