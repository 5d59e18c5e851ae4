//! Bodies and queries, read strictly.

use axum::body::Bytes;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::problem::{Code, Problem};
use crate::router::{Api, BODY_LIMIT};

/// A body of JSON.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Api> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(invalid("send JSON, as content-type: application/json"));
        }
        let Text(text) = Text::from_request(request, api).await?;
        // serde's message names the field and the place.
        serde_json::from_str(&text).map(Self).map_err(|error| invalid(format!("the body: {error}")))
    }
}

/// A body of JSON that holds secrets: what is wrong with it is told by its place alone.
pub(crate) struct SecretJson<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Api> for SecretJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(invalid("send JSON, as content-type: application/json"));
        }
        let Text(text) = Text::from_request(request, api).await?;
        let text = Zeroizing::new(text);
        // serde's message may quote a value that stands in the wrong place.
        serde_json::from_str(&text).map(Self).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            invalid(format!(
                "the body does not have the form that is described, at line {line}, column {column}"
            ))
        })
    }
}

/// Whether a body may be JSON; one that does not say is given the benefit of the doubt.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else { return true };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json") || essence.to_ascii_lowercase().ends_with("+json")
}

/// A body of text.
pub(crate) struct Text(pub(crate) String);

impl FromRequest<Api> for Text {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, api).await.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Problem::new(Code::TooLarge, format!("a body has at most {BODY_LIMIT} bytes"))
            } else {
                invalid("the body ended early")
            }
        })?;
        String::from_utf8(bytes.into()).map(Self).map_err(|_| invalid("the body is not UTF-8"))
    }
}

/// The parameters of the path.
pub(crate) struct InPath<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Api> for InPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let read: Result<Path<T>, PathRejection> = Path::from_request_parts(parts, api).await;
        read.map(|Path(value)| Self(value)).map_err(|_| invalid("the path is not UTF-8"))
    }
}

/// The parameters of the query.
pub(crate) struct InQuery<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Api> for InQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let read: Result<Query<T>, QueryRejection> = Query::from_request_parts(parts, api).await;
        read.map(|Query(value)| Self(value)).map_err(|error| invalid(error.body_text()))
    }
}

/// The value of a header that may stand once, or not at all.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(invalid(format!("the header {name} stands more than once")));
    }
    value.to_str().map(Some).map_err(|_| invalid(format!("the header {name} is not plain text")))
}

/// How many entries a page has where the caller does not say, and at most.
const DEFAULT_LIMIT: u32 = 50;
const MOST: u32 = 100;

/// How many entries a page is to have.
pub(crate) fn page_limit(asked: Option<u32>) -> Result<u32, Problem> {
    let limit = asked.unwrap_or(DEFAULT_LIMIT);
    if (1..=MOST).contains(&limit) { Ok(limit) } else { Err(invalid(format!("limit: from 1 to {MOST}"))) }
}

/// A request that cannot be understood.
pub(crate) fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(Code::InvalidRequest, detail)
}
