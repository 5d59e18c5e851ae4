//! As much of Cloud Storage as it takes to use a token: reading and listing objects.
//! <https://cloud.google.com/storage/docs/json_api/v1/objects>

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::SandboxGcp;
use super::authority::Use;
use super::authorize::refused;
use super::refusal::ApiError;
use crate::trouble::Moment;

type Arguments = Query<BTreeMap<String, String>>;

/// `GET /storage/v1/b/BUCKET/o/OBJECT`: what is known of an object, or its content with `alt=media`.
pub(super) async fn object(
    State(sandbox): State<SandboxGcp>,
    Extension(moment): Extension<Moment>,
    Path((bucket, name)): Path<(String, String)>,
    Query(arguments): Arguments,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let resource = format!("//storage.googleapis.com/projects/_/buckets/{bucket}/objects/{name}");
    let usage = Use { permission: "storage.objects.get", resource: &resource, listed: "" };
    sandbox.check(&headers, moment, &usage)?;
    let content = sandbox
        .0
        .config
        .objects
        .get(&(bucket.clone(), name.clone()))
        .ok_or_else(|| ApiError::not_found(format!("No such object: {bucket}/{name}")))?;
    if arguments.get("alt").is_some_and(|alt| alt == "media") {
        return Ok(([(header::CONTENT_TYPE, "application/octet-stream")], content.clone()).into_response());
    }
    Ok(Json(described(&bucket, &name, content)).into_response())
}

/// `GET /storage/v1/b/BUCKET/o?prefix=…`
pub(super) async fn list(
    State(sandbox): State<SandboxGcp>,
    Extension(moment): Extension<Moment>,
    Path(bucket): Path<String>,
    Query(arguments): Arguments,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let resource = format!("//storage.googleapis.com/projects/_/buckets/{bucket}");
    let prefix = arguments.get("prefix").map(String::as_str).unwrap_or_default();
    let usage = Use { permission: "storage.objects.list", resource: &resource, listed: prefix };
    sandbox.check(&headers, moment, &usage)?;
    let objects = &sandbox.0.config.objects;
    let listed = objects.iter().filter(|((holder, name), _)| *holder == bucket && name.starts_with(prefix));
    let items: Vec<Value> = listed.map(|((_, name), content)| described(&bucket, name, content)).collect();
    Ok(Json(json!({ "kind": "storage#objects", "items": items })))
}

impl SandboxGcp {
    fn check(&self, headers: &HeaderMap, moment: Moment, usage: &Use<'_>) -> Result<(), ApiError> {
        let token = self.caller(headers, moment)?;
        refused(self.decide(&token, usage), usage).map_or(Ok(()), Err)
    }
}

fn described(bucket: &str, name: &str, content: &[u8]) -> Value {
    json!({
        "kind": "storage#object",
        "id": format!("{bucket}/{name}/1"),
        "name": name,
        "bucket": bucket,
        "generation": "1",
        "size": content.len().to_string(),
    })
}
