//! The metadata server, as a machine at Google finds it. <https://cloud.google.com/compute/docs/metadata/overview>

use std::collections::BTreeMap;

use axum::extract::{OriginalUri, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use super::SandboxGcp;
use super::principal::Principal;
use super::token::Token;
use crate::jwt::Algorithm;
use crate::trouble::{Injected, Moment};

const FLAVOR: (&str, &str) = ("metadata-flavor", "Google");
const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";
/// What a machine's token lives, in seconds.
const LIFETIME: u32 = 3_600;

type Arguments = Query<BTreeMap<String, String>>;

/// `GET /`, by which clients find out that there is a metadata server.
pub(super) async fn root(State(sandbox): State<SandboxGcp>, headers: HeaderMap) -> Response {
    match sandbox.machine(&headers) {
        Ok(_) => text("computeMetadata/\n"),
        Err(unanswered) => unanswered.into_response(),
    }
}

pub(super) async fn value(
    State(sandbox): State<SandboxGcp>,
    Extension(moment): Extension<Moment>,
    Path(path): Path<String>,
    OriginalUri(uri): OriginalUri,
    Query(arguments): Arguments,
    headers: HeaderMap,
) -> Response {
    let email = match sandbox.machine(&headers) {
        Ok(email) => email.to_owned(),
        Err(unanswered) => return unanswered.into_response(),
    };
    let config = &sandbox.0.config;
    let path = path.trim_end_matches('/');
    let account = path.strip_prefix("instance/service-accounts").map(|rest| rest.trim_start_matches('/'));
    match (path, account) {
        ("project/project-id", _) => text(&config.project),
        ("project/numeric-project-id", _) => text(&config.project_number.to_string()),
        ("universe/universe-domain", _) => text("googleapis.com"),
        (_, Some("")) => text(&format!("default/\n{email}/\n")),
        (_, Some(account)) => {
            let (name, what) = account.split_once('/').unwrap_or((account, ""));
            if name != "default" && name != email {
                return not_found(uri.path());
            }
            match what {
                "email" => text(&email),
                "scopes" => text(&format!("{CLOUD_PLATFORM}\n")),
                "token" => token(&sandbox, &email, &arguments, moment),
                "identity" => identity(&sandbox, email, &arguments, moment).await,
                "" => {
                    json_answer(json!({"aliases": ["default"], "email": email, "scopes": [CLOUD_PLATFORM]}))
                }
                _ => not_found(uri.path()),
            }
        }
        (_, None) => not_found(uri.path()),
    }
}

/// `GET /.well-known/openid-configuration`
pub(super) async fn configuration(State(sandbox): State<SandboxGcp>) -> Json<Value> {
    let issuer = &sandbox.0.config.url;
    Json(json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }))
}

/// `GET /.well-known/jwks.json`: how to verify identity tokens.
pub(super) async fn keys(State(sandbox): State<SandboxGcp>) -> Response {
    match spawn_blocking(move || sandbox.0.signing_keys.public()).await {
        Ok(Some(keys)) => Json(keys).into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

pub(super) fn injected(injected: &Injected, _: Moment) -> Response {
    let message =
        injected.error.clone().map_or_else(|| "Too many requests".to_owned(), |(_, message)| message);
    (injected.status, [FLAVOR], message).into_response()
}

impl SandboxGcp {
    /// The identity of the machine that asks, if there is a machine and its request is none that a browser was
    /// tricked into.
    fn machine(&self, headers: &HeaderMap) -> Result<&str, Unanswered> {
        let flavor = headers.get(FLAVOR.0).is_some_and(|flavor| flavor == FLAVOR.1);
        if !flavor || headers.contains_key("x-forwarded-for") {
            return Err(Unanswered::Unmarked);
        }
        self.0.config.ambient.as_deref().ok_or(Unanswered::NoMachine)
    }
}

/// Why the metadata server says nothing.
enum Unanswered {
    Unmarked,
    NoMachine,
}

impl Unanswered {
    fn into_response(self) -> Response {
        match self {
            Self::Unmarked => {
                let message = "Missing required header \"Metadata-Flavor\": \"Google\"";
                (StatusCode::FORBIDDEN, [FLAVOR], message).into_response()
            }
            Self::NoMachine => not_found("/computeMetadata/v1/"),
        }
    }
}

fn token(
    sandbox: &SandboxGcp,
    email: &str,
    arguments: &BTreeMap<String, String>,
    moment: Moment,
) -> Response {
    let asked = arguments.get("scopes").map(String::as_str).unwrap_or_default();
    let mut scopes: Vec<String> =
        asked.split(',').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    if scopes.is_empty() {
        scopes.push(CLOUD_PLATFORM.to_owned());
    }
    let expires_at = moment.after(LIFETIME);
    let principal = Principal::ServiceAccount(email.to_owned());
    let token = Token { principal, scopes, boundary: None, issued_at: moment.now, expires_at };
    match sandbox.sealed(&token) {
        Some(text) => json_answer(json!({
            "access_token": text,
            "expires_in": moment.until(expires_at),
            "token_type": "Bearer",
        })),
        None => (StatusCode::INTERNAL_SERVER_ERROR, [FLAVOR]).into_response(),
    }
}

async fn identity(
    sandbox: &SandboxGcp,
    email: String,
    arguments: &BTreeMap<String, String>,
    moment: Moment,
) -> Response {
    let Some(audience) = arguments.get("audience").filter(|audience| !audience.is_empty()) else {
        return (StatusCode::BAD_REQUEST, [FLAVOR], "non-empty audience parameter required").into_response();
    };
    let subject = subject_of(sandbox, &email);
    let mut claims = json!({
        "iss": sandbox.0.config.url,
        "aud": audience,
        "azp": subject,
        "sub": subject,
        "iat": moment.now.as_second(),
        "exp": moment.after(LIFETIME).as_second(),
    });
    if arguments.get("format").is_some_and(|format| format == "full")
        && let Some(claims) = claims.as_object_mut()
    {
        claims.insert("email".to_owned(), email.into());
        claims.insert("email_verified".to_owned(), true.into());
    }
    let signer = sandbox.clone();
    match spawn_blocking(move || signer.0.signing_keys.sign(Algorithm::Rs256, &claims)).await {
        Ok(Some(token)) => text(&token),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, [FLAVOR]).into_response(),
    }
}

/// Service accounts are known to others by a number of 21 digits.
fn subject_of(sandbox: &SandboxGcp, email: &str) -> String {
    let bytes = sandbox.0.key.derive("unique id", email);
    bytes.iter().map(|byte| char::from(b'0' + byte % 10)).take(21).collect()
}

fn text(value: &str) -> Response {
    ([FLAVOR, (header::CONTENT_TYPE.as_str(), "application/text")], value.to_owned()).into_response()
}

fn json_answer(value: Value) -> Response {
    ([FLAVOR], Json(value)).into_response()
}

fn not_found(path: &str) -> Response {
    let message = format!("The requested URL {path} was not found on this server.");
    (StatusCode::NOT_FOUND, [FLAVOR], message).into_response()
}
