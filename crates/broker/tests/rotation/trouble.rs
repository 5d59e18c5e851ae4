//! What becomes of a rotation while the provider, a worker or the store is in trouble.

use std::time::Duration;

use deputize_broker::audit::What;
use deputize_broker::rotation::{Phase, Reason};
use deputize_broker::stored::VersionNumber;
use deputize_testkit::provider::{Asked, Fault, abilities};
use jiff::SignedDuration;

use crate::world::World;

const CREATE: fn(&Asked) -> bool = |asked| *asked == Asked::Create;
const LIST: fn(&Asked) -> bool = |asked| *asked == Asked::List;
const DISABLE: fn(&Asked) -> bool = |asked| matches!(asked, Asked::Disable(_));
const DELETE: fn(&Asked) -> bool = |asked| matches!(asked, Asked::Delete(_));

async fn is_done(world: &World, version: u64) {
    world.until(|phase| matches!(phase, Phase::Verifying { .. })).await;
    assert_eq!(world.read("devops").await, (VersionNumber(version), true));
    world.adopt("devops", version).await.unwrap();
    world.until(|phase| matches!(phase, Phase::Steady)).await;
    let keys = world.provider.keys();
    assert!(matches!(keys.as_slice(), [(_, true)]), "{keys:?}");
    assert_eq!(world.read("devops").await, (VersionNumber(version), true));
}

#[tokio::test(start_paused = true)]
async fn a_key_whose_answer_was_lost_is_found_and_deleted_before_another_is_made() {
    for labels in [true, false] {
        let world = World::new(abilities(labels, false)).await;
        world.provider.plan(CREATE, Fault::AnswerLost);
        world.next_tick().await;
        assert_eq!(world.provider.keys().len(), 2, "it was made");
        let due = world.record().await.rotation.due.unwrap();
        assert!(due >= world.now() + SignedDuration::from_secs(30), "it may still be on its way");
        world.next_tick().await;
        let story = world.story();
        assert_eq!(
            story[1..5],
            [
                "generating asked".to_owned(),
                "generating failed answer_lost".to_owned(),
                "generating orphan_deleted AKIA2".to_owned(),
                "generating asked".to_owned(),
            ]
        );
        is_done(&world, 2).await;
        assert_eq!(world.provider.keys(), [("AKIA3".to_owned(), true)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_lost_before_it_was_carried_out_is_made_again() {
    let world = World::new(abilities(false, false)).await;
    world.provider.plan(CREATE, Fault::Dropped);
    world.provider.plan(CREATE, Fault::Hangs);
    is_done(&world, 2).await;
    assert_eq!(world.provider.keys(), [("AKIA2".to_owned(), true)]);
    let told = world.story();
    assert!(told.contains(&"generating failed answer_lost".to_owned()), "{told:#?}");
    assert!(told.contains(&"generating failed timed_out".to_owned()), "{told:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_key_of_somebody_else_is_never_taken_for_one_that_was_lost() {
    let world = World::new(deputize_broker::ports::rotation::Abilities {
        most_keys: None,
        ..abilities(false, false)
    })
    .await;
    world.provider.add();
    world.provider.plan(CREATE, Fault::AnswerLost);
    world.until(|phase| matches!(phase, Phase::Verifying { .. })).await;
    world.adopt("devops", 2).await.unwrap();
    world.until(|phase| matches!(phase, Phase::Steady)).await;
    assert_eq!(world.provider.keys(), [("AKIA2".to_owned(), true), ("AKIA4".to_owned(), true)]);
}

#[tokio::test(start_paused = true)]
async fn where_there_is_no_room_for_a_key_nothing_is_asked_for() {
    let world = World::new(abilities(false, false)).await;
    world.provider.add();
    world.next_tick().await;
    assert!(matches!(world.record().await.rotation.phase, Phase::Failed { reason: Reason::KeyLimit }));
    assert!(!world.provider.asked().contains(&Asked::Create));
    assert!(matches!(world.alerts().as_slice(), [What::RotationFailed { .. }]));
    assert_eq!(world.read("devops").await, (VersionNumber(1), true));
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_refuses_is_believed_the_third_time() {
    let world = World::new(abilities(true, false)).await;
    (0..3).for_each(|_| world.provider.plan(CREATE, Fault::Refused("access_denied")));
    world.until(|phase| matches!(phase, Phase::Failed { .. })).await;
    let Phase::Failed { reason } = world.record().await.rotation.phase else { panic!() };
    assert_eq!(reason, Reason::NotMade { provider: "access_denied".into() });
    assert_eq!(world.alerts().len(), 1);
    assert_eq!(world.provider.keys(), [("AKIA1".to_owned(), true)]);
    is_done(&world, 2).await;
}

#[tokio::test(start_paused = true)]
async fn the_pauses_grow_and_the_providers_wish_counts() {
    let world = World::new(abilities(true, false)).await;
    (0..4).for_each(|_| world.provider.plan(LIST, Fault::Busy(Duration::from_secs(12))));
    let mut pauses = Vec::new();
    for _ in 0..4 {
        world.next_tick().await;
        let rotation = world.record().await.rotation;
        pauses.push(rotation.due.unwrap().duration_since(world.now()).as_secs());
        assert_eq!(rotation.claim, None);
    }
    assert_eq!(pauses, [12, 12, 20, 40]);
    is_done(&world, 2).await;
}

#[tokio::test(start_paused = true)]
async fn a_former_key_that_cannot_be_taken_away_is_tried_for_ever_and_told_of_once() {
    let world = World::new(abilities(true, false)).await;
    for kind in [DISABLE, DELETE] {
        (0..7).for_each(|_| world.provider.plan(kind, Fault::Busy(Duration::ZERO)));
        world.provider.plan(kind, Fault::AnswerLost);
    }
    is_done(&world, 2).await;
    assert_eq!(world.alerts().len(), 2, "{:#?}", world.story());
}

#[tokio::test(start_paused = true)]
async fn of_many_workers_one_takes_it_up() {
    let world = World::new(abilities(false, false)).await;
    world.advance(SignedDuration::from_hours(24));
    let workers: Vec<_> = (0..8).map(|_| world.worker()).collect();
    let ticks = futures_util::future::join_all(workers.iter().map(|one| one.tick(Duration::MAX))).await;
    let taken: u32 = ticks.into_iter().map(|ticked| ticked.unwrap().taken).sum();
    assert_eq!(taken, 1);
    assert_eq!(world.provider.asked().iter().filter(|asked| **asked == Asked::Create).count(), 1);
    is_done(&world, 2).await;
}

#[tokio::test(start_paused = true)]
async fn of_many_workers_one_raises_the_alert() {
    let world = World::new(abilities(false, false)).await;
    world.until(|phase| matches!(phase, Phase::Verifying { .. })).await;
    world.advance(SignedDuration::from_mins(5));
    let workers: Vec<_> = (0..8).map(|_| world.worker()).collect();
    futures_util::future::join_all(workers.iter().map(|one| one.tick(Duration::MAX))).await;
    assert!(matches!(world.record().await.rotation.phase, Phase::RollingBack { .. }));
    assert_eq!(world.alerts().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn another_worker_goes_on_when_the_claim_of_one_that_died_has_lapsed() {
    let kinds: [fn(&Asked) -> bool; 5] =
        [LIST, CREATE, |asked| matches!(asked, Asked::Probe(_)), DISABLE, DELETE];
    for labels in [true, false] {
        for kind in kinds {
            let world = World::new(abilities(labels, false)).await;
            world.provider.plan(kind, Fault::CarriedOutAndHangs);
            let mut has_died = false;
            for _ in 0..50 {
                let record = world.record().await;
                match &record.rotation.phase {
                    Phase::Steady if record.current == VersionNumber(2) => break,
                    Phase::Verifying { next, .. } => {
                        world.adopt("devops", next.version.0).await.unwrap();
                    }
                    _ => {}
                }
                let due = world.record().await.rotation.due.unwrap();
                world.advance(due.duration_since(world.now()).max(SignedDuration::ZERO));
                // Long before the call is given up.
                let worker = world.worker();
                let tick = tokio::time::timeout(Duration::from_secs(1), worker.tick(Duration::MAX));
                if tick.await.is_err() {
                    has_died = true;
                    let claim = world.record().await.rotation.claim.unwrap();
                    assert!(claim.until > world.now());
                    world.tick().await;
                    assert_eq!(
                        world.record().await.rotation.claim,
                        Some(claim),
                        "nobody else has taken it up"
                    );
                }
                assert!(world.read("devops").await.1, "{:#?}", world.story());
            }
            assert!(has_died);
            let keys = world.provider.keys();
            assert!(matches!(keys.as_slice(), [(_, true)]), "{keys:?} {:#?}", world.story());
            assert_eq!(world.record().await.current, VersionNumber(2));
        }
    }
}
