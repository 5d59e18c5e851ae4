//! One transaction: its actions, its retries, and which of its actions was refused.

use std::time::Duration;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError as Failure;
use aws_sdk_dynamodb::types::{CancellationReason, ConditionCheck, Delete, Put, TransactWriteItem, Update};
use deputize_broker::audit::{AuditEvent, EventId};
use deputize_broker::ports::StoreError;
use sha2::{Digest, Sha256};

use crate::Store;
use crate::error::{impossible, is_throttling, store_error};
use crate::item::{self, Attributes};
use crate::table::Key;

/// How often a transaction is tried that another one was in the way of. With the pauses between them: 2 s at most.
const ATTEMPTS: u32 = 12;

/// The pause before the second attempt is at most this; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// What an action is for, so that a refusal can be told by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Lease,
    Live,
    Rate,
    Claim,
    Scopes,
    Text,
    Credential,
    Version,
    Former,
    Subject,
    Event,
}

/// A transaction in the making. It always ends with its event.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    parts: Vec<Part>,
    actions: Vec<TransactWriteItem>,
}

/// Why a transaction was not written.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The conditions of these parts do not hold.
    Conditions(Vec<Part>),
    /// The store failed.
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Transaction {
    pub(crate) fn put(&mut self, part: Part, put: Put) {
        self.push(part, TransactWriteItem::builder().put(put).build());
    }

    pub(crate) fn update(&mut self, part: Part, update: Update) {
        self.push(part, TransactWriteItem::builder().update(update).build());
    }

    pub(crate) fn delete(&mut self, part: Part, delete: Delete) {
        self.push(part, TransactWriteItem::builder().delete(delete).build());
    }

    fn check(&mut self, part: Part, check: ConditionCheck) {
        self.push(part, TransactWriteItem::builder().condition_check(check).build());
    }

    fn push(&mut self, part: Part, action: TransactWriteItem) {
        self.parts.push(part);
        self.actions.push(action);
    }
}

impl Store {
    /// A put into this table.
    pub(crate) fn put_of(&self, item: Attributes) -> aws_sdk_dynamodb::types::builders::PutBuilder {
        Put::builder().table_name(&*self.table).set_item(Some(item))
    }

    /// An update in this table.
    pub(crate) fn update_of(&self, key: &Key) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
        Update::builder().table_name(&*self.table).set_key(Some(key.attributes()))
    }

    /// A deletion in this table.
    pub(crate) fn delete_of(&self, key: &Key) -> aws_sdk_dynamodb::types::builders::DeleteBuilder {
        Delete::builder().table_name(&*self.table).set_key(Some(key.attributes()))
    }

    /// A transaction whose repetition nothing else would refuse: it is none where the ledger has taken the event, which
    /// waits no more then.
    pub(crate) fn once(&self, event: &AuditEvent) -> Result<Transaction, StoreError> {
        let taken = Key::entry(&event.tenant, &event.id.to_string()).attributes();
        let check = ConditionCheck::builder().table_name(&*self.table).set_key(Some(taken));
        let check = check.condition_expression("attribute_not_exists(pk)").build().map_err(impossible)?;
        let mut transaction = Transaction::default();
        transaction.check(Part::Event, check);
        Ok(transaction)
    }

    /// Commits a transaction together with its event. The event's id makes it idempotent: DynamoDB answers a
    /// repetition within ten minutes as it did the first time, and after that, or where the answer was a refusal of
    /// conditions that the transaction itself had made false, the event is found to be there.
    ///
    /// `variant` tells transactions apart that carry the same event and differ otherwise.
    pub(crate) async fn commit(
        &self,
        mut transaction: Transaction,
        event: &AuditEvent,
        variant: char,
    ) -> Result<(), Refusal> {
        let put = self.put_of(item::event(event)?).condition_expression("attribute_not_exists(pk)");
        transaction.put(Part::Event, put.build().map_err(impossible)?);
        let parts = transaction.parts;
        // A token has at most 36 characters; a UUID without hyphens has 32.
        let token = format!("{}{variant}", event.id.to_string().replace('-', ""));
        for attempt in 1.. {
            let request = self.client.transact_write_items().client_request_token(&token);
            let answer = request.set_transact_items(Some(transaction.actions.clone())).send().await;
            let Err(error) = answer else { return Ok(()) };
            match error.as_service_error() {
                Some(Failure::TransactionCanceledException(cancelled)) => {
                    let reasons = cancelled.cancellation_reasons();
                    let refused = refused(&parts, reasons);
                    if !refused.is_empty() {
                        return self.unless_written(event, refused).await;
                    }
                    if !reasons.iter().any(is_passing) {
                        return Err(store_error(error).into());
                    }
                }
                Some(Failure::TransactionInProgressException(_)) => {}
                _ => return Err(store_error(error).into()),
            }
            if attempt >= ATTEMPTS {
                return Err(StoreError::Throttled.into());
            }
            tokio::time::sleep(pause(event.id, attempt)).await;
        }
        Err(StoreError::Throttled.into())
    }

    /// A refusal stands unless the transaction was written before, by an attempt whose answer was lost.
    async fn unless_written(&self, event: &AuditEvent, refused: Vec<Part>) -> Result<(), Refusal> {
        // It waits in the outbox, or was taken into the ledger meanwhile: in this order, because that is how it moves.
        let waiting = self.read(&Key::event(&event.tenant, event.id)).await?;
        let written = match waiting {
            Some(waiting) => Some(waiting),
            None => self.read(&Key::entry(&event.tenant, &event.id.to_string())).await?,
        };
        let meant = item::event(event)?;
        match written {
            Some(written) if written.is_same(&meant, "sha256") => Ok(()),
            _ => Err(Refusal::Conditions(refused)),
        }
    }

    /// One item, strongly consistent.
    pub(crate) async fn read(&self, key: &Key) -> Result<Option<item::Item>, StoreError> {
        let request = self.client.get_item().table_name(&*self.table).set_key(Some(key.attributes()));
        let answer = request.consistent_read(true).send().await.map_err(store_error)?;
        Ok(answer.item.map(item::Item::from))
    }
}

/// The parts whose conditions do not hold.
fn refused(parts: &[Part], reasons: &[CancellationReason]) -> Vec<Part> {
    let failed = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
    parts.iter().zip(reasons).filter(|(_, reason)| failed(reason)).map(|(part, _)| *part).collect()
}

/// Whether a reason passes by itself: another transaction was at the same item, or there was too much to do.
fn is_passing(reason: &CancellationReason) -> bool {
    reason.code().is_some_and(|code| code == "TransactionConflict" || is_throttling(code))
}

/// How long to wait before the next attempt: random as far as the contenders are concerned, because their events have
/// different names, and the same whenever it is replayed.
fn pause(event: EventId, attempt: u32) -> Duration {
    let longest = FIRST_PAUSE.saturating_mul(1 << attempt.min(10)).min(LONGEST_PAUSE);
    let hash = Sha256::digest(format!("{event}{attempt}"));
    let share = hash.first().copied().map_or(1.0, |byte| f64::from(byte) / 255.0);
    longest.mul_f64(share)
}
