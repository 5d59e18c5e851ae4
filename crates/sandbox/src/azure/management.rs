//! The management plane: that a token gets in, and what it may read.
//! <https://learn.microsoft.com/rest/api/resources/resources/get-by-id>

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::SandboxAzure;
use super::authority::Decision;
use super::refusal::ApiError;
use super::resource;
use crate::bearer;
use crate::trouble::Moment;

/// `GET /subscriptions/…`: every resource is there that somebody may read.
pub(super) async fn read(
    State(sandbox): State<SandboxAzure>,
    Extension(moment): Extension<Moment>,
    path: Option<Path<String>>,
    Query(arguments): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let unauthenticated = |code: &str, message: &str| ApiError::new(StatusCode::UNAUTHORIZED, code, message);
    let token = bearer::token(&headers).ok_or_else(|| {
        let message = "Authentication failed. The 'Authorization' header is missing.";
        unauthenticated("AuthenticationFailed", message)
    })?;
    let bearer = sandbox.verified(token, moment.now).await.ok_or_else(|| {
        unauthenticated("InvalidAuthenticationToken", "The access token is invalid or has expired.")
    })?;
    if !resource::is_management(&bearer.audience) {
        let message = format!(
            "The access token has been obtained for wrong audience or resource '{}'. It should exactly match with one of \
             the allowed audiences 'https://management.core.windows.net/','https://management.azure.com/'.",
            bearer.audience
        );
        return Err(unauthenticated("InvalidAuthenticationTokenAudience", &message));
    }
    if arguments.get("api-version").is_none_or(String::is_empty) {
        let message = "The api-version query parameter (?api-version=) is required for all requests.";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "MissingApiVersionParameter", message));
    }
    let rest = path.map(|Path(rest)| rest).unwrap_or_default();
    let scope = format!("/subscriptions/{rest}").trim_end_matches('/').to_owned();
    let operation = format!("{}/read", kind(&rest));
    match sandbox.decide(&bearer, &operation, &scope) {
        Decision::Allowed(_) => {
            let name = scope.rsplit('/').next().unwrap_or_default();
            Ok(Json(json!({ "id": scope, "name": name, "type": kind(&rest) })))
        }
        Decision::WrongAudience(_) | Decision::NotAssigned(_) => {
            let (client, object) = (&bearer.client_id, sandbox.principal_id(&bearer.client_id));
            let message = format!(
                "The client '{client}' with object id '{object}' does not have authorization to perform action \
                 '{operation}' over scope '{scope}' or the scope is invalid. If access was recently granted, please \
                 refresh your credentials."
            );
            Err(ApiError::new(StatusCode::FORBIDDEN, "AuthorizationFailed", message))
        }
    }
}

/// The type of the resource that a path leads to: what follows the last provider, without the names between.
fn kind(path: &str) -> String {
    let Some((_, resource)) = path.rsplit_once("/providers/") else {
        let group = path.to_ascii_lowercase().contains("/resourcegroups/");
        let name = if group { "subscriptions/resourceGroups" } else { "subscriptions" };
        return format!("Microsoft.Resources/{name}");
    };
    let mut segments = resource.split('/');
    let namespace = segments.next().unwrap_or_default().to_owned();
    segments.step_by(2).fold(namespace, |kind, segment| format!("{kind}/{segment}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_of_a_resource_is_its_path_without_names() {
        let base = "s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";
        assert_eq!(kind(base), "Microsoft.ContainerService/managedClusters");
        let pool = format!("{base}/agentPools/p");
        assert_eq!(kind(&pool), "Microsoft.ContainerService/managedClusters/agentPools");
        assert_eq!(kind("s/resourceGroups/g"), "Microsoft.Resources/subscriptions/resourceGroups");
        assert_eq!(kind("s"), "Microsoft.Resources/subscriptions");
    }
}
