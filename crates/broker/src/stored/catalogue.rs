//! Looking at what is stored: records, never secrets.

use deputize_scope::identifier::CredentialId;
use thiserror::Error;

use super::record::CredentialRecord;
use super::vault::Vault;
use crate::broker::Broker;
use crate::caller::{Principal, Role};
use crate::ports::StoreError;
use crate::ports::credentials::CredentialPage;

/// Why a record is not shown.
#[derive(Debug, Error)]
pub enum CatalogueError {
    /// Admins and auditors may.
    #[error("stored credentials are shown to admins and auditors")]
    Forbidden,
    /// There is none of that name.
    #[error("no stored credential of this name")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Broker {
    /// What is stored, by name.
    pub async fn stored_credentials(
        &self,
        caller: &Principal,
        after: Option<&CredentialId>,
        limit: u32,
    ) -> Result<CredentialPage, CatalogueError> {
        may_look(caller)?;
        Ok(self.ports.credentials.list(self.tenant(), after, limit).await?)
    }

    /// What is on record of one stored credential.
    pub async fn stored_credential(
        &self,
        caller: &Principal,
        id: &CredentialId,
    ) -> Result<CredentialRecord, CatalogueError> {
        may_look(caller)?;
        self.ports.credentials.find(self.tenant(), id).await?.ok_or(CatalogueError::NotFound)
    }

    pub(crate) fn vault(&self) -> Vault {
        let ports = &self.ports;
        Vault {
            credentials: ports.credentials.clone(),
            outbox: ports.outbox.clone(),
            keys: ports.keys.clone(),
            clock: ports.clock.clone(),
            random: ports.random.clone(),
        }
    }
}

fn may_look(caller: &Principal) -> Result<(), CatalogueError> {
    match caller.role {
        Role::Admin | Role::Auditor => Ok(()),
        Role::Agent { .. } => Err(CatalogueError::Forbidden),
    }
}
