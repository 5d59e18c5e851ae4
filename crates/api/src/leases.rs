//! Looking at leases, and revoking them.

use std::collections::BTreeMap;

use axum::extract::State;
use deputize_broker::lease::{Enforcement, Lease, LeaseId, LeaseScope, LeaseState};
use deputize_scope::identifier::CredentialType;
use deputize_scope::{AgentId, Cloud};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::authentication::Caller;
use crate::body::{InPath, InQuery, invalid, page_limit};
use crate::observation::{about_agent, about_lease};
use crate::problem::{Code, Problem, ProblemBody};
use crate::router::Api;

/// Which leases.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Those of one agent only.
    agent: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// How many at most: 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
}

/// A page of leases, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = LeasePage)]
pub(crate) struct PageBody<'a> {
    leases: Vec<LeaseBody<'a>>,
    /// The cursor of the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A lease, without the credential.
#[derive(Serialize, ToSchema)]
#[schema(as = Lease)]
pub(crate) struct LeaseBody<'a> {
    lease_id: String,
    agent: &'a str,
    /// Absent for tokens and keys of other providers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    cloud: Option<Cloud>,
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: CredentialType,
    /// `pending`, `active`, `refused`, `abandoned`, `revoked` or `expired`.
    state: &'static str,
    #[schema(format = DateTime)]
    requested_at: String,
    /// How long the credential was asked to live.
    duration_seconds: u32,
    /// When the credential ends; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    revoked_at: Option<String>,
    /// The error code of the cloud that refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a str>,
    scope: ScopeBody<'a>,
    /// The leases that it was narrowed from, the nearest last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lineage: Vec<String>,
    /// The version of the scope document that it was decided under.
    scope_version: u64,
    #[schema(value_type = String)]
    enforcement: Enforcement,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    context: &'a BTreeMap<String, String>,
}

impl<'a> From<&'a Lease> for LeaseBody<'a> {
    fn from(lease: &'a Lease) -> Self {
        let (revoked_at, refusal) = match &lease.state {
            LeaseState::Revoked { at, .. } => (Some(at.to_string()), None),
            LeaseState::Refused { code } => (None, Some(code.as_str())),
            _ => (None, None),
        };
        Self {
            lease_id: lease.id.to_string(),
            agent: lease.agent.as_str(),
            cloud: lease.kind.cloud(),
            kind: lease.kind,
            state: lease.state.name(),
            requested_at: lease.requested_at.to_string(),
            duration_seconds: lease.duration.get(),
            expires_at: lease.state.outcome().map(|outcome| outcome.expires_at.to_string()),
            revoked_at,
            refusal,
            scope: ScopeBody::from(&lease.scope),
            lineage: lease.lineage.iter().map(ToString::to_string).collect(),
            scope_version: lease.scope_version.0,
            enforcement: lease.enforcement,
            purpose: lease.purpose.as_ref().map(ToString::to_string),
            context: &lease.context,
        }
    }
}

/// What a lease allows.
#[derive(Serialize, ToSchema)]
#[schema(as = LeaseScope)]
pub(crate) struct ScopeBody<'a> {
    /// The role, service account or application that is acted as.
    target: &'a str,
    permissions: &'a [String],
    resources: &'a [String],
    /// Empty: all.
    regions: &'a [String],
}

impl<'a> From<&'a LeaseScope> for ScopeBody<'a> {
    fn from(scope: &'a LeaseScope) -> Self {
        Self {
            target: &scope.target,
            permissions: &scope.permissions,
            resources: &scope.resources,
            regions: &scope.regions,
        }
    }
}

/// What revoking does to a credential that is out.
#[derive(Serialize, ToSchema)]
#[schema(as = Revocation)]
pub(crate) struct RevocationBody {
    /// `at_expiry`: nothing is denied at the cloud; the credential works, for whoever holds it, until it ends.
    /// `none`: it is a key that does not end with its lease; it works until another takes its place at its provider.
    #[schema(example = "at_expiry")]
    method: &'static str,
    /// When it stops working; absent where nobody can say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    effective_at: Option<String>,
}

impl RevocationBody {
    /// What revoking a credential of that type does, whose lease ends then.
    pub(crate) fn of(kind: CredentialType, ends_at: String) -> Self {
        match kind {
            CredentialType::AwsAccessKey | CredentialType::ApiKey => {
                Self { method: "none", effective_at: None }
            }
            _ => Self { method: "at_expiry", effective_at: Some(ends_at) },
        }
    }
}

/// A lease that is revoked.
#[derive(Serialize, ToSchema)]
#[schema(as = RevokedLease)]
pub(crate) struct RevokedBody {
    lease_id: String,
    state: &'static str,
    revocation: RevocationBody,
}

/// Lists leases, newest first: an agent's own, or of all for admins and auditors.
#[utoipa::path(
    get, path = "/v1/leases", tag = "leases", params(Filter),
    responses(
        (status = 200, body = PageBody<'_>, description = "A page"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Caller(caller): Caller,
    InQuery(filter): InQuery<Filter>,
) -> Result<axum::response::Response, Problem> {
    let limit = page_limit(filter.limit)?;
    let agent = filter.agent.as_deref().inspect(|agent| about_agent(agent)).map(str::parse::<AgentId>);
    let agent = agent.transpose().map_err(|error| invalid(format!("agent: {error}")))?;
    let cursor = filter.cursor.as_deref().map(str::parse::<LeaseId>).transpose();
    let cursor = cursor.map_err(|_| invalid("cursor: not one that was given out here"))?;
    let page = api.broker.leases(&caller, agent, cursor, limit).await?;
    let body = PageBody {
        leases: page.leases.iter().map(LeaseBody::from).collect(),
        next: page.next.map(|next| next.to_string()),
    };
    Ok(axum::response::IntoResponse::into_response(axum::Json(body)))
}

/// Revokes a lease: any for an admin, its own for an agent. Revoking again answers as the first time.
#[utoipa::path(
    delete, path = "/v1/leases/{id}", tag = "leases",
    params(("id" = String, Path, description = "The lease's name")),
    responses(
        (status = 200, body = RevokedBody, description = "Revoked"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn revoke(
    State(api): State<Api>,
    InPath(id): InPath<String>,
    Caller(caller): Caller,
) -> Result<axum::Json<RevokedBody>, Problem> {
    let id: LeaseId = id.parse().map_err(|_| Problem::new(Code::NotFound, "no such lease"))?;
    about_lease(id);
    let revocation = api.broker.revoke(&caller, id).await?;
    about_agent(revocation.lease.agent.as_str());
    Ok(axum::Json(RevokedBody {
        lease_id: id.to_string(),
        state: revocation.lease.state.name(),
        revocation: RevocationBody::of(revocation.lease.kind, revocation.effective_at.to_string()),
    }))
}
