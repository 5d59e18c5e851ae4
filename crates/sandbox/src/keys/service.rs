//! What the provider answers.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::SandboxKeys;
use super::account::{ApiKey, Kept};
use super::refusal::Refusal;
use crate::bearer;
use crate::sealed::Seal;
use crate::trouble::Moment;

const PREFIX: &str = "sk_";
const LONGEST_LABEL: usize = 100;

/// `POST /accounts`
pub(super) async fn open(
    State(sandbox): State<SandboxKeys>,
    Extension(moment): Extension<Moment>,
) -> Result<Response, Refusal> {
    let account = format!("acc_{}", sandbox.unique());
    sandbox.make(account, "first".to_owned(), true, moment)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    label: String,
}

/// `POST /v1/keys`
pub(super) async fn create(
    State(sandbox): State<SandboxKeys>,
    Extension(moment): Extension<Moment>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let caller = sandbox.caller(&headers, moment)?;
    let wanted: Wanted = serde_json::from_slice(&body)
        .map_err(|_| Refusal::invalid_request("The body is an object with a label."))?;
    if wanted.label.is_empty() || wanted.label.chars().count() > LONGEST_LABEL {
        return Err(Refusal::invalid_request("A label has 1 to 100 characters."));
    }
    sandbox.make(caller.account, wanted.label, false, moment)
}

#[derive(Deserialize)]
pub(super) struct Page {
    after: Option<String>,
}

/// `GET /v1/keys`: the address of the next page is beside the list, where there is one.
pub(super) async fn list(
    State(sandbox): State<SandboxKeys>,
    Extension(moment): Extension<Moment>,
    Query(page): Query<Page>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let caller = sandbox.caller(&headers, moment)?;
    let all = sandbox.0.accounts.of(&caller.account);
    let begin = match &page.after {
        Some(after) => all.iter().position(|kept| kept.key.id == *after).map_or(all.len(), |at| at + 1),
        None => 0,
    };
    let shown: Vec<&Kept> = all.iter().skip(begin).take(sandbox.0.config.page).collect();
    let has_more = begin + shown.len() < all.len();
    let next = shown.last().filter(|_| has_more).map(|last| format!("?after={}", last.key.id));
    let keys: Vec<Value> = shown.into_iter().map(told).collect();
    Ok(Json(json!({ "keys": keys, "next": next })))
}

/// `POST /v1/keys/{id}/disable`
pub(super) async fn disable(
    State(sandbox): State<SandboxKeys>,
    Extension(moment): Extension<Moment>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let caller = sandbox.caller(&headers, moment)?;
    if !sandbox.0.accounts.disable(&caller.account, &id, moment.now) {
        return Err(Refusal::not_found());
    }
    Ok(Json(json!({ "id": id, "enabled": false })))
}

/// `DELETE /v1/keys/{id}`
pub(super) async fn delete(
    State(sandbox): State<SandboxKeys>,
    Extension(moment): Extension<Moment>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    let caller = sandbox.caller(&headers, moment)?;
    let was_there = sandbox.0.accounts.delete(&caller.account, &id, moment.now);
    if was_there { Ok(StatusCode::NO_CONTENT) } else { Err(Refusal::not_found()) }
}

/// `GET /v1/whoami`
pub(super) async fn whoami(
    State(sandbox): State<SandboxKeys>,
    Extension(moment): Extension<Moment>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let caller = sandbox.caller(&headers, moment)?;
    Ok(Json(json!({ "account": caller.account, "id": caller.id, "label": caller.label })))
}

fn told(kept: &Kept) -> Value {
    let key = &kept.key;
    let enabled = kept.disabled_at.is_none();
    json!({ "id": key.id, "label": key.label, "enabled": enabled, "created_at": key.created_at })
}

impl SandboxKeys {
    /// The key that a call is made with, where it works.
    fn caller(&self, headers: &HeaderMap, moment: Moment) -> Result<ApiKey, Refusal> {
        let key = bearer::token(headers).and_then(|text| self.opened(text));
        let key = key.filter(|key| self.0.accounts.works(key, &self.0.config, moment.now));
        key.ok_or_else(Refusal::invalid_key)
    }

    fn make(
        &self,
        account: String,
        label: String,
        is_first: bool,
        moment: Moment,
    ) -> Result<Response, Refusal> {
        let id = format!("key_{}", self.unique());
        let key = ApiKey { id, account, label, created_at: moment.now, is_first };
        let sealed = self.seal().seal(self.0.random.as_ref(), &key, 0).ok_or_else(Refusal::defect)?;
        self.0.accounts.add(key.clone(), self.0.config.most_keys).map_err(|_| Refusal::too_many())?;
        let body = json!({
            "account": key.account,
            "id": key.id,
            "label": key.label,
            "created_at": key.created_at,
            "secret": format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(sealed)),
        });
        Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
    }

    fn opened(&self, text: &str) -> Option<ApiKey> {
        self.seal().open(&URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?)
    }

    fn seal(&self) -> Seal<'_> {
        Seal { key: &self.0.key, purpose: "api key", beside: "" }
    }
}
