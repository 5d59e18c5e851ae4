//! Stored credentials: what is known of them, importing one, and the current version for its owner.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use deputize_broker::Secret;
use deputize_broker::stored::facts::OauthGrant;
use deputize_broker::stored::{CredentialRecord, CurrentSecret, Facts, SecretForm, StoredSecret};
use deputize_scope::identifier::{CredentialId, CredentialType, Risk};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::authentication::Caller;
use crate::body::{InPath, InQuery, SecretJson, invalid, page_limit};
use crate::observation::about_agent;
use crate::problem::{Code, Problem, ProblemBody};
use crate::rotation::RotationBody;
use crate::router::Api;

/// A secret to import. The scope document says its type and its agent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SecretImport)]
pub(crate) struct ImportBody {
    /// The name that the scope document declares it under.
    id: String,
    /// The secret.
    credential: SecretBody,
}

/// A secret, with the fields of its type and no others.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SecretFields)]
struct SecretBody {
    /// `aws_access_key`: the key's id.
    access_key_id: Option<String>,
    /// `aws_access_key`.
    secret_access_key: Option<String>,
    /// `aws_access_key`, may be left out: the IAM user.
    user_name: Option<String>,
    /// `azure_service_principal`: the directory.
    tenant_id: Option<String>,
    /// `azure_service_principal`, `oauth_token`: the application or client.
    client_id: Option<String>,
    /// `azure_service_principal`, `oauth_token`.
    client_secret: Option<String>,
    /// `azure_service_principal`, `api_key`, may be left out: what the provider calls it.
    key_id: Option<String>,
    /// `oauth_token`: where tokens are asked for.
    token_url: Option<String>,
    /// `oauth_token`: with it, access tokens are got by it, without it by the client's secret.
    refresh_token: Option<String>,
    /// `oauth_token`, may be left out: what is asked for.
    scopes: Option<Vec<String>>,
    /// `api_key`.
    api_key: Option<String>,
}

impl From<SecretBody> for SecretForm {
    fn from(body: SecretBody) -> Self {
        Self {
            access_key_id: body.access_key_id,
            secret_access_key: body.secret_access_key.map(Secret::new),
            user_name: body.user_name,
            tenant_id: body.tenant_id,
            client_id: body.client_id,
            client_secret: body.client_secret.map(Secret::new),
            key_id: body.key_id,
            token_url: body.token_url,
            refresh_token: body.refresh_token.map(Secret::new),
            scopes: body.scopes,
            api_key: body.api_key.map(Secret::new),
        }
    }
}

/// What is on record of a stored credential: nothing secret.
#[derive(Serialize, ToSchema)]
#[schema(as = StoredCredential)]
pub(crate) struct RecordBody<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "api_key")]
    kind: CredentialType,
    /// The agent that owns it.
    agent: &'a str,
    #[schema(value_type = String, example = "high")]
    risk: Risk,
    /// The number of the version that is used.
    version: u64,
    /// The number of the version that is to follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_version: Option<u64>,
    #[schema(format = DateTime)]
    created_at: String,
    /// When it last got another version.
    #[schema(format = DateTime)]
    updated_at: String,
    /// Since when somebody else is known to have used its refresh token: it is used no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    compromised_at: Option<String>,
    /// What may be told of the current version.
    facts: FactsBody<'a>,
    /// Where its renewal stands.
    rotation: RotationBody<'a>,
}

/// What may be told of a secret; the fields are those of its type.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = SecretFacts)]
enum FactsBody<'a> {
    AwsAccessKey {
        access_key_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        user_name: Option<&'a str>,
    },
    AzureClientSecret {
        tenant_id: &'a str,
        client_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        key_id: Option<&'a str>,
    },
    Oauth {
        token_url: &'a str,
        client_id: &'a str,
        scopes: &'a [String],
        /// `client_credentials` or `refresh_token`.
        #[schema(value_type = String)]
        grant: OauthGrant,
    },
    ApiKey {
        #[serde(skip_serializing_if = "Option::is_none")]
        key_id: Option<&'a str>,
    },
}

impl<'a> From<&'a Facts> for FactsBody<'a> {
    fn from(facts: &'a Facts) -> Self {
        match facts {
            Facts::AwsAccessKey { access_key_id, user_name } => {
                Self::AwsAccessKey { access_key_id, user_name: user_name.as_deref() }
            }
            Facts::AzureClientSecret { tenant_id, client_id, key_id } => {
                Self::AzureClientSecret { tenant_id, client_id, key_id: key_id.as_deref() }
            }
            Facts::Oauth(client) => Self::Oauth {
                token_url: client.token_url.as_str(),
                client_id: &client.client_id,
                scopes: &client.scopes,
                grant: client.grant,
            },
            Facts::ApiKey { key_id } => Self::ApiKey { key_id: key_id.as_deref() },
        }
    }
}

impl<'a> From<&'a CredentialRecord> for RecordBody<'a> {
    fn from(record: &'a CredentialRecord) -> Self {
        Self {
            id: record.id.as_str(),
            kind: record.kind,
            agent: record.agent.as_str(),
            risk: record.risk,
            version: record.current.0,
            pending_version: record.pending().map(|version| version.0),
            created_at: record.created_at.to_string(),
            updated_at: record.updated_at.to_string(),
            compromised_at: record.compromised_at.map(|time| time.to_string()),
            facts: FactsBody::from(&record.facts),
            rotation: RotationBody::from(record),
        }
    }
}

/// A page of stored credentials, by name.
#[derive(Serialize, ToSchema)]
#[schema(as = StoredCredentialPage)]
pub(crate) struct PageBody<'a> {
    credentials: Vec<RecordBody<'a>>,
    /// The cursor of the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// `next` of the page before.
    cursor: Option<String>,
    /// How many at most: 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
}

/// A stored secret in the clear, for its owner.
#[derive(Serialize, ToSchema)]
#[schema(as = CurrentCredential)]
pub(crate) struct CurrentBody<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "api_key")]
    kind: CredentialType,
    /// The number of the version.
    version: u64,
    credential: CurrentFields<'a>,
}

/// The fields of a stored secret are those of its type.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = CurrentFields)]
enum CurrentFields<'a> {
    AwsAccessKey { access_key_id: &'a str, secret_access_key: &'a str },
    AzureClientSecret { tenant_id: &'a str, client_id: &'a str, client_secret: &'a str },
    ApiKey { api_key: &'a str },
}

impl<'a> CurrentFields<'a> {
    /// None where what is stored renews others: that is never given out.
    fn of(secret: &'a StoredSecret) -> Option<Self> {
        Some(match secret {
            StoredSecret::AwsAccessKey(key) => Self::AwsAccessKey {
                access_key_id: &key.access_key_id,
                secret_access_key: key.secret_access_key.reveal(),
            },
            StoredSecret::AzureClientSecret(secret) => Self::AzureClientSecret {
                tenant_id: &secret.tenant_id,
                client_id: &secret.client_id,
                client_secret: secret.client_secret.reveal(),
            },
            StoredSecret::ApiKey(key) => Self::ApiKey { api_key: key.key.reveal() },
            StoredSecret::Oauth(_) => return None,
        })
    }
}

/// Lists stored credentials by name, without their secrets: for admins and auditors.
#[utoipa::path(
    get, path = "/v1/credentials", tag = "stored credentials", params(Page),
    responses(
        (status = 200, body = PageBody<'_>, description = "A page"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Caller(caller): Caller,
    InQuery(page): InQuery<Page>,
) -> Result<Response, Problem> {
    let limit = page_limit(page.limit)?;
    let cursor = page.cursor.as_deref().map(str::parse::<CredentialId>).transpose();
    let cursor = cursor.map_err(|_| invalid("cursor: not one that was given out here"))?;
    let page = api.broker.stored_credentials(&caller, cursor.as_ref(), limit).await?;
    let credentials = page.records.iter().map(RecordBody::from).collect();
    let next = page.next.as_ref().map(CredentialId::as_str);
    Ok(axum::Json(PageBody { credentials, next }).into_response())
}

/// Shows what is on record of a stored credential, without its secret: for admins and auditors.
#[utoipa::path(
    get, path = "/v1/credentials/{id}", tag = "stored credentials",
    params(("id" = String, Path, description = "Its name")),
    responses(
        (status = 200, body = RecordBody<'_>, description = "What is on record"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn show(
    State(api): State<Api>,
    InPath(id): InPath<String>,
    Caller(caller): Caller,
) -> Result<Response, Problem> {
    let unknown = |_| Problem::new(Code::NotFound, "no stored credential of this name");
    let id: CredentialId = id.parse().map_err(unknown)?;
    let record = api.broker.stored_credential(&caller, &id).await?;
    Ok(axum::Json(RecordBody::from(&record)).into_response())
}

/// Imports a secret under a name that the scope document declares: for admins. It becomes the current version.
#[utoipa::path(
    post, path = "/v1/credentials", tag = "stored credentials", request_body = ImportBody,
    responses(
        (status = 201, body = RecordBody<'_>, description = "Stored; what is on record now"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn import(
    State(api): State<Api>,
    Caller(caller): Caller,
    SecretJson(body): SecretJson<ImportBody>,
) -> Result<Response, Problem> {
    let id: CredentialId = body.id.parse().map_err(|error| invalid(format!("id: {error}")))?;
    let record = Box::pin(api.broker.import_secret(&caller, &id, body.credential.into())).await?;
    about_agent(record.agent.as_str());
    Ok((StatusCode::CREATED, axum::Json(RecordBody::from(&record))).into_response())
}

/// The current version of an agent's own stored credential. Each call is an entry of the audit log.
#[utoipa::path(
    get, path = "/v1/agents/{agent}/credentials/{id}/current", tag = "stored credentials",
    params(
        ("agent" = String, Path, description = "The calling agent's name"),
        ("id" = String, Path, description = "The stored credential's name"),
    ),
    responses(
        (status = 200, body = CurrentBody<'_>, description = "The secret"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn current(
    State(api): State<Api>,
    InPath((agent, id)): InPath<(String, String)>,
    Caller(caller): Caller,
) -> Result<Response, Problem> {
    about_agent(&agent);
    let CurrentSecret { record, secret } = Box::pin(api.broker.current_secret(&caller, &agent, &id)).await?;
    let credential = CurrentFields::of(&secret)
        .ok_or_else(|| Problem::new(Code::Conflict, "what renews others is not given out"))?;
    let (id, kind, version) = (record.id.as_str(), record.kind, record.version_to_use().0);
    Ok(axum::Json(CurrentBody { id, kind, version, credential }).into_response())
}
