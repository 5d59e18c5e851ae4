//! What a token is, and that it is none any more: RFC 7662, RFC 7009; and where everything is: RFC 8414.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::SandboxOauth;
use super::client::Form;
use super::refusal::Refusal;
use super::token::{AccessToken, RefreshToken};
use crate::bearer;
use crate::trouble::Moment;

/// `POST /introspect`
pub(super) async fn introspect(
    State(sandbox): State<SandboxOauth>,
    Extension(moment): Extension<Moment>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let form = Form::parse(&body)?;
    sandbox.client(&headers, &form)?;
    let text = form.required("token")?;
    let (approval, expires_at) = if let Some(token) = sandbox.holding(text, moment.now) {
        (token.approval, token.expires_at)
    } else if let Some(token) = sandbox.opened::<RefreshToken>(text).filter(|token| {
        let family = &token.approval.family;
        let used = &sandbox.0.used;
        token.expires_at > moment.now && !used.is_revoked(family) && used.is_newest(family, token.number)
    }) {
        (token.approval, token.expires_at)
    } else {
        return Ok(Json(json!({ "active": false })));
    };
    Ok(Json(json!({
        "active": true,
        "client_id": approval.client,
        "sub": approval.subject,
        "scope": approval.scopes.into_iter().collect::<Vec<_>>().join(" "),
        "exp": expires_at.as_second(),
        "iss": sandbox.0.config.url,
    })))
}

/// `POST /revoke`: an access token alone, a refresh token with everything that came of it. What is no token needs no
/// revoking, and is none of the caller's business either.
pub(super) async fn revoke(
    State(sandbox): State<SandboxOauth>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Refusal> {
    let form = Form::parse(&body)?;
    let (id, _) = sandbox.client(&headers, &form)?;
    let text = form.required("token")?;
    let access = sandbox.opened::<AccessToken>(text).map(|token| (token.approval.client, token.id));
    let refresh = || {
        let token = sandbox.opened::<RefreshToken>(text)?;
        Some((token.approval.client, token.approval.family))
    };
    if let Some((client, revoked)) = access.or_else(refresh) {
        if client != id {
            return Err(Refusal::grant("The token was issued to another client."));
        }
        sandbox.0.used.revoke(&revoked);
    }
    Ok(StatusCode::OK)
}

/// `GET /resource`: who calls, and what they may do.
pub(super) async fn resource(
    State(sandbox): State<SandboxOauth>,
    Extension(moment): Extension<Moment>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let token = bearer::token(&headers).and_then(|text| sandbox.holding(text, moment.now));
    let token = token.ok_or_else(|| Refusal::new("invalid_token", "The access token is invalid."))?;
    Ok(Json(json!({ "subject": token.approval.subject, "scopes": token.approval.scopes })))
}

/// `GET /.well-known/oauth-authorization-server`
pub(super) async fn metadata(State(sandbox): State<SandboxOauth>) -> Json<Value> {
    let url = &sandbox.0.config.url;
    let methods = ["client_secret_basic", "client_secret_post", "none"];
    Json(json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "revocation_endpoint": format!("{url}/revoke"),
        "introspection_endpoint": format!("{url}/introspect"),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
        "token_endpoint_auth_methods_supported": methods,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    }))
}
