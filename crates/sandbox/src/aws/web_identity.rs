//! GetWebIdentityToken. <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html>

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use tokio::task::spawn_blocking;

use super::SandboxAws;
use super::config::Endpoint;
use super::parameters::{Constraints, Parameters};
use super::principal::Principal;
use super::refusal::{Code, Refusal};
use super::service::Caller;
use super::session::Session;
use super::tags::{Tag, Tags};
use super::xml::Xml;
use crate::jwt::Algorithm;

const DEFAULT_DURATION: u32 = 300;

/// The largest payload, in bytes. AWS has such a limit, and does not say which: this is a model.
const MAX_PAYLOAD: usize = 8_192;

#[derive(Debug)]
struct GetWebIdentityToken<'a> {
    audiences: Vec<&'a str>,
    algorithm: Algorithm,
    duration: u32,
    tags: Vec<Tag>,
}

pub(super) async fn serve(sandbox: &SandboxAws, caller: &Caller, form: &Parameters) -> Result<Xml, Refusal> {
    if caller.endpoint == Endpoint::Global {
        let message =
            "GetWebIdentityToken is not available on the STS global endpoint. Use a regional endpoint.";
        return Err(Refusal::new(Code::InvalidAction, message));
    }
    let request = GetWebIdentityToken::parse(form)?;
    request.check_caller(sandbox, caller)?;
    let expires_at = caller.moment.after(request.duration);
    let claims = request.claims(sandbox, caller, expires_at);
    if claims.to_string().len() > MAX_PAYLOAD {
        let message = "The requested token payload size exceeds the maximum allowed size. Reduce the number of \
                       request tags included in the call.";
        return Err(Refusal::new(Code::JwtPayloadSizeExceeded, message));
    }
    let (algorithm, signer) = (request.algorithm, sandbox.clone());
    let token = spawn_blocking(move || signer.0.signing_keys.sign(algorithm, &claims)).await.ok().flatten();
    let token = token.ok_or_else(|| Refusal::new(Code::InternalFailure, "The token could not be signed."))?;
    Ok(Xml::default().text("WebIdentityToken", &token).text("Expiration", &expires_at.to_string()))
}

/// `GET /.well-known/openid-configuration`
pub(super) async fn configuration(State(sandbox): State<SandboxAws>) -> Json<Value> {
    let issuer = sandbox.issuer();
    Json(json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": Algorithm::ALL.map(Algorithm::as_str),
    }))
}

/// `GET /.well-known/jwks.json`
pub(super) async fn keys(State(sandbox): State<SandboxAws>) -> Response {
    match spawn_blocking(move || sandbox.0.signing_keys.public()).await {
        Ok(Some(keys)) => Json(keys).into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

impl<'a> GetWebIdentityToken<'a> {
    fn parse(form: &'a Parameters) -> Result<Self, Refusal> {
        let mut constraints = Constraints::default();
        let audiences = form.list("Audience");
        if audiences.is_empty() {
            constraints.required("audience", None);
        }
        constraints.count("audience", audiences.len(), 0..=10);
        for (index, audience) in audiences.iter().enumerate() {
            constraints.length(&format!("audience.{}.member", index + 1), audience, 1..=1_000);
        }
        let name = constraints.required("signingAlgorithm", form.text("SigningAlgorithm"));
        let algorithm = Algorithm::named(name);
        if algorithm.is_none() && form.text("SigningAlgorithm").is_some() {
            constraints.violated("signingAlgorithm", name, "satisfy enum value set: [RS256, ES384]");
        }
        let duration = constraints.number("durationSeconds", form.text("DurationSeconds"), 60..=3_600);
        let tags = Tags::parse(form, &mut constraints);
        constraints.check()?;
        let tags = tags.checked()?.all;
        // Checked above: an algorithm that is missing or unknown is a violation.
        let algorithm = algorithm.ok_or_else(|| Refusal::new(Code::ValidationError, "signingAlgorithm"))?;
        Ok(Self { audiences, algorithm, duration: duration.unwrap_or(DEFAULT_DURATION), tags })
    }

    fn check_caller(&self, sandbox: &SandboxAws, caller: &Caller) -> Result<(), Refusal> {
        if !sandbox.0.config.outbound_federation {
            let message = "Outbound web identity federation is not enabled for this account.";
            return Err(Refusal::new(Code::OutboundWebIdentityFederationDisabled, message));
        }
        let context = [
            (
                "sts:IdentityTokenAudience",
                self.audiences.iter().map(|audience| (*audience).to_owned()).collect(),
            ),
            ("sts:SigningAlgorithm", vec![self.algorithm.as_str().to_owned()]),
            ("sts:DurationSeconds", vec![self.duration.to_string()]),
        ];
        sandbox.check_allowed(caller, "sts:GetWebIdentityToken", "*", &context)?;
        let end = caller.moment.now + SignedDuration::from_secs(i64::from(self.duration));
        if caller.principal.session().is_some_and(|session| session.expires_at < end) {
            let message =
                "The requested token duration would extend the session beyond its original expiration time.";
            return Err(Refusal::new(Code::SessionDurationEscalation, message));
        }
        Ok(())
    }

    fn claims(&self, sandbox: &SandboxAws, caller: &Caller, expires_at: Timestamp) -> Value {
        let (config, principal) = (&sandbox.0.config, &caller.principal);
        let subject = match principal {
            Principal::Operator | Principal::User(_) => principal.arn(config),
            Principal::Session(session) => session.role.to_string(),
        };
        let mut sts = Map::new();
        sts.insert("aws_account".to_owned(), principal.account(config).into());
        sts.insert("source_region".to_owned(), caller.region.as_str().into());
        if let Some(session) = principal.session() {
            sts.extend(session_claims(session));
        }
        if !self.tags.is_empty() {
            sts.insert("request_tags".to_owned(), tag_map(&self.tags));
        }
        let audience = match self.audiences.as_slice() {
            [one] => json!(one),
            several => json!(several),
        };
        json!({
            "iss": sandbox.issuer(),
            "aud": audience,
            "sub": subject,
            "iat": caller.moment.now.as_second(),
            "exp": expires_at.as_second(),
            "jti": sandbox.unique(),
            "https://sts.amazonaws.com/": sts,
        })
    }
}

fn session_claims(session: &Session) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("original_session_exp".to_owned(), session.expires_at.to_string().into());
    if let Some(identity) = &session.source_identity {
        claims.insert("source_identity".to_owned(), identity.as_str().into());
    }
    if !session.tags.is_empty() {
        claims.insert("principal_tags".to_owned(), tag_map(&session.tags));
    }
    claims
}

fn tag_map(tags: &[Tag]) -> Value {
    Value::Object(tags.iter().map(|tag| (tag.key.clone(), tag.value.as_str().into())).collect())
}
