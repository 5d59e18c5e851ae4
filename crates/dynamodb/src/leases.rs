//! Leases, with the budgets that bound them and the idempotency keys that guard them.

use std::cmp::Reverse;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::Update;
use deputize_broker::idempotency::{Answer, Claim, IdempotencyKey, IdempotencyRecord};
use deputize_broker::lease::{Lease, LeaseId};
use deputize_broker::ports::StoreError;
use deputize_broker::ports::leases::{BeginError, Intent, LeasePage, LeaseStore, SettleError, Settlement};
use deputize_scope::{AgentId, Budget, TenantId};
use jiff::Timestamp;

use crate::Store;
use crate::error::impossible;
use crate::item::{self, due_time, number, text, time, ttl};
use crate::query::LeaseQuery;
use crate::table::{
    BY_AGENT, BY_TENANT, DUE, Key, LEASE_SHARDS, agent_partition, due_partition, shard_of, tenant_partition,
};
use crate::transaction::{Part, Refusal, Transaction};

/// How long the counter of a minute is kept after the minute, so that it is never removed while it counts.
const RATE_KEPT: jiff::SignedDuration = jiff::SignedDuration::from_secs(3_600);

#[async_trait]
impl LeaseStore for Store {
    async fn begin(&self, intent: Intent) -> Result<(), BeginError> {
        let Intent { lease, budget, claim, event } = &intent;
        let mut transaction = Transaction::default();
        let put = self.put_of(item::lease(lease)?).condition_expression("attribute_not_exists(pk)");
        transaction.put(Part::Lease, put.build().map_err(impossible)?);
        transaction.update(Part::Live, self.take_live(lease, budget)?);
        transaction.update(Part::Rate, self.take_rate(lease, budget)?);
        if let Some(claim) = claim {
            transaction.put(Part::Claim, self.take_key(lease, claim)?);
        }
        match self.commit(transaction, event, 'b').await {
            Ok(()) => Ok(()),
            Err(Refusal::Store(error)) => Err(error.into()),
            Err(Refusal::Conditions(parts)) => Err(begin_error(lease, &parts)),
        }
    }

    async fn settle(&self, settlement: Settlement) -> Result<(), SettleError> {
        match self.try_settle(&settlement, true).await {
            // The key lapsed and was removed, or claimed again: it is not this lease's any more, and stays as it is.
            Err(Refusal::Conditions(parts)) if parts == [Part::Claim] => {
                settled(self.try_settle(&settlement, false).await)
            }
            outcome => settled(outcome),
        }
    }

    async fn find(&self, tenant: &TenantId, id: LeaseId) -> Result<Option<Lease>, StoreError> {
        self.read(&Key::lease(tenant, id)).await?.map(|item| item.json("lease")).transpose()
    }

    async fn find_key(
        &self,
        tenant: &TenantId,
        agent: &AgentId,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<IdempotencyRecord>, StoreError> {
        let item = self.read(&Key::idempotency(tenant, agent, key)).await?;
        let record = item.map(|item| item.idempotency()).transpose()?;
        Ok(record.filter(|record| record.until > now))
    }

    async fn list(
        &self,
        tenant: &TenantId,
        agent: Option<&AgentId>,
        before: Option<LeaseId>,
        limit: u32,
    ) -> Result<LeasePage, StoreError> {
        let limit = (limit as usize).max(1);
        let (index, partitions) = match agent {
            Some(agent) => (BY_AGENT, vec![agent_partition(tenant, agent)]),
            None => (BY_TENANT, (0..LEASE_SHARDS).map(|shard| tenant_partition(tenant, shard)).collect()),
        };
        // One more than wanted tells whether there are more.
        let below = before.map(|id| id.to_string());
        let query = LeaseQuery { index, below, of: None, ascending: false, limit: limit.saturating_add(1) };
        let mut leases = self.leases(partitions, &query, |lease| Reverse(lease.id)).await?;
        let more = leases.len() > limit;
        leases.truncate(limit);
        let next = leases.last().map(|lease| lease.id).filter(|_| more);
        Ok(LeasePage { leases, next })
    }

    async fn due(
        &self,
        tenant: &TenantId,
        agent: Option<&AgentId>,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Lease>, StoreError> {
        let partitions = match agent {
            Some(agent) => vec![due_partition(tenant, shard_of(agent.as_str()))],
            None => (0..LEASE_SHARDS).map(|shard| due_partition(tenant, shard)).collect(),
        };
        // `$` follows `#`, which stands between time and name: what is due at `now` itself is below it.
        let below = Some(format!("{}$", due_time(now)));
        let query =
            LeaseQuery { index: DUE, below, of: agent, ascending: true, limit: (limit as usize).max(1) };
        self.leases(partitions, &query, |lease| (lease.due(), lease.id)).await
    }
}

impl Store {
    /// One live lease more, within the budget.
    fn take_live(&self, lease: &Lease, budget: &Budget) -> Result<Update, StoreError> {
        let update = self.update_of(&Key::live(&lease.tenant, &lease.agent));
        update
            .update_expression("ADD live :one")
            .condition_expression("attribute_not_exists(live) OR live < :most")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":most", number(budget.live_leases))
            .build()
            .map_err(impossible)
    }

    /// One live lease less.
    fn give_live_back(&self, lease: &Lease) -> Result<Update, StoreError> {
        let update = self.update_of(&Key::live(&lease.tenant, &lease.agent));
        update
            .update_expression("ADD live :less")
            .expression_attribute_values(":less", number(-1))
            .build()
            .map_err(impossible)
    }

    /// One lease more in the minute that it is asked for in, within the budget.
    fn take_rate(&self, lease: &Lease, budget: &Budget) -> Result<Update, StoreError> {
        let minute = lease.requested_at.as_second().div_euclid(60);
        let lapses = lease.requested_at.saturating_add(RATE_KEPT).unwrap_or(Timestamp::MAX);
        let update = self.update_of(&Key::rate(&lease.tenant, &lease.agent, minute));
        update
            .update_expression("SET #ttl = :ttl ADD begun :one")
            .condition_expression("attribute_not_exists(begun) OR begun < :most")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":ttl", ttl(lapses))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":most", number(budget.per_minute))
            .build()
            .map_err(impossible)
    }

    /// The idempotency key, where it is free or has lapsed by the time of the request. DynamoDB removes what has
    /// lapsed within days, not at once.
    fn take_key(&self, lease: &Lease, claim: &Claim) -> Result<aws_sdk_dynamodb::types::Put, StoreError> {
        self.put_of(item::claim(lease, claim)?)
            .condition_expression("attribute_not_exists(pk) OR lapses_at <= :now")
            .expression_attribute_values(":now", time(lease.requested_at))
            .build()
            .map_err(impossible)
    }

    async fn try_settle(&self, settlement: &Settlement, with_key: bool) -> Result<(), Refusal> {
        let Settlement { before, after, answer, event } = settlement;
        let mut transaction = Transaction::default();
        let put = self
            .put_of(item::lease(after)?)
            .condition_expression("#state = :before")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":before", text(before.state.name()));
        transaction.put(Part::Lease, put.build().map_err(impossible)?);
        if before.state.is_live() && !after.state.is_live() {
            transaction.update(Part::Live, self.give_live_back(before)?);
        }
        if let Some(key) = before.idempotency_key.as_ref().filter(|_| with_key) {
            self.answer_key(&mut transaction, before, key, answer)?;
        }
        self.commit(transaction, event, if with_key { 's' } else { 't' }).await
    }

    fn answer_key(
        &self,
        transaction: &mut Transaction,
        lease: &Lease,
        key: &IdempotencyKey,
        answer: &Answer,
    ) -> Result<(), StoreError> {
        let key = Key::idempotency(&lease.tenant, &lease.agent, key);
        let still_ours = "claimed_by = :lease";
        match answer {
            Answer::Unchanged => {}
            Answer::Keep { sealed, until } => {
                let update = self
                    .update_of(&key)
                    .update_expression("SET answer = :answer, lapses_at = :lapses_at, #ttl = :ttl")
                    .condition_expression(still_ours)
                    .expression_attribute_names("#ttl", "ttl")
                    .expression_attribute_values(":answer", item::sealed(sealed))
                    .expression_attribute_values(":lapses_at", time(*until))
                    .expression_attribute_values(":ttl", ttl(*until))
                    .expression_attribute_values(":lease", text(lease.id));
                transaction.update(Part::Claim, update.build().map_err(impossible)?);
            }
            Answer::Forget => {
                let delete = self
                    .delete_of(&key)
                    .condition_expression(still_ours)
                    .expression_attribute_values(":lease", text(lease.id));
                transaction.delete(Part::Claim, delete.build().map_err(impossible)?);
            }
        }
        Ok(())
    }
}

/// A taken key comes first: its answer is what a request that is sent again wants, whatever the budget says.
fn begin_error(lease: &Lease, parts: &[Part]) -> BeginError {
    if parts.contains(&Part::Claim) {
        BeginError::KeyTaken
    } else if parts.contains(&Part::Live) {
        BeginError::LiveLeasesExhausted
    } else if parts.contains(&Part::Rate) {
        BeginError::RateExhausted
    } else {
        let key = Key::lease(&lease.tenant, lease.id).to_string();
        BeginError::Store(StoreError::Inconsistent { key, attribute: "pk", problem: "is taken".to_owned() })
    }
}

fn settled(outcome: Result<(), Refusal>) -> Result<(), SettleError> {
    match outcome {
        Ok(()) => Ok(()),
        Err(Refusal::Store(error)) => Err(error.into()),
        Err(Refusal::Conditions(_)) => Err(SettleError::Superseded),
    }
}
