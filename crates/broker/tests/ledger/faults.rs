//! Every write can be lost, or be made and reported as failed; a worker can die anywhere; two of them work at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use deputize_testkit::ledger::{Fault, MemoryLedger};

use crate::world::{World, at, run};

/// More events than a bundle holds, so that tiles fill up.
const EVENTS: usize = 300;

/// What is appended before anything goes wrong.
const BEFORE: usize = 7;

const FAULTS: [Fault; 4] = [Fault::Lost, Fault::Unreported, Fault::DeadBefore, Fault::DeadAfter];

/// How many orders of two workers are tried: `DEPUTIZE_ORDERS` says otherwise.
const ORDERS: u64 = 60;

fn orders() -> u64 {
    std::env::var("DEPUTIZE_ORDERS").ok().and_then(|orders| orders.parse().ok()).unwrap_or(ORDERS)
}

async fn begun() -> (World, Vec<deputize_broker::audit::EventId>) {
    let world = World::new();
    let mut events = world.happen(BEFORE);
    world.seal().await;
    events.extend(world.happen(EVENTS));
    (world, events)
}

#[tokio::test]
async fn whatever_becomes_of_one_write_the_tree_is_the_same() {
    let (world, events) = begun().await;
    let worker = world.worker();
    run(&world.sequencer(&worker), &worker).await;
    world.holds_each_once(&events);
    let (root, writes) = (world.checkpoint(2026).unverified().root, worker.writes());
    assert!(writes > EVENTS as u64, "the events leave the outbox one by one");

    for fault in FAULTS {
        // The writes of events that leave the outbox are all alike: not each of them is tried.
        for write in (0..writes).filter(|write| *write < 12 || write % 37 == 0 || *write + 8 > writes) {
            let (world, events) = begun().await;
            let worker = MemoryLedger::new(world.stored.clone(), at(write, fault), || 0);
            run(&world.sequencer(&worker), &worker).await;
            world.seal().await;
            world.forget_leftovers();
            world.holds_each_once(&events);
            assert_eq!(world.checkpoint(2026).unverified().root, root, "{fault:?} at write {write}");
        }
    }
}

#[tokio::test]
async fn two_workers_at_once_make_one_log_whatever_becomes_of_their_writes() {
    for seed in 0..orders() {
        let world = World::seeded(seed + 10);
        let mut events = world.happen(40);
        let worker = |salt: u64| {
            let state = Arc::new(AtomicU64::new((seed << 8) | salt | 1));
            let faults = Arc::clone(&state);
            // Half of the workers meet no fault: what the other's does must not depend on it.
            let plan = move |_| match next(&faults) % 40 {
                0 if salt == 1 => Fault::Lost,
                1 if salt == 1 => Fault::Unreported,
                2 if salt == 1 && seed % 3 == 0 => Fault::DeadBefore,
                3 if salt == 1 && seed % 3 == 0 => Fault::DeadAfter,
                _ => Fault::None,
            };
            let pause = move || u32::try_from(next(&state) % 4).unwrap_or(0);
            MemoryLedger::new(world.stored.clone(), plan, pause)
        };
        let (one, other) = (worker(1), worker(2));
        let (first, second) = (world.sequencer(&one), world.sequencer(&other));
        let happening = async {
            let mut more = Vec::new();
            for _ in 0..20 {
                tokio::task::yield_now().await;
                more.extend(world.happen(5));
            }
            more
        };
        let ((), (), more) = tokio::join!(run(&first, &one), run(&second, &other), happening);
        events.extend(more);
        world.seal().await;
        world.forget_leftovers();
        world.holds_each_once(&events);
    }
}

#[tokio::test]
async fn an_event_that_is_written_again_after_it_was_sealed_is_sealed_once() {
    let world = World::new();
    let events = world.happen(3);
    let again: Vec<_> = world.stored.lock().unwrap().outbox.values().cloned().collect();
    world.seal().await;
    for waiting in again {
        let deputize_broker::ports::audit::Waiting::Event { event, .. } = waiting else {
            panic!("unreadable")
        };
        crate::world::record(&world, &event).await;
    }
    world.seal().await;
    world.holds_each_once(&events);
}

/// Numbers that look random, and are the same in every run (xorshift).
fn next(state: &AtomicU64) -> u64 {
    let mut number = state.load(Ordering::Relaxed);
    number ^= number << 13;
    number ^= number >> 7;
    number ^= number << 17;
    state.store(number, Ordering::Relaxed);
    number >> 16
}
