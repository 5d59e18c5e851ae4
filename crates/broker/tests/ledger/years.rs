//! One log per year; the last entry of one names the next, whose first entry has the checkpoint of the one before.

use crate::world::World;

#[tokio::test]
async fn a_year_that_is_over_is_closed_and_the_next_begins() {
    let mut world = World::new();
    world.happen(5);
    world.seal().await;
    world.now = "2027-01-01T00:00:01Z".parse().unwrap();
    world.happen(3);
    world.seal().await;

    let last_year = world.verified(2026);
    assert_eq!(last_year.len(), 7);
    let closing = &last_year[6].event;
    assert_eq!(closing["event"], "ledger_closed");
    assert_eq!(closing["next"], "deputize.test/acme/2027");
    let this_year = world.verified(2027);
    assert_eq!(this_year.len(), 4);
    let opening = &this_year[0].event;
    assert_eq!(opening["event"], "ledger_opened");
    assert_eq!(opening["previous"], world.checkpoint(2026).unverified().message());
}

#[tokio::test]
async fn years_without_events_have_no_logs() {
    let mut world = World::new();
    world.happen(1);
    world.seal().await;
    world.now = "2029-03-01T00:00:00Z".parse().unwrap();
    world.happen(1);
    world.seal().await;
    assert_eq!(world.verified(2026).last().unwrap().event["next"], "deputize.test/acme/2029");
    assert_eq!(world.verified(2029).len(), 2);
    assert_eq!(world.reader().current().await.unwrap(), Some(2029));
}

#[tokio::test]
async fn a_clock_that_goes_back_takes_the_log_nowhere() {
    let mut world = World::new();
    world.happen(1);
    world.seal().await;
    world.now = "2025-12-31T00:00:00Z".parse().unwrap();
    world.happen(1);
    world.seal().await;
    let entries = world.verified(2026);
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[2].recorded_at, entries[1].recorded_at);
}

#[tokio::test]
async fn an_idle_checkpoint_is_confirmed_once_in_an_hour() {
    let mut world = World::new();
    world.happen(1);
    world.seal().await;
    let before = world.checkpoint(2026).to_string();
    world.seal().await;
    assert_eq!(world.checkpoint(2026).to_string(), before);
    world.now = "2026-06-01T13:00:00Z".parse().unwrap();
    world.seal().await;
    let after = world.checkpoint(2026);
    assert_ne!(after.to_string(), before);
    let key = deputize_ledger::CosignerKey::new(
        world.origin(2026),
        &crate::world::LocalSigner::default().0.verifying_key().to_bytes(),
    );
    assert_eq!(after.cosignatures(&[key.unwrap()])[0].1, 1_780_318_800);
    assert_eq!(after.verify(&world.key(2026)).unwrap().size, 2);
}
