//! Connectors: the files that say how keys are renewed at providers, kept beside the scope document that names them.

use deputize_scope::Finding;
use deputize_scope::connector::Connector;
use deputize_scope::document::is_connector_path;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::audit::What;
use crate::broker::Broker;
use crate::caller::{Actor, Principal, Role};
use crate::ports::StoreError;
use crate::ports::rotation::ConnectorText;

/// The longest name, in bytes.
const LONGEST_NAME: usize = 256;

/// Why a connector is not put in place, or not shown.
#[derive(Debug, Error)]
pub enum ConnectorError {
    /// Only an admin may change connectors; auditors may see them.
    #[error("connectors are changed by admins, and shown to auditors beside them")]
    Forbidden,
    /// The name is none that a scope document could name.
    #[error("a connector's name is the path of a file below the scope document's directory")]
    Name,
    /// The text has errors.
    #[error("the connector has errors")]
    Invalid(Vec<Finding>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Broker {
    /// Puts a connector in place under the name that scope documents call it by. Returns its warnings. What rotates by it
    /// does so from the next step on.
    pub async fn put_connector(
        &self,
        caller: &Principal,
        connector: ConnectorText,
    ) -> Result<Vec<Finding>, ConnectorError> {
        if caller.role != Role::Admin {
            return Err(ConnectorError::Forbidden);
        }
        self.install_connector(caller.actor(), connector).await
    }

    /// The same on the operator's behalf, as `deputize up --scopes` does when it starts.
    pub async fn install_connector(
        &self,
        by: Actor,
        connector: ConnectorText,
    ) -> Result<Vec<Finding>, ConnectorError> {
        if connector.name.len() > LONGEST_NAME || !is_connector_path(&connector.name) {
            return Err(ConnectorError::Name);
        }
        let parsed = Connector::parse(&connector.text);
        if parsed.connector.is_none() {
            return Err(ConnectorError::Invalid(parsed.findings));
        }
        let tenant = self.tenant();
        let known = self.ports.connectors.find(tenant, &connector.name).await?;
        if known.as_ref() != Some(&connector) {
            let sha256 = hex::encode(Sha256::digest(connector.text.as_bytes()));
            let what = What::ConnectorChanged { name: connector.name.clone(), sha256 };
            let event = self.vault().event(tenant, by, what);
            self.ports.connectors.put(tenant, &connector, &event).await?;
        }
        Ok(parsed.findings)
    }

    /// All connectors, by name.
    pub async fn connectors(&self, caller: &Principal) -> Result<Vec<ConnectorText>, ConnectorError> {
        match caller.role {
            Role::Admin | Role::Auditor => Ok(self.ports.connectors.list(self.tenant()).await?),
            Role::Agent { .. } => Err(ConnectorError::Forbidden),
        }
    }
}
