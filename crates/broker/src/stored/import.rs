//! Importing a secret: a first version, or the next one.

use deputize_scope::identifier::{CredentialId, CredentialType};
use thiserror::Error;

use super::form::{InvalidForm, SecretForm};
use super::record::CredentialRecord;
use crate::audit::{VersionCause, What};
use crate::broker::Broker;
use crate::caller::{Principal, Role};
use crate::ports::StoreError;
use crate::ports::credentials::{ChangeError, CredentialChange};
use crate::rotation::Schedule;
use crate::rotation::machine::imported;
use crate::scopes::LoadError;
use crate::seal::SealError;

/// Why a secret is not imported.
#[derive(Debug, Error)]
pub enum ImportError {
    /// Only an admin may.
    #[error("only an admin may import a secret")]
    Forbidden,
    /// The scope document names no such credential: importing declares nothing.
    #[error(
        "the scope document has no credential of this name; declare it there first, with its type and its agent"
    )]
    Undeclared,
    /// A secret of another type is stored under the name.
    #[error("a secret of type {stored} is stored under this name, and the scope document says {declared}")]
    OtherType {
        /// What is stored.
        stored: CredentialType,
        /// What the document says.
        declared: CredentialType,
    },
    /// What was handed in is no secret of the type.
    #[error(transparent)]
    Invalid(#[from] InvalidForm),
    /// Somebody else changed the credential.
    #[error("the stored credential changed in the meantime; try again")]
    Superseded,
    /// It cannot be sealed.
    #[error("the secret cannot be sealed")]
    Seal(#[from] SealError),
    /// The scope document cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Broker {
    /// Imports a secret under a name that the scope document declares. It becomes the current version.
    pub async fn import_secret(
        &self,
        caller: &Principal,
        id: &CredentialId,
        form: SecretForm,
    ) -> Result<CredentialRecord, ImportError> {
        if caller.role != Role::Admin {
            return Err(ImportError::Forbidden);
        }
        let scopes = self.scopes().await?.ok_or(ImportError::Undeclared)?;
        let mut declared = scopes.document.credentials.iter();
        let declared = declared.find(|one| one.id == *id).ok_or(ImportError::Undeclared)?;
        let secret = form.read(declared.kind)?;
        let vault = self.vault();
        let now = vault.clock.now();
        let before = vault.credentials.find(self.tenant(), id).await?;
        let after = match &before {
            Some(before) if before.kind != declared.kind => {
                return Err(ImportError::OtherType { stored: before.kind, declared: declared.kind });
            }
            Some(before) => CredentialRecord {
                agent: declared.agent.clone(),
                consumers: declared.consumers(),
                risk: declared.risk,
                compromised_at: None,
                rotation: imported(&before.rotation, &Schedule::of(declared), now),
                schedule: Schedule::of(declared),
                ..before.with_current(before.next_version(), secret.facts(), now)
            },
            None => CredentialRecord::first(self.tenant(), declared, secret.facts(), now),
        };
        let version = vault.seal(&after, after.current, &secret, false).await?;
        let (credential, agent) = (after.id.clone(), after.agent.clone());
        let what = match &before {
            None => What::CredentialImported { credential, agent, kind: after.kind },
            Some(before) => What::CredentialVersionAdded {
                credential,
                agent,
                version: after.current,
                replaced: before.current,
                cause: VersionCause::Imported,
                lease: None,
            },
        };
        let event = vault.event(self.tenant(), caller.actor(), what);
        let change =
            CredentialChange { before, after: after.clone(), version: Some(version), event: Some(event) };
        match vault.credentials.change(change).await {
            Ok(()) => Ok(after),
            Err(ChangeError::Superseded) => Err(ImportError::Superseded),
            Err(ChangeError::Store(error)) => Err(error.into()),
        }
    }
}
