//! The outbox: where audit events wait until the ledger takes them in.

use async_trait::async_trait;
use deputize_scope::TenantId;
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::audit::AuditEvent;

/// Where an event waits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OutboxKey {
    /// The shard.
    pub shard: u8,
    /// Its name there: the event's id, where nobody has changed it.
    pub name: String,
}

/// What waits in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// An event, as it was written.
    Event {
        /// Where.
        key: OutboxKey,
        /// The event.
        event: Box<AuditEvent>,
        /// The SHA-256 of its text as it was written, in lowercase hexadecimal digits.
        sha256: String,
    },
    /// What this program cannot have written, or not like this.
    Unreadable {
        /// Where.
        key: OutboxKey,
        /// All that stands there.
        bytes: Vec<u8>,
        /// What is wrong with it.
        problem: String,
    },
}

impl Waiting {
    /// Where it waits.
    pub fn key(&self) -> &OutboxKey {
        match self {
            Self::Event { key, .. } | Self::Unreadable { key, .. } => key,
        }
    }
}

/// The append-only outbox of a tenant's audit events. Events that tell of a change are written by the store that makes
/// the change, in the same transaction; this port takes those that stand alone, and reads.
#[async_trait]
pub trait AuditOutbox: Send + Sync {
    /// Appends an event that tells of no stored change, such as a refusal. Durable when it returns. An event that was
    /// appended before, and may have been taken into the ledger since, is not appended again.
    async fn record(&self, event: &AuditEvent) -> Result<(), StoreError>;

    /// What waits in one shard after `after`, in the order of the names, at most `limit`. Strongly consistent.
    async fn pending(
        &self,
        tenant: &TenantId,
        shard: u8,
        after: Option<&OutboxKey>,
        limit: u32,
    ) -> Result<Vec<Waiting>, StoreError>;

    /// How many shards the outbox of a tenant is spread over.
    fn shards(&self) -> u8;
}
