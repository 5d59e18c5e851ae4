//! Handing out evidence.

use jiff::Timestamp;
use thiserror::Error;

use crate::audit::{Control, EventId, ExportFormat, What};
use crate::broker::Broker;
use crate::caller::{Principal, Role};
use crate::ports::StoreError;

/// What is asked for as evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// For which criterion.
    pub control: Control,
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// In which form.
    pub format: ExportFormat,
}

/// Why evidence is not handed out.
#[derive(Debug, Error)]
pub enum ExportError {
    /// Agents may not.
    #[error("only admins and auditors may export evidence")]
    Forbidden,
    /// It could not be written down.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Broker {
    /// Writes down that evidence is about to be handed out. To be called before any of it is.
    pub async fn export_evidence(&self, caller: &Principal, export: Export) -> Result<EventId, ExportError> {
        if !matches!(caller.role, Role::Admin | Role::Auditor) {
            return Err(ExportError::Forbidden);
        }
        let Export { control, from, to, format } = export;
        let event = self.event(caller.actor(), What::EvidenceExported { control, from, to, format });
        self.ports.outbox.record(&event).await?;
        Ok(event.id)
    }
}
