//! Asking for a credential.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use deputize_broker::credential::Credential;
use deputize_broker::idempotency::IdempotencyKey;
use deputize_broker::issue::Issued;
use deputize_broker::lease::Enforcement;
use deputize_broker::request::{Context, CredentialRequest, Purpose, Wanted};
use deputize_scope::identifier::CredentialType;
use deputize_scope::{Cloud, Seconds};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::authentication::Caller;
use crate::body::{InPath, Json, header, invalid};
use crate::leases::{RevocationBody, ScopeBody};
use crate::observation::{about_agent, about_lease};
use crate::problem::{Code, Problem, ProblemBody};
use crate::router::Api;

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// What an agent asks for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CredentialRequest)]
pub(crate) struct RequestBody {
    /// The cloud; may be left out where the type is given.
    #[schema(value_type = Option<String>, example = "aws")]
    cloud: Option<Cloud>,
    /// The type; left out: what this deployment mints for the cloud.
    #[serde(rename = "type")]
    #[schema(value_type = Option<String>, example = "aws_iam_role")]
    kind: Option<CredentialType>,
    /// The role, service account, application or stored credential, where the grant has several.
    target: Option<String>,
    /// Left out: the whole grant of that cloud.
    permissions: Option<Vec<String>>,
    /// Left out: those that the grant has for the permissions.
    resources: Option<Vec<String>>,
    /// Left out: as long as the grant allows.
    #[schema(value_type = Option<u32>, minimum = 1)]
    duration_seconds: Option<NonZeroU32>,
    /// Why: 1 to 256 characters, for the audit log.
    purpose: Option<String>,
    /// What the task is: at most 10 pairs, for the audit log.
    #[serde(default)]
    context: BTreeMap<String, String>,
}

impl TryFrom<RequestBody> for CredentialRequest {
    type Error = Problem;

    fn try_from(body: RequestBody) -> Result<Self, Problem> {
        let wanted = Wanted::new(body.cloud, body.kind);
        let purpose = body.purpose.map(Purpose::try_from).transpose();
        Ok(Self {
            wanted: wanted.map_err(|error| invalid(error.to_string()))?,
            target: body.target,
            permissions: body.permissions,
            resources: body.resources,
            duration: body.duration_seconds.map(|seconds| Seconds::new(seconds.get())),
            purpose: purpose.map_err(|error| invalid(format!("purpose: {error}")))?,
            context: Context::try_from(body.context).map_err(|error| invalid(format!("context: {error}")))?,
        })
    }
}

/// A credential with the lease that it was issued under.
#[derive(Serialize, ToSchema)]
#[schema(as = IssuedCredential)]
pub(crate) struct IssuedBody<'a> {
    /// The lease's name; also the session's name at AWS.
    lease_id: String,
    /// The cloud; absent for tokens and keys of other providers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    cloud: Option<Cloud>,
    /// The type.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: CredentialType,
    /// The credential.
    credential: CredentialBody<'a>,
    /// When it ends, by the cloud's word.
    #[schema(format = DateTime)]
    expires_at: &'a str,
    /// The leases that it was narrowed from, the nearest last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lineage: Vec<String>,
    /// What it allows.
    scope: ScopeBody<'a>,
    /// Where least privilege is enforced.
    #[schema(value_type = String, example = "session_policy")]
    enforcement: Enforcement,
    /// What revoking it would do.
    revocation: RevocationBody,
}

/// A credential in the clear: the one place where secrets are serialised. Its fields are those of its type.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Credential)]
pub(crate) enum CredentialBody<'a> {
    /// A session of an AWS role.
    AwsSession {
        access_key_id: &'a str,
        secret_access_key: &'a str,
        session_token: &'a str,
        #[schema(format = DateTime)]
        expiration: &'a str,
    },
    /// The access key of an IAM user, which does not end by itself.
    AwsAccessKey { access_key_id: &'a str, secret_access_key: &'a str },
    /// An access token of a Google service account.
    GcpToken {
        access_token: &'a str,
        #[schema(format = DateTime)]
        expiration: &'a str,
        service_account: &'a str,
    },
    /// An access token of Entra.
    AzureToken {
        access_token: &'a str,
        #[schema(format = DateTime)]
        expiration: &'a str,
        /// `managed_identity`, `federated_credential`, `client_secret` or `key_vault`.
        method: &'static str,
    },
    /// An access token of another provider.
    OauthToken {
        access_token: &'a str,
        #[schema(format = DateTime)]
        expiration: &'a str,
        token_type: &'a str,
    },
    /// A provider's API key, which does not end by itself.
    ApiKey { api_key: &'a str },
    /// No credential: what the holder of the session asks AWS STS for itself, as `action` says.
    ScopeDown {
        /// `GetScopedCredentials`.
        action: &'static str,
        policy: &'a str,
        duration_seconds: u32,
    },
}

impl<'a> CredentialBody<'a> {
    fn of(credential: &'a Credential, expiration: &'a str, duration: Seconds) -> Self {
        match credential {
            Credential::AwsSession(session) => Self::AwsSession {
                access_key_id: &session.access_key_id,
                secret_access_key: session.secret_access_key.reveal(),
                session_token: session.session_token.reveal(),
                expiration,
            },
            Credential::AwsAccessKey(key) => Self::AwsAccessKey {
                access_key_id: &key.access_key_id,
                secret_access_key: key.secret_access_key.reveal(),
            },
            Credential::GcpToken(token) => Self::GcpToken {
                access_token: token.access_token.reveal(),
                expiration,
                service_account: &token.service_account,
            },
            Credential::AzureToken(token) => Self::AzureToken {
                access_token: token.access_token.reveal(),
                expiration,
                method: token.method.as_str(),
            },
            Credential::OauthToken(token) => Self::OauthToken {
                access_token: token.access_token.reveal(),
                expiration,
                token_type: &token.token_type,
            },
            Credential::ApiKey(key) => Self::ApiKey { api_key: key.reveal() },
            Credential::ScopeDown { policy } => {
                Self::ScopeDown { action: "GetScopedCredentials", policy, duration_seconds: duration.get() }
            }
        }
    }
}

/// Issues a credential.
#[utoipa::path(
    post, path = "/v1/agents/{agent}/credentials", tag = "credentials", request_body = RequestBody,
    params(
        ("agent" = String, Path, description = "The calling agent's name"),
        ("Idempotency-Key" = Option<String>, Header,
            description = "A request sent again under the same key gets the first one's answer"),
    ),
    responses(
        (status = 201, body = IssuedBody<'_>, description = "Issued", headers(
            ("Idempotent-Replayed" = String, description = "`true` where it is an earlier request's answer"),
            ("Server-Timing" = String, description = "Milliseconds spent in the broker and at the cloud"),
        )),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn issue(
    State(api): State<Api>,
    InPath(agent): InPath<String>,
    Caller(caller): Caller,
    headers: HeaderMap,
    Json(body): Json<RequestBody>,
) -> Result<Response, Problem> {
    let clock = api.broker.clock();
    let started = clock.monotonic();
    about_agent(&agent);
    let key = idempotency_key(&headers)?;
    // Boxed: what is held across the calls of store and cloud is large.
    let issued = Box::pin(api.broker.issue(&caller, &agent, body.try_into()?, key)).await?;
    about_lease(issued.lease.id);
    let elapsed = clock.monotonic().saturating_sub(started);
    answer(&issued, elapsed)
}

/// The key under which a request may be sent again.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let key = header(headers, "idempotency-key")?.map(str::parse).transpose();
    key.map_err(|error| invalid(format!("idempotency-key: {error}")))
}

pub(crate) fn answer(issued: &Issued, elapsed: Duration) -> Result<Response, Problem> {
    let lease = &issued.lease;
    // A lease that is issued has an outcome; without one, nothing is told.
    let outcome = lease.state.outcome().ok_or_else(|| Problem::new(Code::Conflict, "the lease has ended"))?;
    let expires_at = outcome.expires_at.to_string();
    let body = IssuedBody {
        lease_id: lease.id.to_string(),
        cloud: lease.kind.cloud(),
        kind: lease.kind,
        credential: CredentialBody::of(&issued.credential, &expires_at, lease.duration),
        lineage: lease.lineage.iter().map(ToString::to_string).collect(),
        scope: ScopeBody::from(&lease.scope),
        enforcement: lease.enforcement,
        revocation: RevocationBody::of(lease.kind, expires_at.clone()),
        expires_at: &expires_at,
    };
    let mut response = (StatusCode::CREATED, axum::Json(body)).into_response();
    let cloud = issued.timing.cloud;
    let timing =
        format!("broker;dur={:.1}, cloud;dur={:.1}", millis(elapsed.saturating_sub(cloud)), millis(cloud));
    if let Ok(timing) = HeaderValue::from_str(&timing) {
        response.headers_mut().insert(SERVER_TIMING, timing);
    }
    if issued.replayed {
        response.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
