//! Connectors: how keys are renewed at providers that the scope document's credentials come from.

use axum::extract::State;
use deputize_broker::ports::rotation::ConnectorText;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::authentication::Caller;
use crate::body::Json;
use crate::finding::FindingBody;
use crate::problem::{Problem, ProblemBody};
use crate::router::Api;
use crate::scopes::FindingsBody;

/// A connector.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Connector)]
pub(crate) struct ConnectorBody {
    /// The name that scope documents call it by.
    #[schema(example = "connectors/github.yaml")]
    name: String,
    /// Its text: YAML or JSON.
    text: String,
}

/// All connectors.
#[derive(Serialize, ToSchema)]
#[schema(as = Connectors)]
pub(crate) struct ConnectorsBody {
    /// By name.
    connectors: Vec<ConnectorBody>,
}

/// All connectors, by name: for admins and auditors.
#[utoipa::path(
    get, path = "/v1/connectors", tag = "stored credentials",
    responses(
        (status = 200, body = ConnectorsBody, description = "All of them"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Caller(caller): Caller,
) -> Result<axum::Json<ConnectorsBody>, Problem> {
    let connectors = api.broker.connectors(&caller).await?;
    let connectors = connectors.into_iter().map(|ConnectorText { name, text }| ConnectorBody { name, text });
    Ok(axum::Json(ConnectorsBody { connectors: connectors.collect() }))
}

/// Puts a connector in the place of the one of its name: for admins.
#[utoipa::path(
    put, path = "/v1/connectors", tag = "stored credentials", request_body = ConnectorBody,
    responses(
        (status = 200, body = FindingsBody, description = "In place; its warnings"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn put(
    State(api): State<Api>,
    Caller(caller): Caller,
    Json(body): Json<ConnectorBody>,
) -> Result<axum::Json<FindingsBody>, Problem> {
    let connector = ConnectorText { name: body.name, text: body.text };
    let findings = api.broker.put_connector(&caller, connector).await?;
    Ok(axum::Json(FindingsBody { findings: FindingBody::of_document(findings) }))
}
