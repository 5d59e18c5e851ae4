//! The files of the logs, as C2SP tlog-tiles has them: for programs that verify by themselves.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use deputize_ledger::{SignedCheckpoint, TilePath};

use super::{Auditor, nothing_sealed};
use crate::body::InPath;
use crate::problem::{Code, Problem, ProblemBody};

/// Callers have to prove who they are, so that no cache may share what they got.
const FOREVER: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("private, no-cache");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// The checkpoint of the current log: a signed note (c2sp.org/tlog-checkpoint). For auditors and admins.
#[utoipa::path(
    get, path = "/v1/audit/checkpoint", tag = "audit",
    responses(
        (status = 200, content_type = "text/plain", description = "The checkpoint"),
        (status = 304, description = "As it was"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn checkpoint(auditor: Auditor, headers: HeaderMap) -> Result<Response, Problem> {
    let year = auditor.current().await?;
    note(auditor.reader().checkpoint(year).await?, &headers)
}

/// The checkpoint of a year's log. For auditors and admins.
#[utoipa::path(
    get, path = "/v1/audit/logs/{year}/checkpoint", tag = "audit",
    params(("year" = i16, Path, description = "The year")),
    responses(
        (status = 200, content_type = "text/plain", description = "The checkpoint"),
        (status = 304, description = "As it was"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn checkpoint_of(
    InPath(year): InPath<String>,
    auditor: Auditor,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    note(auditor.reader().checkpoint(year_of(&year)?).await?, &headers)
}

/// The last checkpoint of the current log that a witness has cosigned (c2sp.org/tlog-cosignature). For auditors and
/// admins.
#[utoipa::path(
    get, path = "/v1/audit/checkpoint/cosigned", tag = "audit",
    responses(
        (status = 200, content_type = "text/plain", description = "The checkpoint with the cosignatures"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn cosigned(auditor: Auditor) -> Result<Response, Problem> {
    let year = auditor.current().await?;
    cosigned_in(&auditor, year).await
}

/// The last checkpoint of a year's log that a witness has cosigned. For auditors and admins.
#[utoipa::path(
    get, path = "/v1/audit/logs/{year}/checkpoint/cosigned", tag = "audit",
    params(("year" = i16, Path, description = "The year")),
    responses(
        (status = 200, content_type = "text/plain", description = "The checkpoint with the cosignatures"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn cosigned_of(InPath(year): InPath<String>, auditor: Auditor) -> Result<Response, Problem> {
    cosigned_in(&auditor, year_of(&year)?).await
}

/// The key that signs the current log, as a verifier key (c2sp.org/signed-note). For auditors and admins, who do well to
/// have it from somewhere else.
#[utoipa::path(
    get, path = "/v1/audit/key", tag = "audit",
    responses(
        (status = 200, content_type = "text/plain", description = "The key, in one line"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn key(auditor: Auditor) -> Result<Response, Problem> {
    let year = auditor.current().await?;
    key_in(&auditor, year).await
}

/// The key that signs a year's log. For auditors and admins.
#[utoipa::path(
    get, path = "/v1/audit/logs/{year}/key", tag = "audit",
    params(("year" = i16, Path, description = "The year")),
    responses(
        (status = 200, content_type = "text/plain", description = "The key, in one line"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn key_of(InPath(year): InPath<String>, auditor: Auditor) -> Result<Response, Problem> {
    let year = year_of(&year)?;
    if auditor.reader().checkpoint(year).await?.is_none() {
        return Err(no_such_log());
    }
    key_in(&auditor, year).await
}

/// A tile of hashes or a bundle of entries of the current log (c2sp.org/tlog-tiles). For auditors and admins.
#[utoipa::path(
    get, path = "/v1/audit/tile/{path}", tag = "audit",
    params(("path" = String, Path, description = "Such as `0/x001/067.p/12` or `entries/000`")),
    responses(
        (status = 200, content_type = "application/octet-stream", description = "Its bytes"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn tile(InPath(path): InPath<String>, auditor: Auditor) -> Result<Response, Problem> {
    let year = auditor.current().await?;
    tile_in(&auditor, year, &path).await
}

/// A tile of hashes or a bundle of entries of a year's log. For auditors and admins.
#[utoipa::path(
    get, path = "/v1/audit/logs/{year}/tile/{path}", tag = "audit",
    params(
        ("year" = i16, Path, description = "The year"),
        ("path" = String, Path, description = "Such as `0/x001/067.p/12` or `entries/000`"),
    ),
    responses(
        (status = 200, content_type = "application/octet-stream", description = "Its bytes"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn tile_of(
    InPath((year, path)): InPath<(String, String)>,
    auditor: Auditor,
) -> Result<Response, Problem> {
    tile_in(&auditor, year_of(&year)?, &path).await
}

async fn cosigned_in(auditor: &Auditor, year: i16) -> Result<Response, Problem> {
    let cosigned = auditor.reader().cosigned(year).await?;
    let cosigned =
        cosigned.ok_or_else(|| Problem::new(Code::NotFound, "no witness has cosigned this log"))?;
    Ok(([(CONTENT_TYPE, TEXT), (CACHE_CONTROL, ASK_AGAIN)], cosigned.to_string()).into_response())
}

async fn key_in(auditor: &Auditor, year: i16) -> Result<Response, Problem> {
    let key = auditor.reader().key(year).await?;
    Ok(([(CONTENT_TYPE, TEXT), (CACHE_CONTROL, ASK_AGAIN)], format!("{key}\n")).into_response())
}

async fn tile_in(auditor: &Auditor, year: i16, path: &str) -> Result<Response, Problem> {
    let none = || Problem::new(Code::NotFound, "the log has no such tile");
    let tile: TilePath = format!("tile/{path}").parse().map_err(|_| none())?;
    let bytes = auditor.reader().tile(year, &tile).await?.ok_or_else(none)?;
    let keep = if tile.is_full() { FOREVER } else { ASK_AGAIN };
    Ok(([(CONTENT_TYPE, BYTES), (CACHE_CONTROL, keep)], bytes).into_response())
}

fn note(checkpoint: Option<SignedCheckpoint>, headers: &HeaderMap) -> Result<Response, Problem> {
    let checkpoint = checkpoint.ok_or_else(nothing_sealed)?;
    // Signatures of Ed25519 are one for each text: size and root say all of it.
    let says = checkpoint.unverified();
    let etag = format!("\"{}-{}\"", says.size, says.root);
    let is_known = headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim().trim_start_matches("W/") == etag);
    let etag = HeaderValue::try_from(etag).unwrap_or_else(|_| HeaderValue::from_static("\"\""));
    let kept = [(ETAG, etag), (CACHE_CONTROL, ASK_AGAIN)];
    Ok(if is_known {
        (StatusCode::NOT_MODIFIED, kept).into_response()
    } else {
        (kept, [(CONTENT_TYPE, TEXT)], checkpoint.to_string()).into_response()
    })
}

fn year_of(text: &str) -> Result<i16, Problem> {
    text.parse().map_err(|_| no_such_log())
}

fn no_such_log() -> Problem {
    Problem::new(Code::NotFound, "there is no log of that year")
}
