//! A ledger in a table: what somebody does to rows that wait is told, and two sequencers make one log.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};
use deputize_broker::audit::{Anomaly, AuditEvent, What};
use deputize_broker::ledger::{LedgerPorts, LedgerSettings, Sequencer};
use deputize_broker::ports::Source;
use deputize_broker::ports::audit::{AuditOutbox as _, OutboxKey, Waiting};
use deputize_broker::ports::clock::random_bytes;
use deputize_broker::ports::rotation::Alerts;
use deputize_dynamodb::stream::{RowChange, outbox_change};
use deputize_dynamodb::{Store, store};
use deputize_ledger::{Entry, Origin};
use deputize_scope::TenantId;
use deputize_testkit::events::samples;
use deputize_testkit::keys::{MemoryKeys, Scrambled};
use deputize_testkit::log_copy::LogCopy;
use deputize_testkit::log_signer::MemoryLogKey;
use deputize_testkit::time::FixedClock;
use futures_util::stream::{self, StreamExt as _};

const TABLE: &str = "deputize";
const NOON: &str = "2026-06-01T12:00:00Z";

type Row = HashMap<String, AttributeValue>;

/// A tenant's ledger in the table.
pub(crate) struct Ledger {
    client: Client,
    store: Store,
    tenant: TenantId,
    keys: Arc<MemoryKeys>,
    raised: Arc<Raised>,
    random: Scrambled,
}

/// Alerts that were raised.
#[derive(Default)]
struct Raised(Mutex<Vec<AuditEvent>>);

#[async_trait]
impl Alerts for Raised {
    async fn raise(&self, event: &AuditEvent) -> Result<(), Source> {
        self.0.lock().unwrap().push(event.clone());
        Ok(())
    }
}

impl Ledger {
    pub(crate) fn of(client: &Client, tenant: &str) -> Self {
        let seed = tenant.bytes().fold(5, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
        Self {
            client: client.clone(),
            store: store(client.clone(), TABLE),
            tenant: tenant.parse().unwrap(),
            keys: Arc::default(),
            raised: Arc::default(),
            random: Scrambled::new(seed),
        }
    }

    fn sequencer(&self, seed: u64) -> Sequencer {
        let store = Arc::new(self.store.clone());
        let ports = LedgerPorts {
            outbox: store.clone(),
            heads: store.clone(),
            index: store.clone(),
            subjects: store.clone(),
            objects: store,
            keys: self.keys.clone(),
            signer: Arc::new(MemoryLogKey::default()),
            monitors: Vec::new(),
            memory: None,
            alerts: self.raised.clone(),
            clock: Arc::new(FixedClock(NOON.parse().unwrap())),
            random: Arc::new(Scrambled::new(seed)),
        };
        Sequencer::new(LedgerSettings::new(self.tenant.clone(), "deputize.test".to_owned()).unwrap(), ports)
    }

    /// Events of every kind, one after the other.
    fn happening(&self, many: usize) -> Vec<AuditEvent> {
        let clock = FixedClock(NOON.parse().unwrap());
        // An anomaly would be told of as one.
        let kinds = samples().into_iter().filter(|event| !matches!(event.what, What::LedgerAnomaly { .. }));
        let kinds: Vec<AuditEvent> = kinds.collect();
        let fresh = kinds.into_iter().cycle().take(many);
        fresh.map(|one| AuditEvent::new(&self.tenant, one.by, one.what, &clock, &self.random)).collect()
    }

    async fn record(&self, events: &[AuditEvent]) {
        let recorded = stream::iter(events).map(|event| self.store.record(event)).buffer_unordered(16);
        recorded.collect::<Vec<_>>().await.into_iter().for_each(Result::unwrap);
    }

    async fn waiting(&self) -> Vec<Waiting> {
        let mut waiting = Vec::new();
        for shard in 0..self.store.shards() {
            waiting.extend(self.store.pending(&self.tenant, shard, None, u32::MAX).await.unwrap());
        }
        waiting
    }

    /// The log, which verifies.
    async fn entries(&self) -> Vec<Entry> {
        let copy = LogCopy::of(&self.store, &self.tenant, 2026).await.unwrap().unwrap();
        let origin = Origin::of("deputize.test", self.tenant.as_str(), 2026).unwrap();
        copy.verified(&MemoryLogKey::default().verifier(origin));
        copy.entries()
    }

    async fn row(&self, key: &OutboxKey) -> Row {
        let pk = AttributeValue::S(format!("T#{}#OUTBOX#{:02}", self.tenant, key.shard));
        let request = self.client.get_item().table_name(TABLE).key("pk", pk);
        let row = request.key("sk", AttributeValue::S(key.name.clone())).send().await.unwrap();
        row.item.unwrap()
    }

    /// Puts a row in the place of another, as somebody does who has the table in his hands.
    async fn exchange(&self, before: &Row, after: &Row) {
        let put = Put::builder().table_name(TABLE).set_item(Some(after.clone())).build().unwrap();
        let mut write = self.client.transact_write_items();
        write = write.transact_items(TransactWriteItem::builder().put(put).build());
        if ["pk", "sk"].iter().any(|name| before[*name] != after[*name]) {
            let delete = Delete::builder().table_name(TABLE);
            let delete = delete.key("pk", before["pk"].clone()).key("sk", before["sk"].clone());
            let delete = delete.build().unwrap();
            write = write.transact_items(TransactWriteItem::builder().delete(delete).build());
        }
        write.send().await.unwrap();
    }
}

/// Flips one bit in each of so many rows that wait, at random places: of a value, of an attribute's name, of the key.
/// Each is told of, by what is found in its place, or by the stream where nothing is; and the log says so of each.
pub(crate) async fn a_bit_that_is_flipped_in_a_waiting_row_is_told(ledger: &Ledger, tampers: usize) {
    ledger.record(&ledger.happening(tampers)).await;
    let waiting = ledger.waiting().await;
    assert_eq!(waiting.len(), tampers);
    let (mut here, mut gone) = (BTreeSet::new(), BTreeSet::new());
    let sequencer = ledger.sequencer(1);
    for one in &waiting {
        let before = ledger.row(one.key()).await;
        let after = flipped(&before, &ledger.random);
        ledger.exchange(&before, &after).await;
        let (pk, sk) = (after["pk"].as_s().unwrap(), after["sk"].as_s().unwrap());
        let shards = 0..ledger.store.shards();
        match shards.map(|shard| format!("T#{}#OUTBOX#{shard:02}", ledger.tenant)).find(|place| place == pk) {
            Some(_) => here.insert(sk.clone()),
            None => {
                let text = |name: &str| before.get(name).and_then(|value| value.as_s().ok()).cloned();
                let key = (text("pk").unwrap(), text("sk").unwrap());
                let key = (key.0.as_str(), key.1.as_str());
                let change = outbox_change(&ledger.tenant, RowChange::Removed, key, text, |_| None).unwrap();
                assert!(sequencer.watch(&change).await.unwrap().is_told());
                gone.insert(sk.clone())
            }
        };
    }
    assert_eq!(here.len() + gone.len(), tampers);

    let waiting = ledger.waiting().await;
    let unreadable = waiting.iter().filter(|one| matches!(one, Waiting::Unreadable { .. }));
    let unreadable: BTreeSet<String> = unreadable.map(|one| one.key().name.clone()).collect();
    assert_eq!(unreadable, here, "each that is still in the outbox is known not to be what was written");

    let sealed = sequencer.seal(Duration::MAX).await.unwrap();
    assert_eq!(sealed.appended as usize, tampers + 1, "one says that the log was opened");
    let (mut quarantined, mut removed) = (BTreeSet::new(), BTreeSet::new());
    for entry in ledger.entries().await.iter().skip(1) {
        let event: AuditEvent = serde_json::from_value(entry.event.clone()).unwrap();
        match event.what {
            What::LedgerAnomaly { anomaly: Anomaly::EventQuarantined { id, .. }, .. } => {
                quarantined.insert(id)
            }
            What::LedgerAnomaly { anomaly: Anomaly::EventRemoved { id, .. }, .. } => removed.insert(id),
            other => panic!("a row that was changed became an entry: {other:?}"),
        };
    }
    assert_eq!((quarantined, removed), (here, gone));
    assert_eq!(ledger.raised.0.lock().unwrap().len(), tampers, "somebody was told of each at once");
    assert!(ledger.waiting().await.is_empty());
}

/// The row with one bit flipped.
fn flipped(row: &Row, random: &Scrambled) -> Row {
    let is_key = |name: &str| matches!(name, "pk" | "sk");
    let mut names: Vec<&String> = row.keys().collect();
    names.sort();
    loop {
        // An attribute first, and then a place in it, so that short ones are tried as often as long ones.
        let [attribute, place, bit, what] =
            [(); 4].map(|()| usize::from(u16::from_be_bytes(random_bytes::<2>(random))));
        let name = names[attribute % names.len()];
        let flip = |text: &str| {
            let mut bytes = text.as_bytes().to_vec();
            let place = place % bytes.len();
            bytes[place] ^= 1 << (bit % 8);
            bytes
        };
        let value = row[name].as_s().unwrap();
        let mut after = row.clone();
        if what.is_multiple_of(8) && !is_key(name) {
            let Ok(other) = String::from_utf8(flip(name)) else { continue };
            after.remove(name);
            after.insert(other, AttributeValue::S(value.clone()));
            return after;
        }
        let value = match String::from_utf8(flip(value)) {
            Ok(text) => AttributeValue::S(text),
            Err(_) if is_key(name) => continue,
            // No text has these bytes.
            Err(error) => AttributeValue::B(Blob::new(error.into_bytes())),
        };
        after.insert(name.clone(), value);
        return after;
    }
}

/// Two sequencers at once, while events happen.
pub(crate) async fn two_sequencers_make_one_log(ledger: &Ledger, events: usize) {
    let events = ledger.happening(events);
    let (before, meanwhile) = events.split_at(events.len() / 2);
    ledger.record(before).await;
    let (one, other) = (ledger.sequencer(2), ledger.sequencer(3));
    let (first, second, ()) =
        tokio::join!(one.seal(Duration::MAX), other.seal(Duration::MAX), ledger.record(meanwhile));
    let last = ledger.sequencer(4).seal(Duration::MAX).await.unwrap();
    let (first, second) = (first.unwrap(), second.unwrap());
    // Not all that was appended is told as appended: one may begin what the other ends.
    assert!(first.appended + second.appended + last.appended >= events.len() as u64);

    let entries = ledger.entries().await;
    let name = |entry: &Entry| entry.event["id"].as_str().unwrap().to_owned();
    let names: BTreeSet<String> = entries.iter().map(name).collect();
    assert_eq!((entries.len(), names.len()), (events.len() + 1, events.len() + 1), "each once");
    assert!(events.iter().all(|event| names.contains(&event.id.to_string())));
    assert!(ledger.waiting().await.is_empty());
    assert!(ledger.raised.0.lock().unwrap().is_empty(), "nobody was told of anything");
}
