//! Passing on less than one has.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use deputize_broker::decision::NarrowingWay;
use deputize_broker::lease::LeaseId;
use deputize_broker::narrow::Narrowing;
use deputize_broker::request::{Context, CredentialRequest, Purpose};
use deputize_scope::{Cloud, Seconds};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::authentication::Caller;
use crate::body::{InPath, Json, invalid};
use crate::credentials::{IssuedBody, answer, idempotency_key};
use crate::observation::about_lease;
use crate::problem::{Code, Problem, ProblemBody};
use crate::router::Api;

/// What is passed on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NarrowingRequest)]
pub(crate) struct NarrowingBody {
    /// `mint`: the cloud gives another credential, with less. `scope_down`: the answer holds the policy with which the
    /// holder of an AWS session narrows it itself, by STS GetScopedCredentials.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "mint")]
    via: NarrowingWay,
    /// Left out: all that the lease has.
    permissions: Option<Vec<String>>,
    /// Left out: those that the lease has for the permissions.
    resources: Option<Vec<String>>,
    /// Left out: as long as the lease still lives.
    #[schema(value_type = Option<u32>, minimum = 1)]
    duration_seconds: Option<NonZeroU32>,
    /// Why: 1 to 256 characters, for the audit log.
    purpose: Option<String>,
    /// What the task is: at most 10 pairs, for the audit log.
    #[serde(default)]
    context: BTreeMap<String, String>,
}

impl NarrowingBody {
    fn of(self, parent: LeaseId) -> Result<Narrowing, Problem> {
        let purpose = self.purpose.map(Purpose::try_from).transpose();
        let request = CredentialRequest {
            permissions: self.permissions,
            resources: self.resources,
            duration: self.duration_seconds.map(|seconds| Seconds::new(seconds.get())),
            purpose: purpose.map_err(|error| invalid(format!("purpose: {error}")))?,
            context: Context::try_from(self.context).map_err(|error| invalid(format!("context: {error}")))?,
            // The parent's own type is what counts.
            ..CredentialRequest::whole_grant(Cloud::Aws)
        };
        Ok(Narrowing { parent, request, way: self.via })
    }
}

/// Narrows a lease that the caller holds, for a sub-agent: at most what it has, for no longer than it lives.
#[utoipa::path(
    post, path = "/v1/leases/{id}:narrow", tag = "leases", request_body = NarrowingBody,
    params(
        ("id" = String, Path, description = "The lease's name"),
        ("Idempotency-Key" = Option<String>, Header,
            description = "A request sent again under the same key gets the first one's answer"),
    ),
    responses(
        (status = 201, body = IssuedBody<'_>, description = "The narrowed credential with its own lease"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn act(
    State(api): State<Api>,
    InPath(path): InPath<String>,
    Caller(caller): Caller,
    headers: HeaderMap,
    Json(body): Json<NarrowingBody>,
) -> Result<Response, Problem> {
    let clock = api.broker.clock();
    let started = clock.monotonic();
    let parent = path.strip_suffix(":narrow").and_then(|id| id.parse().ok());
    let parent = parent.ok_or_else(|| Problem::new(Code::NotFound, "there is nothing at this path"))?;
    let key = idempotency_key(&headers)?;
    let issued = Box::pin(api.broker.narrow(&caller, body.of(parent)?, key)).await?;
    about_lease(issued.lease.id);
    answer(&issued, clock.monotonic().saturating_sub(started))
}
