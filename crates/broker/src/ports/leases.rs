//! Leases, the budgets that bound them and the idempotency keys that guard them: one aggregate, because they change in
//! the same transactions.

use async_trait::async_trait;
use deputize_scope::{AgentId, Budget, TenantId};
use jiff::Timestamp;
use thiserror::Error;

use super::StoreError;
use crate::audit::AuditEvent;
use crate::idempotency::{Answer, Claim, IdempotencyKey, IdempotencyRecord};
use crate::lease::{Lease, LeaseId};

/// The intent to issue: a pending lease and all that must hold for it to be written.
#[derive(Debug, Clone)]
pub struct Intent {
    /// The lease, pending.
    pub lease: Lease,
    /// The agent's budget, checked and charged in the same transaction.
    pub budget: Budget,
    /// The idempotency key that the request claims.
    pub claim: Option<Claim>,
    /// The audit event.
    pub event: AuditEvent,
}

/// Why an intent was not written.
#[derive(Debug, Error)]
pub enum BeginError {
    /// The agent has as many live leases as it may have.
    #[error("the budget of live leases is exhausted")]
    LiveLeasesExhausted,
    /// The agent began as many leases in this minute as it may.
    #[error("the budget per minute is exhausted")]
    RateExhausted,
    /// Another request holds the idempotency key.
    #[error("the idempotency key is taken")]
    KeyTaken,
    /// The store failed; the intent may have been written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A lease's change of state, with what must be written beside it.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The lease as it was read: the write succeeds only while the stored state is still this one's.
    pub before: Lease,
    /// The lease as it becomes. Where its state no longer counts as live and the former did, the agent's budget is
    /// given back in the same transaction.
    pub after: Lease,
    /// What becomes of the idempotency key that the lease holds, if it holds one.
    pub answer: Answer,
    /// The audit event.
    pub event: AuditEvent,
}

/// Why a settlement was not written.
#[derive(Debug, Error)]
pub enum SettleError {
    /// The lease is not in the state that it was read in.
    #[error("the lease changed in the meantime")]
    Superseded,
    /// The store failed; the settlement may have been written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A page of leases, newest first.
#[derive(Debug, Clone)]
pub struct LeasePage {
    /// The leases.
    pub leases: Vec<Lease>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<LeaseId>,
}

/// Stores leases.
#[async_trait]
pub trait LeaseStore: Send + Sync {
    /// Writes an intent: lease, budget, idempotency key and event in one transaction.
    async fn begin(&self, intent: Intent) -> Result<(), BeginError>;

    /// Writes a change of state: lease, budget, idempotency key and event in one transaction.
    async fn settle(&self, settlement: Settlement) -> Result<(), SettleError>;

    /// One lease, strongly consistent.
    async fn find(&self, tenant: &TenantId, id: LeaseId) -> Result<Option<Lease>, StoreError>;

    /// What is known of an idempotency key, strongly consistent. Records that have lapsed count as absent.
    async fn find_key(
        &self,
        tenant: &TenantId,
        agent: &AgentId,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<IdempotencyRecord>, StoreError>;

    /// The leases of an agent, or of every agent that ever held one, older than `before`, newest first. May lag behind
    /// the last writes for a moment.
    async fn list(
        &self,
        tenant: &TenantId,
        agent: Option<&AgentId>,
        before: Option<LeaseId>,
        limit: u32,
    ) -> Result<LeasePage, StoreError>;

    /// Leases that want attention by `now` (pending past their deadline, active past their end), oldest first; of one
    /// agent, or of all. May lag behind the last writes for a moment.
    async fn due(
        &self,
        tenant: &TenantId,
        agent: Option<&AgentId>,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Lease>, StoreError>;
}
