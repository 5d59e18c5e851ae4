//! An outbox in memory.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use deputize_broker::audit::{AuditEvent, What};
use deputize_broker::ports::StoreError;
use deputize_broker::ports::audit::{AuditOutbox, OutboxKey, Waiting};
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

    /// From now on it can again.
    pub fn mend(&self) {
        self.broken.store(false, Ordering::Relaxed);
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
        shard: u8,
        after: Option<&OutboxKey>,
        limit: u32,
    ) -> Result<Vec<Waiting>, StoreError> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = events.iter().filter(|event| event.tenant == *tenant).map(|event| Waiting::Event {
            key: OutboxKey { shard, name: event.id.to_string() },
            event: Box::new(event.clone()),
            sha256: String::new(),
        });
        let later = waiting.filter(|one| after.is_none_or(|after| one.key().name > after.name));
        Ok(later.take(limit as usize).collect())
    }

    fn shards(&self) -> u8 {
        1
    }
}
