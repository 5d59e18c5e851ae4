//! `POST /v1/token`: another issuer's token becomes one of Google's, or one of Google's becomes one that can do less.
//! <https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token>

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::State;
use axum::{Extension, Json};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::SandboxGcp;
use super::boundary::Boundary;
use super::config::Provider;
use super::principal::Principal;
use super::refusal::OauthError;
use super::token::Token;
use crate::oidc::{Claims, Untimely, Unverified};
use crate::trouble::Moment;

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const IDENTITY_TOKENS: [&str; 2] =
    ["urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token"];
/// <https://cloud.google.com/iam/docs/workload-identity-federation-with-other-providers>
const ALGORITHMS: [Algorithm; 2] = [Algorithm::RS256, Algorithm::ES256];
/// What a token for a federated identity lives, in seconds.
const LIFETIME: u32 = 3_600;
/// The longest token that is looked at, in bytes.
const MAX_SUBJECT_TOKEN: usize = 16 * 1_024;
/// In bytes. <https://cloud.google.com/iam/docs/workload-identity-federation#mapping>
const MAX_SUBJECT: usize = 127;
/// How far the clocks of issuers may be off, in seconds.
const LEEWAY: i64 = 60;

pub(super) async fn token(
    State(sandbox): State<SandboxGcp>,
    Extension(moment): Extension<Moment>,
    body: Bytes,
) -> Result<Json<Value>, OauthError> {
    let form: BTreeMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let request = Exchange::parse(&form)?;
    let token = match request.subject_token_type {
        ACCESS_TOKEN => request.narrowed(&sandbox, moment)?,
        _ => request.federated(&sandbox, moment).await?,
    };
    let text = sandbox
        .sealed(&token)
        .ok_or_else(|| OauthError::new("invalid_request", "The access token would be too large."))?;
    Ok(Json(json!({
        "access_token": text,
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": moment.until(token.expires_at),
    })))
}

/// The call, as far as it says the same for every kind of subject token.
struct Exchange<'a> {
    form: &'a BTreeMap<String, String>,
    subject_token: &'a str,
    subject_token_type: &'a str,
}

impl<'a> Exchange<'a> {
    fn parse(form: &'a BTreeMap<String, String>) -> Result<Self, OauthError> {
        let required = |name: &str| {
            form.get(name).map(String::as_str).filter(|value| !value.is_empty()).ok_or_else(|| {
                OauthError::new("invalid_request", format!("Missing required parameter: {name}"))
            })
        };
        let grant = required("grant_type")?;
        if grant != EXCHANGE {
            let description = format!("Unsupported grant type: {grant}");
            return Err(OauthError::new("unsupported_grant_type", description));
        }
        let requested = form.get("requested_token_type").map_or(ACCESS_TOKEN, String::as_str);
        if requested != ACCESS_TOKEN {
            return Err(OauthError::new("invalid_request", "Invalid requested_token_type parameter value."));
        }
        let (subject_token, subject_token_type) =
            (required("subject_token")?, required("subject_token_type")?);
        if subject_token_type != ACCESS_TOKEN && !IDENTITY_TOKENS.contains(&subject_token_type) {
            return Err(OauthError::new("invalid_request", "Invalid subject_token_type parameter value."));
        }
        if subject_token.len() > MAX_SUBJECT_TOKEN {
            return Err(OauthError::new("invalid_request", "The subject token is too large."));
        }
        Ok(Self { form, subject_token, subject_token_type })
    }

    fn text(&self, name: &str) -> &'a str {
        self.form.get(name).map(String::as_str).unwrap_or_default()
    }

    /// A token of another issuer becomes one for a federated identity.
    async fn federated(&self, sandbox: &SandboxGcp, moment: Moment) -> Result<Token, OauthError> {
        let provider = self.provider(sandbox)?;
        let scopes: Vec<String> = self.text("scope").split_whitespace().map(str::to_owned).collect();
        if scopes.is_empty() {
            return Err(OauthError::new("invalid_scope", "No scope was requested."));
        }
        let claims = self.verified(sandbox, provider).await?;
        provider.admit(sandbox, &claims, moment)?;
        Ok(Token {
            principal: Principal::Federated { pool: provider.pool.clone(), subject: claims.sub },
            scopes,
            boundary: None,
            issued_at: moment.now,
            expires_at: moment.after(LIFETIME),
        })
    }

    fn provider<'s>(&self, sandbox: &'s SandboxGcp) -> Result<&'s Provider, OauthError> {
        let (config, audience) = (&sandbox.0.config, self.text("audience"));
        if audience.is_empty() {
            return Err(OauthError::new("invalid_request", "Missing required parameter: audience"));
        }
        let named = |provider: &&Provider| config.audience(provider) == audience;
        config.providers.iter().find(named).ok_or_else(|| {
            let description = "The target service indicated by the \"audience\" parameters is invalid. This might \
                               either be because the pool or provider is disabled or deleted or because it doesn't \
                               exist.";
            OauthError::new("invalid_target", description)
        })
    }

    async fn verified(&self, sandbox: &SandboxGcp, provider: &Provider) -> Result<Claims, OauthError> {
        let invalid = |description: String| OauthError::new("invalid_grant", description);
        let claimed = Claims::unverified(self.subject_token)
            .ok_or_else(|| invalid("Unable to parse the ID Token.".to_owned()))?;
        if claimed.iss != provider.issuer {
            let (found, expected) = (&claimed.iss, &provider.issuer);
            let description =
                format!("The issuer in ID Token {found} does not match the expected ones: {expected}");
            return Err(invalid(description));
        }
        let issuers = &sandbox.0.issuers;
        let verified =
            issuers.verify(self.subject_token, &provider.issuer, &provider.keys, &ALGORITHMS).await;
        verified.map_err(|error| {
            tracing::debug!(%error, "a subject token was not verified");
            invalid(match error {
                Unverified::Malformed => "Unable to parse the ID Token.".to_owned(),
                Unverified::Algorithm => "The algorithm of the ID Token is not supported.".to_owned(),
                Unverified::Unreachable => "Error connecting to the given credential's issuer.".to_owned(),
                Unverified::UnknownKey | Unverified::Signature => {
                    "Unable to verify the ID Token signature.".to_owned()
                }
            })
        })
    }

    /// One of Google's own tokens becomes one that can do less.
    fn narrowed(&self, sandbox: &SandboxGcp, moment: Moment) -> Result<Token, OauthError> {
        let source = sandbox
            .opened(self.subject_token, moment.now)
            .ok_or_else(|| OauthError::new("invalid_grant", "Invalid subject token."))?;
        if source.boundary.is_some() {
            // A boundary is not replaced, and not narrowed once more.
            return Err(OauthError::new("invalid_grant", "The subject token is downscoped already."));
        }
        let boundary = Boundary::parse(self.text("options"))
            .map_err(|error| OauthError::new("invalid_request", error.to_string()))?;
        Ok(Token { boundary: Some(boundary), issued_at: moment.now, ..source })
    }
}

impl Provider {
    /// Whether a verified token is meant for this provider, now, and somebody is named by it whom the provider lets in.
    fn admit(&self, sandbox: &SandboxGcp, claims: &Claims, moment: Moment) -> Result<(), OauthError> {
        let invalid = |description: String| Err(OauthError::new("invalid_grant", description));
        let own = sandbox.0.config.audience(self);
        let expected = |audience: &String| match self.allowed_audiences.as_slice() {
            [] => *audience == own || *audience == format!("https:{own}"),
            allowed => allowed.contains(audience),
        };
        if !claims.audiences().iter().any(expected) {
            let found = claims.audiences().join(", ");
            return invalid(format!(
                "The audience in ID Token [{found}] does not match the expected audience."
            ));
        }
        let untimely = |end: Option<i64>, what: &str| {
            let at = end.map_or_else(|| "never".to_owned(), |at| at.to_string());
            format!("ID Token {what} {at} is stale to sign-in.")
        };
        match claims.hold(moment.now, LEEWAY) {
            Ok(()) => {}
            Err(Untimely::Expired) => return invalid(untimely(claims.exp, "expired at")),
            Err(Untimely::NotYet) => return invalid(untimely(claims.nbf.or(claims.iat), "valid from")),
        }
        if claims.sub.is_empty() {
            return invalid("The mapped attribute google.subject is empty.".to_owned());
        }
        if claims.sub.len() > MAX_SUBJECT {
            return invalid(format!(
                "The size of mapped attribute google.subject exceeds the {MAX_SUBJECT} bytes limit. Either modify your \
                 attribute mapping or the incoming assertion to produce a mapped attribute that is less than \
                 {MAX_SUBJECT} bytes."
            ));
        }
        if !self.subjects.is_empty() && !self.subjects.contains(&claims.sub) {
            return invalid("The given credential is rejected by the attribute condition.".to_owned());
        }
        Ok(())
    }
}
