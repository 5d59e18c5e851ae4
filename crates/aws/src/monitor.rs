//! Monitoring by EventBridge: each entry of the ledger as an event on a bus.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::config::Config;
use aws_sdk_eventbridge::config::retry::RetryConfig;
use aws_sdk_eventbridge::config::timeout::TimeoutConfig;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_types::SdkConfig;
use deputize_broker::ports::Source;
use deputize_broker::ports::ledger::{Monitor, Publication};
use thiserror::Error;
use tokio::time::sleep;

use crate::failure::shown;

/// What rules match as `source`. Not that of alerts, which tell of some of the same events, as they happen.
const SOURCE: &str = "deputize.ledger";

/// How many entries PutEvents takes at once (PutEvents, API reference).
const MOST_ENTRIES: usize = 10;
/// How many bytes are sent at once, as EventBridge counts them: those of source, detail-type and detail. It takes 256 KiB
/// (user guide, "Calculating PutEvents event entry size"), and 1 MiB since January 2026. An entry that is larger than
/// this goes alone, for the bus to judge.
const MOST_BYTES: usize = 250_000;

/// How often entries that the bus did not take are sent, the first time included.
const ROUNDS: u32 = 4;
/// How long it is left alone before the second time; twice as long each time after.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// How often a call is sent, the first time included.
const ATTEMPTS: u32 = 3;
/// How long one attempt may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a call may take with all its attempts and the pauses between them.
const CALL_TIMEOUT: Duration = Duration::from_secs(15);

/// Puts entries on a bus: `source` is `deputize.ledger`, `detail-type` the entry's kind, such as `credential_issued`, and
/// `detail` the CloudEvent, whose `id` tells one that came twice. The broker's IAM policy has to allow `events:PutEvents`
/// on the bus.
///
/// EventBridge promises no order among events; the CloudEvents have their sequence numbers.
pub struct EventBridgeMonitor {
    client: Client,
    bus: String,
}

/// The bus took the request, and not all that was in it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the bus refused {count} of the events {ROUNDS} times: {code}")]
struct Refused {
    count: usize,
    code: String,
}

impl EventBridgeMonitor {
    /// The bus of this name or ARN. An endpoint that `config` names (`AWS_ENDPOINT_URL_EVENTBRIDGE`, `AWS_ENDPOINT_URL`)
    /// is the one that is called.
    pub fn new(config: &SdkConfig, bus: impl Into<String>) -> Self {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(CALL_TIMEOUT)
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(Duration::from_millis(100))
            .with_max_backoff(Duration::from_secs(1));
        let config = Config::from(config).to_builder().timeout_config(timeouts).retry_config(retries);
        Self { client: Client::from_conf(config.build()), bus: bus.into() }
    }

    /// Puts what fits into one request. What the bus does not take is sent again, a few times.
    async fn put(&self, mut entries: Vec<PutEventsRequestEntry>) -> Result<(), Source> {
        let mut round = 1;
        let mut pause = FIRST_PAUSE;
        loop {
            let answer = self.client.put_events().set_entries(Some(entries.clone())).send().await?;
            // An answer has as many entries as its request, in the same order: one that has none was not taken.
            let mut answers = answer.entries().iter();
            let mut refused = None;
            entries.retain(|_| match answers.next() {
                Some(taken) if taken.error_code().is_none() => false,
                other => {
                    refused = other.and_then(|entry| entry.error_code());
                    true
                }
            });
            if entries.is_empty() {
                return Ok(());
            }
            if round == ROUNDS {
                return Err(Refused { count: entries.len(), code: shown(refused).to_owned() }.into());
            }
            sleep(pause).await;
            pause *= 2;
            round += 1;
        }
    }

    fn entry(&self, publication: &Publication) -> PutEventsRequestEntry {
        PutEventsRequestEntry::builder()
            .source(SOURCE)
            .detail_type(publication.kind)
            .detail(publication.cloud_event.to_string())
            .event_bus_name(&self.bus)
            .build()
    }
}

impl fmt::Debug for EventBridgeMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBridgeMonitor").field("bus", &self.bus).finish_non_exhaustive()
    }
}

#[async_trait]
impl Monitor for EventBridgeMonitor {
    fn name(&self) -> &'static str {
        "eventbridge"
    }

    async fn publish(&self, publications: &[Publication]) -> Result<(), Source> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        for publication in publications {
            let entry = self.entry(publication);
            let size = size(&entry);
            if batch.len() == MOST_ENTRIES || (!batch.is_empty() && bytes + size > MOST_BYTES) {
                self.put(std::mem::take(&mut batch)).await?;
                bytes = 0;
            }
            batch.push(entry);
            bytes += size;
        }
        if batch.is_empty() { Ok(()) } else { self.put(batch).await }
    }
}

/// As EventBridge counts it.
fn size(entry: &PutEventsRequestEntry) -> usize {
    [entry.source(), entry.detail_type(), entry.detail()].into_iter().flatten().map(str::len).sum()
}
