//! What an admin does to a credential, at any time of its rotation.

use deputize_broker::audit::What;
use deputize_broker::caller::Role;
use deputize_broker::rotation::state::{Making, Removal};
use deputize_broker::rotation::{AskError, Phase, Reason};
use deputize_broker::stored::VersionNumber;
use deputize_testkit::provider::{Asked, Fault, abilities};
use jiff::SignedDuration;

use crate::world::{ID, World};

type Place = (&'static str, fn(&Phase) -> bool);

/// Each place that a rotation can be found at between two ticks.
const PLACES: [Place; 8] = [
    ("steady", |phase| matches!(phase, Phase::Steady)),
    ("generating", |phase| matches!(phase, Phase::Generating { making: Making::Reconciling, .. })),
    ("distributing", |phase| matches!(phase, Phase::Distributing { in_a_row: 1, .. })),
    ("verifying", |phase| matches!(phase, Phase::Verifying { .. })),
    ("leaving", |phase| matches!(phase, Phase::RollingBack { removal: Removal::Leaving, .. })),
    ("rolling back", |phase| matches!(phase, Phase::RollingBack { removal: Removal::Soaking { .. }, .. })),
    ("failed", |phase| matches!(phase, Phase::Failed { .. })),
    ("revoking", |phase| matches!(phase, Phase::Revoking { .. })),
];

/// A rotation that is there. In `generating` a key was made whose answer was lost.
async fn at(place: &str, is_there: fn(&Phase) -> bool, labels: bool) -> World {
    // Room for what is imported.
    let abilities =
        deputize_broker::ports::rotation::Abilities { most_keys: None, ..abilities(labels, false) };
    let world = World::new(abilities).await;
    if place == "generating" {
        world.provider.plan(|asked| *asked == Asked::Create, Fault::AnswerLost);
    }
    if place == "revoking" {
        world.until(|phase| matches!(phase, Phase::Verifying { .. })).await;
        world.adopt("devops", 2).await.unwrap();
    }
    world.until(is_there).await;
    world
}

#[tokio::test(start_paused = true)]
async fn whenever_another_key_is_imported_it_is_the_one_and_nothing_is_left_of_the_next() {
    for labels in [true, false] {
        for (place, is_there) in PLACES {
            let world = at(place, is_there, labels).await;
            let made_by_hand = world.provider.add();
            let imported = world.import(&made_by_hand).await;
            assert_eq!(world.read("devops").await, (imported.current, true), "{place}");
            let is_at_rest: fn(&Phase) -> bool =
                |phase| matches!(phase, Phase::Steady | Phase::Failed { .. });
            world.until(is_at_rest).await;
            assert_eq!(world.read("devops").await, (imported.current, true), "{place}: {:#?}", world.story());
            let id = made_by_hand.facts().key_id().unwrap().to_string();
            // The key that was the current one is the admin's to take away.
            let replaced = if place == "revoking" { "AKIA2" } else { "AKIA1" };
            assert_eq!(world.provider.keys(), [(replaced.to_owned(), true), (id, true)], "{place}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_former_key_that_is_imported_again_is_not_taken_away() {
    let world = at("revoking", |phase| matches!(phase, Phase::Revoking { .. }), false).await;
    world.import(&world.provider.first()).await;
    world.until(|phase| matches!(phase, Phase::Steady)).await;
    assert_eq!(world.read("devops").await, (VersionNumber(3), true));
    assert!(world.provider.keys().contains(&("AKIA1".to_owned(), true)));
}

#[tokio::test(start_paused = true)]
async fn what_an_admin_asks_for_is_done_at_once_and_only_once() {
    let world = World::new(abilities(true, false)).await;
    let (admin, id) = (world.caller(Role::Admin), ID.parse().unwrap());
    for caller in [Role::Auditor, Role::Agent { agent: "devops".parse().unwrap() }] {
        let refused = world.broker.ask_to_rotate(&world.caller(caller), &id).await;
        assert!(matches!(refused, Err(AskError::Forbidden)), "{refused:?}");
    }
    let unknown = world.broker.ask_to_rotate(&admin, &"unknown".parse().unwrap()).await;
    assert!(matches!(unknown, Err(AskError::NotFound)), "{unknown:?}");

    world.broker.ask_to_rotate(&admin, &id).await.unwrap();
    world.tick().await;
    let asked = |world: &World| {
        let events = world.credentials.events();
        events.iter().filter(|what| matches!(what, What::RotationAsked { .. })).count()
    };
    for _ in 0..20 {
        let before = world.record().await;
        world.broker.ask_to_rotate(&admin, &id).await.unwrap();
        match before.rotation.phase {
            Phase::Steady => break,
            Phase::Verifying { .. } => drop(world.adopt("devops", 2).await.unwrap()),
            _ => assert_eq!(world.record().await, before, "it is under way"),
        }
        world.next_tick().await;
    }
    assert_eq!(asked(&world), 2, "{:#?}", world.story());
    assert_eq!(world.record().await.current, VersionNumber(2));
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_was_changed_takes_effect_at_the_next_tick() {
    let world = World::new(abilities(true, false)).await;
    let imported_at = world.now();
    let due = async |world: &World| world.record().await.rotation.due.unwrap();
    assert_eq!(due(&world).await, imported_at + SignedDuration::from_hours(24));
    for (said, hours) in [
        ("type: aws_access_key, rotate: { every: 7d }", 7 * 24),
        ("type: aws_access_key, risk: high", 12),
        ("type: aws_access_key, risk: low", 48),
    ] {
        world.publish(said).await;
        world.tick().await;
        assert_eq!(due(&world).await, imported_at + SignedDuration::from_hours(hours), "{said}");
    }
    world.advance(SignedDuration::from_hours(20));
    world.publish("type: aws_access_key, risk: high").await;
    world.tick().await;
    assert_eq!(world.story()[0], "generating began", "what is overdue by the new schedule is begun at once");
    let told = |what: &What| matches!(what, What::RotationScheduled { .. });
    let count = world.credentials.events().iter().filter(|what| told(what)).count();
    world.tick().await;
    assert_eq!(count, world.credentials.events().iter().filter(|what| told(what)).count());
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_tried_again_when_its_schedule_is_changed() {
    let world = at("failed", |phase| matches!(phase, Phase::Failed { .. }), true).await;
    assert!(matches!(world.record().await.rotation.phase, Phase::Failed { reason: Reason::NotAdopted }));
    world.publish("type: aws_access_key, risk: high").await;
    world.tick().await;
    assert!(matches!(world.record().await.rotation.phase, Phase::Distributing { .. }));
}
