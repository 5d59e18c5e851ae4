//! An agent says that it uses a version: the receipt that rotation waits for.

use deputize_scope::AgentId;
use deputize_scope::identifier::CredentialId;
use thiserror::Error;

use super::machine::{Adoption, Told, adopt};
use super::record::{after, event};
use super::told::{Evidence, StepTaken};
use crate::broker::Broker;
use crate::caller::Principal;
use crate::ports::StoreError;
use crate::ports::credentials::{ChangeError, CredentialChange};
use crate::scopes::LoadError;
use crate::stored::CredentialRecord;
use crate::stored::record::VersionNumber;

/// How often a receipt is tried to be written down while others write to the same record.
const ATTEMPTS: u32 = 8;

/// Why a receipt is not taken.
#[derive(Debug, Error)]
pub enum AdoptError {
    /// The caller is not the agent of the path.
    #[error("the caller is not this agent")]
    NotYourAgent,
    /// The agent uses no such credential.
    #[error("this agent uses no stored credential of this name")]
    NotFound,
    /// The version is not the current one, nor the one that is to follow.
    #[error("version {0} is not to be adopted: ask for the current one")]
    NotToAdopt(VersionNumber),
    /// Others wrote to the record all the time.
    #[error("the stored credential changed in the meantime; try again")]
    Superseded,
    /// The scope document cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Broker {
    /// Takes an agent's receipt for a version. Taking it twice changes nothing. Names are as they stand in the request's
    /// path.
    pub async fn adopt(
        &self,
        caller: &Principal,
        agent: &str,
        id: &str,
        version: VersionNumber,
        evidence: Evidence,
    ) -> Result<CredentialRecord, AdoptError> {
        let agent: AgentId = agent.parse().map_err(|_| AdoptError::NotYourAgent)?;
        if !caller.is_agent(&agent) {
            return Err(AdoptError::NotYourAgent);
        }
        let id: CredentialId = id.parse().map_err(|_| AdoptError::NotFound)?;
        let scopes = self.scopes().await?.ok_or(AdoptError::NotFound)?;
        let mut declared = scopes.document.credentials.iter();
        if !declared.any(|one| one.id == id && one.is_used_by(&agent)) {
            return Err(AdoptError::NotFound);
        }
        for _ in 0..ATTEMPTS {
            let found = self.ports.credentials.find(self.tenant(), &id).await?;
            let record = found.ok_or(AdoptError::NotFound)?;
            let now = self.ports.clock.now();
            let receipt = (&agent, version);
            let step = match adopt(&record.rotation, receipt, record.current, &record.consumers, now) {
                Adoption::Step(step) => *step,
                Adoption::Known => return Ok(record),
                Adoption::NotToAdopt => return Err(AdoptError::NotToAdopt(version)),
            };
            let told = match step.told {
                Told::Step(StepTaken::Adopted { agent, version, .. }) => {
                    Told::Step(StepTaken::Adopted { agent, version, evidence: evidence.clone() })
                }
                other => other,
            };
            let vault = self.vault();
            let next = after(&record, step.rotation.clone(), step.promoted.as_ref(), now);
            let event = event(&vault, caller.actor(), &next, &told, record.rotation.phase.operation());
            let change = CredentialChange { before: Some(record), after: next.clone(), version: None, event };
            match self.ports.credentials.change(change).await {
                Ok(()) => return Ok(next),
                Err(ChangeError::Superseded) => {}
                Err(ChangeError::Store(error)) => return Err(error.into()),
            }
        }
        Err(AdoptError::Superseded)
    }
}
