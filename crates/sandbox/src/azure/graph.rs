//! Graph, as far as an application's passwords go.
//! <https://learn.microsoft.com/graph/api/application-addpassword>

use std::collections::BTreeMap;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::SandboxAzure;
use super::config::{App, Apps};
use super::passwords::Password;
use super::refusal::ApiError;
use super::resource::{self, GRAPH};
use crate::bearer;
use crate::trouble::Moment;

/// What a password lives where the call does not say: two years.
const LIFETIME: SignedDuration = SignedDuration::from_hours(2 * 365 * 24);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AddPassword {
    #[serde(default)]
    password_credential: Wanted,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    display_name: Option<String>,
    end_date_time: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RemovePassword {
    key_id: String,
}

/// `GET /v1.0/applications/OBJECT`, `GET /v1.0/applications(appId='CLIENT')`
pub(super) async fn application(
    State(sandbox): State<SandboxAzure>,
    Extension(moment): Extension<Moment>,
    Path(application): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let named = Named::of(&application);
    let client_id = sandbox.managed(&named, &headers, moment).await?;
    let object = match (&sandbox.0.config.apps, named) {
        (_, Named::Object(id)) => id.to_owned(),
        (Apps::Any { .. }, Named::Client(id)) => id.to_owned(),
        (Apps::Listed(apps), Named::Client(id)) => {
            apps.get(id).map(|app| app.object_id.clone()).unwrap_or_default()
        }
    };
    let mut described = sandbox.described(&object, &client_id);
    if let (Some(select), Some(fields)) = (query.get("$select"), described.as_object_mut()) {
        fields.retain(|name, _| select.split(',').any(|selected| selected == name));
    }
    Ok(Json(described))
}

/// `POST /v1.0/applications/OBJECT/addPassword`, by client id likewise
pub(super) async fn add_password(
    State(sandbox): State<SandboxAzure>,
    Extension(moment): Extension<Moment>,
    Path(application): Path<String>,
    headers: HeaderMap,
    request: Result<Json<AddPassword>, JsonRejection>,
) -> Result<Json<Value>, ApiError> {
    let client_id = sandbox.managed(&Named::of(&application), &headers, moment).await?;
    let Json(request) = request.map_err(|rejection| {
        graph(&sandbox, moment, StatusCode::BAD_REQUEST, "Request_BadRequest", rejection.body_text())
    })?;
    let Wanted { display_name, end_date_time } = request.password_credential;
    let end = end_date_time.unwrap_or(moment.now + LIFETIME);
    if end <= moment.now {
        let message = "Key credential end date is invalid.";
        return Err(graph(&sandbox, moment, StatusCode::BAD_REQUEST, "Request_BadRequest", message));
    }
    let (password, secret) = sandbox.add_password(&client_id, display_name, end, moment.now);
    let mut answer = described(&password);
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("secretText".to_owned(), secret.into());
    }
    Ok(Json(answer))
}

/// `POST /v1.0/applications/OBJECT/removePassword`, by client id likewise
pub(super) async fn remove_password(
    State(sandbox): State<SandboxAzure>,
    Extension(moment): Extension<Moment>,
    Path(application): Path<String>,
    headers: HeaderMap,
    request: Result<Json<RemovePassword>, JsonRejection>,
) -> Result<StatusCode, ApiError> {
    let client_id = sandbox.managed(&Named::of(&application), &headers, moment).await?;
    let Json(request) = request.map_err(|rejection| {
        graph(&sandbox, moment, StatusCode::BAD_REQUEST, "Request_BadRequest", rejection.body_text())
    })?;
    if sandbox.remove_password(&client_id, &request.key_id, moment.now) {
        return Ok(StatusCode::NO_CONTENT);
    }
    let message = format!("No password credential found with keyId '{}'.", request.key_id);
    Err(graph(&sandbox, moment, StatusCode::BAD_REQUEST, "Request_BadRequest", message))
}

/// How an application is named.
enum Named<'a> {
    Object(&'a str),
    Client(&'a str),
}

impl<'a> Named<'a> {
    /// `OBJECT` or `applications(appId='CLIENT')`.
    fn of(segment: &'a str) -> Self {
        let client = segment.strip_prefix("applications(appId='").and_then(|rest| rest.strip_suffix("')"));
        client.map_or(Self::Object(segment), Self::Client)
    }
}

impl SandboxAzure {
    /// The client id of an application that the caller may manage.
    async fn managed(
        &self,
        named: &Named<'_>,
        headers: &HeaderMap,
        moment: Moment,
    ) -> Result<String, ApiError> {
        let unauthenticated = |message: &str| {
            graph(self, moment, StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message)
        };
        let token = bearer::token(headers).ok_or_else(|| unauthenticated("Access token is empty."))?;
        let bearer = self
            .verified(token, moment.now)
            .await
            .ok_or_else(|| unauthenticated("Lifetime validation failed, the token is expired or invalid."))?;
        if !resource::is_for(&bearer.audience, GRAPH) {
            return Err(unauthenticated("Access token validation failure. Invalid audience."));
        }
        let not_found = |id: &str| {
            let message = format!(
                "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
            );
            graph(self, moment, StatusCode::NOT_FOUND, "Request_ResourceNotFound", message)
        };
        let id = match *named {
            Named::Object(id) | Named::Client(id) => id,
        };
        let apps = match &self.0.config.apps {
            Apps::Any { .. } if Uuid::parse_str(id).is_ok() => return Ok(id.to_owned()),
            Apps::Any { .. } => return Err(not_found(id)),
            Apps::Listed(apps) => apps,
        };
        let caller = apps.get(&bearer.client_id);
        let found = apps.iter().find(|(client, app)| match *named {
            Named::Object(id) => app.object_id == id,
            Named::Client(id) => *client == id,
        });
        let may = |permission: &str| {
            caller.is_some_and(|caller: &App| caller.graph_permissions.iter().any(|held| held == permission))
        };
        let owns = found.is_some_and(|(_, app)| app.owners.contains(&bearer.client_id));
        let manages = may("Application.ReadWrite.All") || (owns && may("Application.ReadWrite.OwnedBy"));
        if !manages {
            let message = "Insufficient privileges to complete the operation.";
            return Err(graph(self, moment, StatusCode::FORBIDDEN, "Authorization_RequestDenied", message));
        }
        found.map(|(client, _)| client.clone()).ok_or_else(|| not_found(id))
    }

    fn described(&self, object: &str, client_id: &str) -> Value {
        let passwords: Vec<Value> = self.listed_passwords(client_id).iter().map(described).collect();
        json!({ "id": object, "appId": client_id, "passwordCredentials": passwords })
    }
}

fn described(password: &Password) -> Value {
    json!({
        "customKeyIdentifier": null,
        "displayName": password.display_name,
        "endDateTime": password.end.to_string(),
        "hint": password.hint,
        "keyId": password.key_id,
        "secretText": null,
        "startDateTime": password.start.to_string(),
    })
}

fn graph(
    sandbox: &SandboxAzure,
    moment: Moment,
    status: StatusCode,
    code: &str,
    message: impl Into<String>,
) -> ApiError {
    ApiError::new(status, code, message).of_graph(moment.now, &sandbox.unique())
}
