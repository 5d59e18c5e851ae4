//! Callers report what they did with credentials.

use deputize_scope::AgentId;
use thiserror::Error;

use crate::audit::{EventId, Report, What};
use crate::broker::Broker;
use crate::caller::{Principal, Role};
use crate::ports::StoreError;
use crate::scopes::LoadError;

/// Why a report is not taken.
#[derive(Debug, Error)]
pub enum ReportError {
    /// An agent reports of its own leases and credentials only. Whether another one has it is not told.
    #[error("this agent has no such lease or stored credential")]
    NotFound,
    /// The scope document cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Broker {
    /// Writes down what a caller reports, as its word. Durable when it returns.
    pub async fn report(&self, caller: &Principal, report: Report) -> Result<EventId, ReportError> {
        if let Role::Agent { agent } = &caller.role
            && !self.is_about(agent, &report).await?
        {
            return Err(ReportError::NotFound);
        }
        let event = self.event(caller.actor(), What::UsageReported { report });
        self.ports.outbox.record(&event).await?;
        Ok(event.id)
    }

    /// Whether the lease and the stored credential are the agent's, where the report names them.
    async fn is_about(&self, agent: &AgentId, report: &Report) -> Result<bool, ReportError> {
        if let Some(lease) = report.lease {
            let lease = self.ports.leases.find(self.tenant(), lease).await?;
            if lease.is_none_or(|lease| lease.agent != *agent) {
                return Ok(false);
            }
        }
        let Some(id) = &report.credential else { return Ok(true) };
        let scopes = self.scopes().await?.ok_or(ReportError::NotFound)?;
        let mut declared = scopes.document.credentials.iter();
        Ok(declared.any(|one| one.id == *id && one.is_used_by(agent)))
    }
}
