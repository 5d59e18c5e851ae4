//! What should not happen is seen, told and, where it has to be, stops the log.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use deputize_broker::audit::What;
use deputize_broker::ledger::{Disturbance, LedgerError, OutboxChange};
use deputize_broker::ports::Source;
use deputize_broker::ports::audit::{OutboxKey, Waiting};
use deputize_broker::ports::ledger::CheckpointMemory;
use deputize_scope::TenantId;
use deputize_testkit::ledger::{Fault, MemoryLedger};

use crate::world::{World, at, run};

#[derive(Default)]
struct Memory(Mutex<Option<String>>);

#[async_trait]
impl CheckpointMemory for Memory {
    async fn recall(&self, _: &TenantId) -> Result<Option<String>, Source> {
        Ok(self.0.lock().unwrap().clone())
    }

    async fn remember(&self, _: &TenantId, checkpoint: &str) -> Result<(), Source> {
        *self.0.lock().unwrap() = Some(checkpoint.to_owned());
        Ok(())
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_aside_and_an_entry_says_so() {
    let world = World::new();
    let mut events = world.happen(2);
    let key = OutboxKey { shard: 1, name: "not-a-name".to_owned() };
    let waiting =
        Waiting::Unreadable { key: key.clone(), bytes: b"??".to_vec(), problem: "no event".to_owned() };
    world.stored.lock().unwrap().outbox.insert(key, waiting);
    events.extend(world.happen(2));
    world.seal().await;

    let entries = world.verified(2026);
    assert_eq!(entries.len(), 6, "nothing is dropped, and nothing waits behind it");
    let told = entries.iter().find(|entry| entry.event["event"] == "ledger_anomaly").unwrap();
    assert_eq!(told.event["anomaly"]["kind"], "event_quarantined");
    let sha256 = told.event["anomaly"]["sha256"].as_str().unwrap();
    let path = format!("acme/quarantine/{sha256}").try_into().unwrap();
    assert_eq!(world.stored.lock().unwrap().objects[&path], b"??");
    assert_eq!(world.raised.0.lock().unwrap().len(), 1);
    // That it left the outbox is as it should be.
    let removed = OutboxChange::Removed { name: "not-a-name".to_owned(), sha256: "0".to_owned() };
    let watched = world.sequencer(&world.worker()).watch(&removed).await.unwrap();
    assert_eq!(watched, Disturbance::None);
}

#[tokio::test]
async fn an_event_that_leaves_the_outbox_unsealed_or_changes_in_it_is_told_of() {
    let world = World::new();
    let events = world.happen(2);
    world.seal().await;
    let sequencer = world.sequencer(&world.worker());
    let name = events[0].to_string();
    let gone =
        |name: &str, sha256: &str| OutboxChange::Removed { name: name.to_owned(), sha256: sha256.to_owned() };
    // The fake writes the name where the hash goes.
    assert_eq!(sequencer.watch(&gone(&name, &name)).await.unwrap(), Disturbance::None);
    assert_eq!(sequencer.watch(&gone(&name, "another")).await.unwrap(), Disturbance::Told);
    assert_eq!(
        sequencer.watch(&gone("01890000-0000-7000-8000-000000000000", "x")).await.unwrap(),
        Disturbance::Told
    );
    let changed = OutboxChange::Modified { name, before: "a".to_owned(), after: "b".to_owned() };
    assert_eq!(sequencer.watch(&changed).await.unwrap(), Disturbance::Told);
    assert_eq!(sequencer.watch(&OutboxChange::Written).await.unwrap(), Disturbance::None);

    assert_eq!(world.seal().await.appended, 3);
    let entries = world.verified(2026);
    let mut kinds: Vec<_> =
        entries[3..].iter().map(|entry| entry.event["anomaly"]["kind"].as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["event_modified", "event_removed", "event_removed"].map(Some));
    assert_eq!(world.raised.0.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_store_that_was_put_back_is_behind_what_is_remembered_and_nothing_is_appended() {
    let mut world = World::new();
    world.memory = Some(Arc::new(Memory::default()));
    world.happen(3);
    world.seal().await;
    let backup = {
        let stored = world.stored.lock().unwrap();
        (stored.head.clone(), stored.objects.clone())
    };
    world.happen(3);
    world.seal().await;
    {
        let mut stored = world.stored.lock().unwrap();
        (stored.head, stored.objects) = backup;
    }
    world.happen(1);
    let sequencer = world.sequencer(&world.worker());
    for _ in 0..2 {
        let error = sequencer.seal(std::time::Duration::from_secs(1)).await.unwrap_err();
        assert!(matches!(error, LedgerError::Disturbed(_)), "{error}");
    }
    let raised = world.raised.0.lock().unwrap();
    assert_eq!(raised.len(), 1, "told once by each process");
    assert!(matches!(&raised[0].what, What::LedgerAnomaly { .. }));
    assert!(!world.stored.lock().unwrap().outbox.is_empty(), "what waits is kept");
}

#[tokio::test]
async fn a_fork_is_found_out_by_what_is_remembered() {
    let mut world = World::new();
    world.happen(3);
    world.seal().await;
    let memory = Arc::new(Memory::default());
    let other = World::seeded(99);
    other.happen(3);
    other.seal().await;
    *memory.0.lock().unwrap() = Some(other.checkpoint(2026).to_string());
    world.memory = Some(memory);
    for more in [0, 2] {
        world.happen(more);
        let error =
            world.sequencer(&world.worker()).seal(std::time::Duration::from_secs(1)).await.unwrap_err();
        assert!(matches!(error, LedgerError::Disturbed(_)), "{error}");
    }
}

#[tokio::test]
async fn an_entry_of_the_last_bundle_that_was_changed_is_told_of_once() {
    let world = World::new();
    world.happen(4);
    world.seal().await;
    {
        let mut stored = world.stored.lock().unwrap();
        let path = "acme/2026/tile/entries/000.p/5".to_owned().try_into().unwrap();
        let bundle = stored.objects.get_mut(&path).unwrap();
        let place = bundle.len() - 20;
        bundle[place] ^= 1;
    }
    world.happen(1);
    world.seal().await;
    world.happen(1);
    world.seal().await;
    world.seal().await;
    let raised = world.raised.0.lock().unwrap();
    let told = serde_json::to_value(&*raised).unwrap();
    assert_eq!(raised.len(), 1, "{told}");
    assert_eq!(told[0]["anomaly"]["kind"], "entry_mismatch");
    assert_eq!(told[0]["anomaly"]["sequence"], 4);
}

#[tokio::test]
async fn an_event_too_large_for_an_entry_is_kept_beside_and_its_hash_sealed() {
    let world = World::new();
    let name = "n".repeat(70_000);
    let what = What::ConnectorChanged { name, sha256: "00".repeat(32) };
    let clock = world.clock();
    let event = deputize_broker::audit::AuditEvent::new(
        &world.tenant,
        deputize_broker::caller::Actor::Broker,
        what,
        &*clock,
        &*world.random,
    );
    crate::world::record(&world, &event).await;
    world.seal().await;
    let entries = world.holds_each_once(&[event.id]);
    let sha256 = entries[1].event["whole"]["sha256"].as_str().unwrap().to_owned();
    let path = format!("acme/large/{sha256}").try_into().unwrap();
    let kept: deputize_broker::audit::AuditEvent =
        serde_json::from_slice(&world.stored.lock().unwrap().objects[&path]).unwrap();
    assert_eq!(kept, event);
}

#[tokio::test]
async fn what_was_staged_and_is_not_what_it_was_is_told_of_and_put_nowhere() {
    for tamper in [|bytes: &mut Vec<u8>| bytes[9] ^= 4, Vec::clear] {
        let world = World::new();
        world.happen(3);
        world.seal().await;
        world.happen(3);
        // A worker that dies as soon as it has written the head.
        for write in 0.. {
            let worker = MemoryLedger::new(world.stored.clone(), at(write, Fault::DeadAfter), || 0);
            run(&world.sequencer(&worker), &worker).await;
            if world.stored.lock().unwrap().head.as_ref().is_some_and(|head| head.staged.is_some()) {
                break;
            }
        }
        {
            let mut stored = world.stored.lock().unwrap();
            let path = stored.head.as_ref().unwrap().staged.as_ref().unwrap().path.clone();
            tamper(stored.objects.get_mut(&path).unwrap());
        }
        let error = world.sequencer(&world.worker()).seal(Duration::from_secs(1)).await.unwrap_err();
        assert!(matches!(error, LedgerError::Disturbed(_)), "{error}");
        assert_eq!(world.raised.0.lock().unwrap().len(), 1);
        assert_eq!(world.verified(2026).len(), 4, "what was published stays as it was");
    }
}
