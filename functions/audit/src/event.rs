//! The two events that the function takes: batches of the table's stream, and `{"seal":true}` from a schedule.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::dynamodb::{Event as Batch, EventRecord};
use aws_lambda_events::event::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use deputize_broker::Clock;
use deputize_broker::ledger::{OutboxChange, Sequencer};
use deputize_dynamodb::stream::{RowChange, outbox_change};
use deputize_scope::TenantId;
use lambda_runtime::{Context, Error, LambdaEvent};
use serde::{Deserialize, Serialize};
use serde_dynamo::{AttributeValue, Item};

/// What is left of the function's time when nothing more is begun, or half of it where it has less.
const MARGIN: Duration = Duration::from_secs(20);

/// An event.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Event {
    /// Of the schedule, or of an operator.
    Seal(Seal),
    /// Of the stream: what was written to the table.
    Stream(Batch),
}

/// `{"seal":true}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seal {
    seal: bool,
}

/// What came of it.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Outcome {
    /// The records of the stream that are to come again.
    Stream(DynamoDbEventResponse),
    /// Of a run.
    Seal { appended: u64, published: u64, is_cut_short: bool },
}

/// Answers events.
pub(crate) struct Handler {
    tenant: TenantId,
    sequencer: Sequencer,
    clock: Arc<dyn Clock>,
}

impl Handler {
    pub(crate) fn new(tenant: TenantId, sequencer: Sequencer, clock: Arc<dyn Clock>) -> Self {
        Self { tenant, sequencer, clock }
    }

    pub(crate) async fn handle(&self, event: LambdaEvent<Event>) -> Result<Outcome, Error> {
        let LambdaEvent { payload, context } = event;
        let until = self.until(&context)?;
        match payload {
            Event::Seal(Seal { seal: false }) => Err("nothing is asked for: {\"seal\":true}".into()),
            Event::Seal(Seal { seal: true }) => {
                let sealed = Box::pin(self.sequencer.seal(until)).await?;
                tracing::info!(?sealed, "appended what waited");
                let (appended, is_cut_short) = (sealed.appended, sealed.is_cut_short);
                Ok(Outcome::Seal { appended, published: sealed.published.entries, is_cut_short })
            }
            Event::Stream(batch) => Ok(Outcome::Stream(Box::pin(self.stream(batch, until)).await)),
        }
    }

    /// The stream wakes, and shows what should not be; what is appended is read from the outbox itself. The first record
    /// that could not be looked at comes again, with those after it.
    async fn stream(&self, batch: Batch, until: Duration) -> DynamoDbEventResponse {
        let mut response = DynamoDbEventResponse::default();
        let mut is_woken = false;
        for record in &batch.records {
            let Some(change) = self.change(record) else { continue };
            is_woken = is_woken || change == OutboxChange::Written;
            match self.sequencer.watch(&change).await {
                // What was found is an event itself.
                Ok(disturbance) => is_woken = is_woken || disturbance.is_told(),
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "a record of the stream comes again"
                    );
                    let mut failure = DynamoDbBatchItemFailure::default();
                    failure.item_identifier.clone_from(&record.change.sequence_number);
                    response.batch_item_failures.push(failure);
                    break;
                }
            }
        }
        if is_woken {
            // The schedule comes after it: a batch does not come again for this.
            if let Err(error) = Box::pin(self.sequencer.seal(until)).await {
                tracing::error!(error = &error as &dyn std::error::Error, "what waits was not appended");
            }
        }
        response
    }

    fn change(&self, record: &EventRecord) -> Option<OutboxChange> {
        let change = match record.event_name.as_str() {
            "INSERT" => RowChange::Inserted,
            "MODIFY" => RowChange::Modified,
            "REMOVE" => RowChange::Removed,
            _ => return None,
        };
        let images = &record.change;
        let key = |name| text(&images.keys, name);
        let key = (key("pk")?, key("sk")?);
        let before = |name: &str| text(&images.old_image, name);
        let after = |name: &str| text(&images.new_image, name);
        outbox_change(&self.tenant, change, (&key.0, &key.1), before, after)
    }

    fn until(&self, context: &Context) -> Result<Duration, Error> {
        let left = context.deadline().duration_since(std::time::SystemTime::UNIX_EPOCH)?;
        let now = Duration::from_millis(u64::try_from(self.clock.now().as_millisecond())?);
        let left = left.saturating_sub(now);
        Ok(self.clock.monotonic() + left.saturating_sub(MARGIN).max(left / 2))
    }
}

/// A text attribute.
fn text(item: &Item, name: &str) -> Option<String> {
    match item.get(name) {
        Some(AttributeValue::S(text)) => Some(text.clone()),
        _ => None,
    }
}
