//! An admin wants a credential renewed now.

use deputize_scope::identifier::CredentialId;
use thiserror::Error;

use super::machine::wanted;
use crate::audit::What;
use crate::broker::Broker;
use crate::caller::{Actor, Principal, Role};
use crate::ports::StoreError;
use crate::ports::credentials::{ChangeError, CredentialChange};
use crate::stored::CredentialRecord;

/// How often it is tried while others write to the same record.
const ATTEMPTS: u32 = 8;

/// Why a rotation is not begun.
#[derive(Debug, Error)]
pub enum AskError {
    /// Only an admin may.
    #[error("only an admin may rotate a stored credential")]
    Forbidden,
    /// There is none of that name.
    #[error("no stored credential of this name")]
    NotFound,
    /// Its refresh token was used by somebody else: another has to be imported.
    #[error("the refresh token was used by somebody else; connect or import again")]
    Compromised,
    /// Others wrote to the record all the time.
    #[error("the stored credential changed in the meantime; try again")]
    Superseded,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Broker {
    /// Has a credential renewed by the next tick. Where a rotation is under way already, that one is it.
    pub async fn ask_to_rotate(
        &self,
        caller: &Principal,
        id: &CredentialId,
    ) -> Result<CredentialRecord, AskError> {
        if caller.role != Role::Admin {
            return Err(AskError::Forbidden);
        }
        self.rotate_soon(caller.actor(), id).await
    }

    /// The same on the operator's behalf, as the function does that is told to rotate one.
    pub async fn rotate_soon(&self, by: Actor, id: &CredentialId) -> Result<CredentialRecord, AskError> {
        let vault = self.vault();
        for _ in 0..ATTEMPTS {
            let record = self.ports.credentials.find(self.tenant(), id).await?.ok_or(AskError::NotFound)?;
            if record.compromised_at.is_some() {
                return Err(AskError::Compromised);
            }
            let Some(rotation) = wanted(&record.rotation, vault.clock.now()) else { return Ok(record) };
            let after = CredentialRecord { rotation, ..record.changed() };
            let (credential, agent) = (after.id.clone(), after.agent.clone());
            let what = What::RotationAsked { credential, agent };
            let event = Some(vault.event(self.tenant(), by.clone(), what));
            let change =
                CredentialChange { before: Some(record), after: after.clone(), version: None, event };
            match self.ports.credentials.change(change).await {
                Ok(()) => return Ok(after),
                Err(ChangeError::Superseded) => {}
                Err(ChangeError::Store(error)) => return Err(error.into()),
            }
        }
        Err(AskError::Superseded)
    }
}
