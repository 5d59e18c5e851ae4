//! The broker: a tenant, its settings, and the ports that it acts through.

use std::fmt;
use std::sync::{Arc, Mutex};

use deputize_scope::aws::arn::RoleArn;
use deputize_scope::azure::ClientId;
use deputize_scope::gcp::ServiceAccount;
use deputize_scope::identifier::CredentialType;
use deputize_scope::{AgentId, Identity, TenantId};
use thiserror::Error;

use crate::audit::sign_in::FailureLimit;
use crate::caller::{CallerIdentity, Principal, Role};
use crate::decision::Deployment;
use crate::ports::StoreError;
use crate::ports::audit::AuditOutbox;
use crate::ports::clock::{Clock, Random};
use crate::ports::credentials::CredentialStore;
use crate::ports::keys::KeyKeeper;
use crate::ports::leases::LeaseStore;
use crate::ports::minter::Minter;
use crate::ports::rotation::ConnectorStore;
use crate::ports::scopes::ScopeStore;
use crate::ports::tokens::TokenStore;
use crate::scopes::{Library, LoadError};

/// What the broker acts through.
#[derive(Clone)]
pub struct Ports {
    /// Scope documents.
    pub scopes: Arc<dyn ScopeStore>,
    /// Leases, budgets, idempotency keys.
    pub leases: Arc<dyn LeaseStore>,
    /// Stored credentials.
    pub credentials: Arc<dyn CredentialStore>,
    /// The connectors that scope documents name.
    pub connectors: Arc<dyn ConnectorStore>,
    /// Events that stand alone.
    pub outbox: Arc<dyn AuditOutbox>,
    /// Bearer tokens.
    pub tokens: Arc<dyn TokenStore>,
    /// Data keys.
    pub keys: Arc<dyn KeyKeeper>,
    /// What mints credentials, at most one for each type. Of several types of a cloud, the first is what is issued where
    /// a request does not say.
    pub minters: Vec<Arc<dyn Minter>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
}

/// What a deployment says of AWS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwsSettings {
    /// The role of an agent whose scope names none: an ARN with `{agent}` in it.
    pub role_template: Option<String>,
}

impl AwsSettings {
    /// The role of an agent by the template.
    pub(crate) fn role_of(&self, agent: &AgentId) -> Option<RoleArn> {
        self.role_template.as_ref()?.replace("{agent}", agent.as_str()).parse().ok()
    }
}

/// What a deployment says of Google Cloud.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GcpSettings {
    /// The service account of an agent whose scope names none: an address with `{agent}` in it.
    pub service_account_template: Option<String>,
    /// Whether the organisation allows tokens of up to twelve hours
    /// (`iam.allowServiceAccountCredentialLifetimeExtension`).
    pub extended_lifetime: bool,
}

impl GcpSettings {
    /// The service account of an agent by the template.
    pub(crate) fn account_of(&self, agent: &AgentId) -> Option<ServiceAccount> {
        self.service_account_template.as_ref()?.replace("{agent}", agent.as_str()).parse().ok()
    }
}

/// What a deployment says of Azure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AzureSettings {
    /// The identity of agents whose scopes name none.
    pub client_id: Option<ClientId>,
}

/// What a deployment says of itself.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The tenant that it serves.
    pub tenant: TenantId,
    /// The identities that are admins, beside those with an admin's token.
    pub admins: Vec<Identity>,
    /// The identities that are auditors.
    pub auditors: Vec<Identity>,
    /// AWS.
    pub aws: AwsSettings,
    /// Google Cloud.
    pub gcp: GcpSettings,
    /// Azure.
    pub azure: AzureSettings,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ports").finish_non_exhaustive()
    }
}

/// Decides, mints and records.
pub struct Broker {
    pub(crate) settings: Settings,
    pub(crate) ports: Ports,
    pub(crate) library: Library,
    pub(crate) sign_in_failures: Mutex<FailureLimit>,
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broker").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Why a caller is not known.
#[derive(Debug, Error)]
pub enum AuthenticateError {
    /// Nobody that we know.
    #[error("the caller is not known")]
    Unknown,
    /// The scope document that says so could not be loaded.
    #[error(transparent)]
    Scopes(#[from] LoadError),
    /// The tokens could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Broker {
    /// A broker.
    pub fn new(settings: Settings, ports: Ports) -> Self {
        Self { settings, ports, library: Library::default(), sign_in_failures: Mutex::default() }
    }

    /// The tenant that it serves.
    pub fn tenant(&self) -> &TenantId {
        &self.settings.tenant
    }

    /// The clock that it goes by.
    pub fn clock(&self) -> &dyn Clock {
        &*self.ports.clock
    }

    pub(crate) fn minter(&self, kind: CredentialType) -> Option<&dyn Minter> {
        self.ports.minters.iter().find(|minter| minter.mints() == kind).map(|minter| &**minter)
    }

    /// What a decision has to know of this deployment.
    pub(crate) fn deployment(&self) -> Deployment<'_> {
        let minted = self.ports.minters.iter().map(|minter| minter.mints()).collect();
        let Settings { aws, gcp, azure, .. } = &self.settings;
        Deployment { minted, aws, gcp, azure }
    }

    /// Whom an identity stands for. An identity that is an admin by the settings is one whatever the scope document
    /// says of it.
    pub async fn authenticate(&self, identity: &CallerIdentity) -> Result<Principal, AuthenticateError> {
        let (role, identity) = match identity {
            CallerIdentity::Token(presented) => {
                let record = self.ports.tokens.find(self.tenant(), &presented.id).await?;
                let record =
                    record.filter(|record| record.matches(presented)).ok_or(AuthenticateError::Unknown)?;
                (record.role, format!("token:{}", presented.id))
            }
            CallerIdentity::Aws(arn) => {
                let matches = |known: &Identity| matches!(known, Identity::Aws(known) if known.matches(arn));
                (self.role_where(matches).await?, arn.to_string())
            }
            CallerIdentity::Oidc { issuer, subject } => {
                let matches = |known: &Identity| matches!(known, Identity::Oidc { issuer: i, subject: s } if i == issuer && s == subject);
                (self.role_where(matches).await?, format!("{issuer}#{subject}"))
            }
        };
        Ok(Principal { tenant: self.tenant().clone(), role, identity })
    }

    async fn role_where(&self, matches: impl Fn(&Identity) -> bool) -> Result<Role, AuthenticateError> {
        if self.settings.admins.iter().any(&matches) {
            return Ok(Role::Admin);
        }
        if self.settings.auditors.iter().any(&matches) {
            return Ok(Role::Auditor);
        }
        let scopes = self.scopes().await?.ok_or(AuthenticateError::Unknown)?;
        let mut agents = scopes.document.agents.iter();
        let (name, _) = agents
            .find(|(_, agent)| agent.identities.iter().any(&matches))
            .ok_or(AuthenticateError::Unknown)?;
        Ok(Role::Agent { agent: name.clone() })
    }
}
