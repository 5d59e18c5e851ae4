//! The outbox: where audit events wait until the ledger takes them in.

use async_trait::async_trait;
use deputize_scope::TenantId;

use super::StoreError;
use crate::audit::AuditEvent;

/// The append-only outbox of a tenant's audit events. Events that tell of a change are written by the store that makes
/// the change, in the same transaction; this port takes those that stand alone, and reads.
#[async_trait]
pub trait AuditOutbox: Send + Sync {
    /// Appends an event that tells of no stored change, such as a refusal. Durable when it returns.
    async fn record(&self, event: &AuditEvent) -> Result<(), StoreError>;

    /// The events of one shard after `after`, oldest first, at most `limit`.
    async fn pending(
        &self,
        tenant: &TenantId,
        shard: u8,
        after: Option<crate::audit::EventId>,
        limit: u32,
    ) -> Result<Vec<AuditEvent>, StoreError>;

    /// How many shards the outbox of a tenant is spread over.
    fn shards(&self) -> u8;
}
