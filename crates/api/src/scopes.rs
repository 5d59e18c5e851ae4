//! The scope document, and what it grants an agent.

use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use deputize_broker::Role;
use deputize_broker::scopes::{Etag, LoadError, Precondition, PutScopesError};
use deputize_scope::document::JSON_SCHEMA;
use deputize_scope::{Scope, check};
use serde::de::IntoDeserializer;
use serde::de::value::{Error as ValueError, StrDeserializer};
use serde::{Deserialize as _, Serialize};
use utoipa::ToSchema;

use crate::authentication::Caller;
use crate::body::{InPath, Text, header, invalid};
use crate::finding::FindingBody;
use crate::observation::about_agent;
use crate::problem::{Code, Problem, ProblemBody};
use crate::router::Api;

/// What an agent may ask for.
#[derive(Serialize, ToSchema)]
#[schema(as = Grant)]
pub(crate) struct GrantBody {
    agent: String,
    /// The version of the scope document that says so.
    version: u64,
    budget: BudgetBody,
    /// As in the scope document, with its defaults filled in.
    #[schema(value_type = Vec<Object>)]
    scopes: Vec<Scope>,
}

/// How much an agent may ask for.
#[derive(Serialize, ToSchema)]
#[schema(as = Budget)]
struct BudgetBody {
    /// How many leases may be live at once.
    live_leases: u32,
    /// How many may be issued within a minute.
    per_minute: u32,
}

/// A document that is current now.
#[derive(Serialize, ToSchema)]
#[schema(as = PublishedScopes)]
pub(crate) struct PublishedBody {
    /// Its version, counted from 1.
    version: u64,
    /// Its tag, without quotes.
    etag: String,
    /// Its warnings.
    findings: Vec<FindingBody>,
}

/// What a check found.
#[derive(Serialize, ToSchema)]
#[schema(as = Findings)]
pub(crate) struct FindingsBody {
    pub(crate) findings: Vec<FindingBody>,
}

/// What an agent may ask for: told to that agent, to admins and to auditors.
#[utoipa::path(
    get, path = "/v1/agents/{agent}/scopes", tag = "scopes",
    params(("agent" = String, Path, description = "The agent's name")),
    responses(
        (status = 200, body = GrantBody, description = "Its grant"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn grant(
    State(api): State<Api>,
    InPath(agent): InPath<String>,
    Caller(caller): Caller,
) -> Result<axum::Json<GrantBody>, Problem> {
    about_agent(&agent);
    let (head, granted) = api.broker.grant(&caller, &agent).await?;
    let budget =
        BudgetBody { live_leases: granted.budget.live_leases, per_minute: granted.budget.per_minute };
    Ok(axum::Json(GrantBody { agent, version: head.version.0, budget, scopes: granted.scopes }))
}

/// The current scope document, as its author wrote it.
#[utoipa::path(
    get, path = "/v1/scopes", tag = "scopes",
    responses(
        (status = 200, description = "The document", content((String = "application/yaml"), (String = "application/json")),
            headers(("ETag" = String, description = "For If-Match"))),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn show(State(api): State<Api>, Caller(caller): Caller) -> Result<Response, Problem> {
    if !matches!(caller.role, Role::Admin | Role::Auditor) {
        return Err(Problem::new(Code::Forbidden, "only admins and auditors may read the scope document"));
    }
    let scopes = api.broker.scopes().await?;
    let scopes = scopes.ok_or_else(|| Problem::new(Code::NotFound, "no scope document was published yet"))?;
    let json = scopes.text.trim_start().starts_with('{');
    let content_type = if json { "application/json" } else { "application/yaml" };
    Ok(([tag(&scopes.head.etag)], [(CONTENT_TYPE, content_type)], scopes.text.clone()).into_response())
}

/// Replaces the scope document: with `If-Match`, the one of that tag; otherwise only where there is none yet.
#[utoipa::path(
    put, path = "/v1/scopes", tag = "scopes",
    request_body(content((String = "application/yaml"), (String = "application/json"))),
    params(
        ("If-Match" = Option<String>, Header, description = "The tag of the document to replace, or *"),
        ("If-None-Match" = Option<String>, Header, description = "*: only where there is none yet"),
    ),
    responses(
        (status = 200, body = PublishedBody, description = "Replaced, or current already"),
        (status = 201, body = PublishedBody, description = "Published as the first"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn publish(
    State(api): State<Api>,
    Caller(caller): Caller,
    headers: HeaderMap,
    Text(text): Text,
) -> Result<Response, Problem> {
    let if_match = header(&headers, "if-match")?;
    let if_none_match = header(&headers, "if-none-match")?;
    let precondition = match (if_match, if_none_match) {
        (Some("*"), None) => any_current(&api).await?,
        (Some(tag), None) => Precondition::Matches(read_tag(tag)?),
        (None, Some("*") | None) => Precondition::Absent,
        (None, Some(_)) => return Err(invalid("if-none-match: only * is understood here")),
        (Some(_), Some(_)) => return Err(invalid("send if-match or if-none-match, not both")),
    };
    let first = precondition == Precondition::Absent;
    let findings = || check::document(&text, api.shelf.catalogues()).findings;
    let unconditional = if_match.is_none() && if_none_match.is_none();
    let (head, _) =
        api.broker.put_scopes(&caller, text.clone(), precondition).await.map_err(|error| match error {
            PutScopesError::PreconditionFailed if unconditional => Problem::new(
                Code::PreconditionFailed,
                "there is a scope document already: send If-Match with the tag of the one to replace",
            ),
            // The broker tells what makes the document unusable; its author wants to know the rest too.
            PutScopesError::Invalid(_) => PutScopesError::Invalid(findings()).into(),
            error => error.into(),
        })?;
    let status = if first { StatusCode::CREATED } else { StatusCode::OK };
    let body = PublishedBody {
        version: head.version.0,
        etag: head.etag.as_str().to_owned(),
        findings: FindingBody::of_document(findings()),
    };
    Ok((status, [tag(&head.etag)], axum::Json(body)).into_response())
}

/// `If-Match: *` holds where there is a document, even one that this version cannot read. There is no way to remove a
/// document, so what holds now still holds when the document is replaced.
async fn any_current(api: &Api) -> Result<Precondition, Problem> {
    match api.broker.scopes().await {
        Ok(Some(_)) | Err(LoadError::Unreadable(_)) => Ok(Precondition::Any),
        Ok(None) => Err(Problem::new(Code::PreconditionFailed, "no scope document was published yet")),
        Err(error) => Err(error.into()),
    }
}

/// Reads `"…"`. A weak tag never matches (RFC 9110, 13.1.1), and neither does one of another form than ours.
fn read_tag(text: &str) -> Result<Etag, Problem> {
    let inner = text.strip_prefix("W/").unwrap_or(text);
    let inner = inner.strip_prefix('"').and_then(|inner| inner.strip_suffix('"'));
    let inner = inner.filter(|inner| !inner.contains('"'));
    let inner = inner.ok_or_else(|| invalid("if-match: one tag in quotes, as the ETag header gives it"))?;
    let tag = if text.starts_with("W/") { text } else { inner };
    let deserializer: StrDeserializer<'_, ValueError> = tag.into_deserializer();
    Etag::deserialize(deserializer).map_err(|error| invalid(format!("if-match: {error}")))
}

fn tag(etag: &Etag) -> (axum::http::HeaderName, HeaderValue) {
    // Hexadecimal digits in quotes are always a header's value.
    let value = HeaderValue::try_from(format!("\"{}\"", etag.as_str()));
    (ETAG, value.unwrap_or_else(|_| HeaderValue::from_static("\"\"")))
}

/// Checks a scope document. Asks nothing of the store, and changes nothing.
#[utoipa::path(
    post, path = "/v1/scopes:check", tag = "scopes",
    request_body(content((String = "application/yaml"), (String = "application/json"))),
    responses(
        (status = 200, body = FindingsBody, description = "What was found"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn check(State(api): State<Api>, Text(text): Text) -> axum::Json<FindingsBody> {
    let parsed = check::document(&text, api.shelf.catalogues());
    axum::Json(FindingsBody { findings: FindingBody::of_document(parsed.findings) })
}

/// The JSON Schema of a scope document.
#[utoipa::path(
    get, path = "/schema/scope.json", tag = "scopes",
    responses((status = 200, content_type = "application/schema+json", description = "The schema")),
)]
pub(crate) async fn schema() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/schema+json")], JSON_SCHEMA)
}
