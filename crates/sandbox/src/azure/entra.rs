//! The token endpoint, and the documents by which clients find it.
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};
use uuid::Uuid;

use super::SandboxAzure;
use super::config::{App, Apps};
use super::passwords::Standing;
use super::refusal::EntraError;
use super::resource;
use super::token::{Grantee, LIFETIME};
use crate::trouble::Moment;

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub(super) async fn token(
    State(sandbox): State<SandboxAzure>,
    Extension(moment): Extension<Moment>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form: BTreeMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let trace = sandbox.unique();
    let asked = headers.get("client-request-id").and_then(|id| id.to_str().ok());
    let correlation = asked.or(form.get("client-request-id").map(String::as_str));
    let correlation = correlation.filter(|id| Uuid::parse_str(id).is_ok()).unwrap_or(&trace).to_owned();
    match sandbox.client_credentials(&tenant, &form, moment).await {
        Ok(answer) => ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response(),
        Err(error) => {
            tracing::debug!(code = error.code, "refused");
            error.answer(moment.now, &trace, &correlation)
        }
    }
}

impl SandboxAzure {
    async fn client_credentials(
        &self,
        tenant: &str,
        form: &BTreeMap<String, String>,
        moment: Moment,
    ) -> Result<Value, EntraError> {
        self.check_tenant(tenant)?;
        let grant = required(form, "grant_type")?;
        if grant != "client_credentials" {
            let message = format!("The app requested an unsupported grant type '{grant}'.");
            return Err(EntraError {
                error: "unsupported_grant_type",
                ..EntraError::request(70_003, message)
            });
        }
        let client_id = required(form, "client_id")?;
        let app = self.application(client_id)?;
        self.authenticate(client_id, app.as_ref(), form, moment).await?;
        let audience = audience(required(form, "scope")?)?;
        let end = moment.after(LIFETIME);
        let grantee = Grantee { client_id: client_id.to_owned(), audience };
        let token = self.sign(&grantee, moment, end).await.ok_or_else(|| {
            EntraError::request(90_033, "A transient error has occurred. Please try again.")
        })?;
        let seconds = moment.until(end);
        Ok(json!({
            "token_type": "Bearer",
            "expires_in": seconds,
            "ext_expires_in": seconds,
            "access_token": token,
        }))
    }

    fn check_tenant(&self, tenant: &str) -> Result<(), EntraError> {
        if tenant.eq_ignore_ascii_case(&self.0.config.tenant) {
            return Ok(());
        }
        let message = format!(
            "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the \
             correct cloud. Check with your subscription administrator, this may happen if there are no active \
             subscriptions for the tenant."
        );
        Err(EntraError::request(90_002, message))
    }

    /// The application by its client id; `None` where any will do.
    fn application(&self, client_id: &str) -> Result<Option<App>, EntraError> {
        let found = match &self.0.config.apps {
            Apps::Any { .. } => Uuid::parse_str(client_id).is_ok().then_some(None),
            Apps::Listed(apps) => apps.get(client_id).cloned().map(Some),
        };
        found.ok_or_else(|| {
            let message = format!(
                "Application with identifier '{client_id}' was not found in the directory '{}'. This can happen if the \
                 application has not been installed by the administrator of the tenant or consented to by any user in \
                 the tenant. You may have sent your authentication request to the wrong tenant.",
                self.0.config.tenant
            );
            EntraError { error: "unauthorized_client", ..EntraError::request(700_016, message) }
        })
    }

    async fn authenticate(
        &self,
        client_id: &str,
        app: Option<&App>,
        form: &BTreeMap<String, String>,
        moment: Moment,
    ) -> Result<(), EntraError> {
        if let Some(assertion) = form.get("client_assertion") {
            if form.get("client_assertion_type").map(String::as_str) != Some(ASSERTION) {
                return Err(EntraError::request(50_185, "The client_assertion_type is not supported."));
            }
            return self.check_assertion(app, assertion, moment).await;
        }
        let Some(secret) = form.get("client_secret") else {
            let message = "The request body must contain the following parameter: 'client_assertion' or \
                           'client_secret'.";
            return Err(EntraError::client(7_000_218, message));
        };
        match self.standing(client_id, secret, moment.now) {
            Standing::Valid => Ok(()),
            Standing::Expired => Err(EntraError::client(
                7_000_222,
                format!(
                    "The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to \
                     create new keys for your app."
                ),
            )),
            Standing::Unknown => Err(EntraError::client(
                7_000_215,
                format!(
                    "Invalid client secret provided. Ensure the secret being sent in the request is the client secret \
                     value, not the client secret ID, for a secret added to app '{client_id}'."
                ),
            )),
        }
    }
}

fn required<'a>(form: &'a BTreeMap<String, String>, name: &str) -> Result<&'a str, EntraError> {
    form.get(name).map(String::as_str).filter(|value| !value.is_empty()).ok_or_else(|| {
        let message = format!("The request body must contain the following parameter: '{name}'.");
        EntraError::request(900_144, message)
    })
}

/// The one service that a scope names.
fn audience(scope: &str) -> Result<String, EntraError> {
    let mut named = scope.split_whitespace();
    let (Some(one), None) = (named.next(), named.next()) else {
        let message = format!(
            "Provided value for the input parameter scope is not valid because it contains more than one resource. \
             Scope {scope} is not valid."
        );
        return Err(EntraError::scope(28_000, message));
    };
    let identifier = one.strip_suffix("/.default").ok_or_else(|| {
        let message = format!(
            "The provided value for scope {one} is not valid. Client credential flows must have a scope value with \
             /.default suffixed to the resource identifier (application ID URI)."
        );
        EntraError::scope(1_002_012, message)
    })?;
    if resource::is_known(identifier) {
        return Ok(identifier.to_owned());
    }
    let message = format!(
        "The resource principal named {identifier} was not found in the tenant. This can happen if the application has \
         not been installed by the administrator of the tenant or consented to by any user in the tenant."
    );
    Err(EntraError { error: "invalid_resource", ..EntraError::request(500_011, message) })
}

/// `GET /TENANT/v2.0/.well-known/openid-configuration`
pub(super) async fn configuration(
    State(sandbox): State<SandboxAzure>,
    Extension(moment): Extension<Moment>,
    Path(tenant): Path<String>,
) -> Response {
    if let Err(error) = sandbox.check_tenant(&tenant) {
        let trace = sandbox.unique();
        return error.answer(moment.now, &trace, &trace);
    }
    let base = format!("{}/{tenant}", sandbox.0.config.url);
    Json(json!({
        "issuer": format!("{base}/v2.0"),
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }))
    .into_response()
}

/// `GET /TENANT/discovery/v2.0/keys`
pub(super) async fn keys(State(sandbox): State<SandboxAzure>) -> Response {
    match sandbox.public_keys().await {
        Some(keys) => Json(keys).into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// `GET /common/discovery/instance`: that this authority is known, for clients that ask before they trust one.
pub(super) async fn instance(
    State(sandbox): State<SandboxAzure>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Json<Value> {
    let url = &sandbox.0.config.url;
    let host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or(host);
    let asked = query.get("authorization_endpoint").and_then(|endpoint| endpoint.split("/oauth2/").next());
    let tenant = format!("{url}/{}", sandbox.0.config.tenant);
    let base = asked.unwrap_or(&tenant);
    Json(json!({
        "tenant_discovery_endpoint": format!("{base}/v2.0/.well-known/openid-configuration"),
        "api-version": "1.1",
        "metadata": [{ "preferred_network": host, "preferred_cache": host, "aliases": [host] }],
    }))
}
