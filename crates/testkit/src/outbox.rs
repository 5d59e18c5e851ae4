//! An outbox in memory.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use deputize_broker::audit::{AuditEvent, EventId, What};
use deputize_broker::ports::StoreError;
use deputize_broker::ports::audit::AuditOutbox;
use deputize_scope::TenantId;

/// Events in memory.
#[derive(Debug, Default)]
pub struct MemoryOutbox {
    events: Mutex<Vec<AuditEvent>>,
    broken: AtomicBool,
}

impl MemoryOutbox {
    /// From now on nothing can be written down.
    pub fn fail(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    /// What was written down, oldest first.
    pub fn events(&self) -> Vec<What> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().map(|event| event.what.clone()).collect()
    }
}

#[async_trait]
impl AuditOutbox for MemoryOutbox {
    async fn record(&self, event: &AuditEvent) -> Result<(), StoreError> {
        if self.broken.load(Ordering::Relaxed) {
            return Err(StoreError::Throttled);
        }
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
        Ok(())
    }

    async fn pending(
        &self,
        tenant: &TenantId,
        _: u8,
        after: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<AuditEvent>, StoreError> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let later =
            |event: &&AuditEvent| event.tenant == *tenant && after.is_none_or(|after| event.id > after);
        Ok(events.iter().filter(later).take(limit as usize).cloned().collect())
    }

    fn shards(&self) -> u8 {
        1
    }
}
