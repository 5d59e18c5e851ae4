//! Key Vault: reading a secret, after the challenge that tells clients where to get a token.
//! <https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret>

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::SandboxAzure;
use super::authority::Decision;
use super::config::{SecretVersion, Vault};
use super::refusal::ApiError;
use super::resource::{self, VAULT};
use super::token::Bearer;
use crate::bearer;
use crate::trouble::Moment;

const READ: &str = "Microsoft.KeyVault/vaults/secrets/getSecret/action";

/// The vault that is served alone.
#[derive(Clone, Debug)]
pub(super) struct VaultName(pub(super) String);

type Arguments = Query<BTreeMap<String, String>>;
type Parts = BTreeMap<String, String>;

/// `GET /secrets/NAME[/VERSION]` at the vault's own address.
pub(super) async fn of_host(
    State(sandbox): State<SandboxAzure>,
    Extension(moment): Extension<Moment>,
    Extension(VaultName(vault)): Extension<VaultName>,
    Path(parts): Path<Parts>,
    Query(arguments): Arguments,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    sandbox.secret(&vault, &parts, &arguments, &headers, moment).await
}

/// `GET /vaults/VAULT/secrets/NAME[/VERSION]`
pub(super) async fn of_path(
    State(sandbox): State<SandboxAzure>,
    Extension(moment): Extension<Moment>,
    Path(parts): Path<Parts>,
    Query(arguments): Arguments,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let vault = parts.get("vault").cloned().unwrap_or_default();
    sandbox.secret(&vault, &parts, &arguments, &headers, moment).await
}

impl SandboxAzure {
    async fn secret(
        &self,
        vault_name: &str,
        parts: &Parts,
        arguments: &BTreeMap<String, String>,
        headers: &HeaderMap,
        moment: Moment,
    ) -> Result<Json<Value>, ApiError> {
        let vault = self.0.config.vaults.get(vault_name).ok_or_else(|| {
            ApiError::new(StatusCode::NOT_FOUND, "VaultNotFound", "The vault was not found.")
        })?;
        let bearer = self.admitted(headers, moment).await?;
        if arguments.get("api-version").is_none_or(String::is_empty) {
            let message = "api-version must be specified";
            return Err(ApiError::new(StatusCode::BAD_REQUEST, "BadParameter", message));
        }
        let name = parts.get("name").map(String::as_str).unwrap_or_default();
        self.check_read(&bearer, vault_name, vault, name)?;
        let version = vault.find(name, parts.get("version").map(String::as_str))?;
        Ok(Json(vault.described(name, version)))
    }

    /// Whose token the call presents, if it is one for vaults.
    async fn admitted(&self, headers: &HeaderMap, moment: Moment) -> Result<Bearer, ApiError> {
        let refused = |message: &str| {
            let tenant = &self.0.config.tenant;
            // Microsoft's clients take the tenant from this, and nothing else.
            let challenge = format!(
                "Bearer authorization=\"https://login.microsoftonline.com/{tenant}\", resource=\"{VAULT}\""
            );
            ApiError::new(StatusCode::UNAUTHORIZED, "Unauthorized", message).challenging(challenge)
        };
        let token = bearer::token(headers)
            .ok_or_else(|| refused("AKV10000: Request is missing a Bearer or PoP token."))?;
        let bearer = self.verified(token, moment.now).await.ok_or_else(|| {
            refused("[TokenExpired] Error validating token: IDX10223 or the signature is invalid.")
        })?;
        if !resource::is_for(&bearer.audience, VAULT) {
            let audience = &bearer.audience;
            return Err(refused(&format!(
                "AKV10022: Invalid audience. Expected {VAULT}, found: {audience}."
            )));
        }
        Ok(bearer)
    }

    fn check_read(
        &self,
        bearer: &Bearer,
        vault_name: &str,
        vault: &Vault,
        name: &str,
    ) -> Result<(), ApiError> {
        let scope = format!("{}/secrets/{name}", vault.resource_id);
        match self.decide(bearer, READ, &scope) {
            Decision::Allowed(_) => Ok(()),
            Decision::WrongAudience(_) | Decision::NotAssigned(_) => {
                let message = format!(
                    "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments \
                     or role definitions were changed recently, please observe propagation time.\r\nCaller: \
                     appid={};oid={};iss={}\r\nAction: '{READ}'\r\nResource: '{scope}'\r\nAssignment: (not \
                     found)\r\nDenyAssignmentId: null\r\nDecisionReason: null\r\nVault: {vault_name};location=westeurope\r\n",
                    bearer.client_id,
                    self.principal_id(&bearer.client_id),
                    self.issuer(),
                );
                Err(ApiError::new(StatusCode::FORBIDDEN, "Forbidden", message).precisely("ForbiddenByRbac"))
            }
        }
    }
}

impl Vault {
    fn find(&self, name: &str, version: Option<&str>) -> Result<&SecretVersion, ApiError> {
        let versions = self.secrets.get(name).map(|secret| secret.versions.as_slice()).unwrap_or_default();
        let found = match version.filter(|version| !version.is_empty()) {
            Some(asked) => versions.iter().find(|version| version.version == asked),
            None => versions.last(),
        };
        let found = found.ok_or_else(|| {
            let message = format!(
                "A secret with (name/id) {name} was not found in this key vault. If you recently deleted this secret \
                 you may be able to recover it using the correct recovery command. For help resolving this issue, \
                 please see https://go.microsoft.com/fwlink/?linkid=2125182"
            );
            ApiError::new(StatusCode::NOT_FOUND, "SecretNotFound", message)
        })?;
        if !found.enabled {
            let message = "Operation get is not allowed on a disabled secret.";
            let error = ApiError::new(StatusCode::FORBIDDEN, "Forbidden", message);
            return Err(error.precisely("SecretDisabled"));
        }
        Ok(found)
    }

    fn described(&self, name: &str, version: &SecretVersion) -> Value {
        let created = version.created_at.as_second();
        let mut attributes = json!({
            "enabled": version.enabled,
            "created": created,
            "updated": created,
            "recoveryLevel": "Recoverable+Purgeable",
            "recoverableDays": 90,
        });
        if let (Some(end), Some(attributes)) = (version.expires_at, attributes.as_object_mut()) {
            attributes.insert("exp".to_owned(), end.as_second().into());
        }
        json!({
            "value": version.value,
            "id": format!("{}/secrets/{name}/{}", self.url, version.version),
            "attributes": attributes,
        })
    }
}
