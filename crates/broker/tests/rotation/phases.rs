//! The way from one key to the next, while all is well.

use deputize_broker::audit::What;
use deputize_broker::rotation::{AdoptError, Phase, Reason, Severity};
use deputize_broker::stored::VersionNumber;
use deputize_testkit::provider::abilities;
use jiff::SignedDuration;

use crate::world::World;

#[tokio::test(start_paused = true)]
async fn each_phase_follows_the_other_and_is_told_of() {
    let world = World::new(abilities(false, false)).await;
    world.tick().await;
    assert_eq!(world.story(), Vec::<String>::new(), "nothing is due before its time");
    world.until(|phase| matches!(phase, Phase::Verifying { .. })).await;
    assert_eq!(world.adopt("devops", 2).await.unwrap().current.0, 2);
    world.until(|phase| matches!(phase, Phase::Steady)).await;
    assert_eq!(
        world.story(),
        [
            "generating began",
            "generating asked",
            "distributing created 2 AKIA2",
            "distributing worked 1",
            "distributing worked 2",
            "verifying distributed 2",
            "revoking adopted 2 devops",
            "revoking disabled AKIA1",
            "revoking deleted AKIA1",
            "steady completed",
        ]
    );
    assert!(world.alerts().is_empty());
    assert_eq!(world.provider.keys(), [("AKIA2".to_owned(), true)]);
    assert_eq!(world.read("devops").await, (VersionNumber(2), true));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_adopted_is_given_up_and_somebody_is_told_at_once() {
    let world = World::new(abilities(false, false)).await;
    world.until(|phase| matches!(phase, Phase::Verifying { .. })).await;
    assert_eq!(world.read("devops").await, (VersionNumber(2), true));
    world.next_tick().await;
    assert!(
        matches!(
            world.alerts().as_slice(),
            [What::RotationFailed { severity: Severity::High, reason: Reason::NotAdopted, .. }]
        ),
        "{:?}",
        world.alerts()
    );
    assert_eq!(world.read("devops").await, (VersionNumber(1), true));
    assert_eq!(world.provider.keys().len(), 2, "who was told of the new one has the time to come back");
    assert!(matches!(world.adopt("devops", 2).await, Err(AdoptError::NotToAdopt(_))));
    world.until(|phase| matches!(phase, Phase::Failed { .. })).await;
    assert_eq!(
        world.story()[6..],
        [
            "HIGH not_adopted",
            "rolling_back disabled AKIA2",
            "rolling_back deleted AKIA2",
            "failed rolled_back not_adopted",
        ]
    );
    assert_eq!(world.provider.keys(), [("AKIA1".to_owned(), true)]);
    assert_eq!(world.read("devops").await, (VersionNumber(1), true));
    assert_eq!(world.record().await.rotation.due, Some(world.now() + SignedDuration::from_hours(6)));
}

#[tokio::test(start_paused = true)]
async fn every_agent_that_uses_it_has_to_adopt_it() {
    let world =
        World::with(abilities(true, false), "type: aws_access_key, consumers: [devops, deploys]").await;
    world.until(|phase| matches!(phase, Phase::Verifying { .. })).await;
    world.adopt("devops", 2).await.unwrap();
    world.adopt("devops", 2).await.unwrap();
    let record = world.record().await;
    assert!(matches!(&record.rotation.phase, Phase::Verifying { adopted, .. } if adopted.len() == 1));
    assert_eq!((record.current, record.version_to_use()), (VersionNumber(1), VersionNumber(2)));
    world.tick().await;
    assert_eq!(world.provider.keys(), [("AKIA1".to_owned(), true), ("AKIA2".to_owned(), true)]);
    world.adopt("deploys", 2).await.unwrap();
    world.until(|phase| matches!(phase, Phase::Steady)).await;
    assert_eq!(world.provider.keys(), [("AKIA2".to_owned(), true)]);
    assert_eq!(
        world.story()[6..8],
        ["verifying adopted 2 devops".to_owned(), "revoking adopted 2 deploys".to_owned()]
    );
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_uses_it_no_more_holds_nothing_up() {
    let world =
        World::with(abilities(true, false), "type: aws_access_key, consumers: [devops, deploys]").await;
    world.until(|phase| matches!(phase, Phase::Verifying { .. })).await;
    world.adopt("devops", 2).await.unwrap();
    world.publish("type: aws_access_key, consumers: [devops]").await;
    world.tick().await;
    assert!(matches!(world.record().await.rotation.phase, Phase::Revoking { .. }), "{:#?}", world.story());
    assert_eq!(world.story()[7], "revoking adopted_by_all 2");
}

#[tokio::test(start_paused = true)]
async fn the_provider_may_say_that_it_is_used() {
    let world = World::new(abilities(false, true)).await;
    world.until(|phase| matches!(phase, Phase::Verifying { .. })).await;
    world.next_tick().await;
    assert!(
        matches!(world.record().await.rotation.phase, Phase::Verifying { .. }),
        "its own probes are no evidence"
    );
    assert_eq!(world.read("devops").await, (VersionNumber(2), true));
    world.until(|phase| matches!(phase, Phase::Steady)).await;
    assert_eq!(world.story()[6], "revoking seen_in_use 2");
    assert_eq!(world.provider.keys(), [("AKIA2".to_owned(), true)]);
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_tried_until_it_works_several_times_in_a_row() {
    let world = World::new(abilities(false, false)).await;
    world.provider.keys_fail_first(3);
    world.until(|phase| matches!(phase, Phase::Verifying { .. })).await;
    assert_eq!(
        world.story()[3..],
        [
            "distributing not_yet",
            "distributing not_yet",
            "distributing not_yet",
            "distributing worked 1",
            "distributing worked 2",
            "verifying distributed 2",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_new_key_that_never_works_is_given_up_and_no_agent_was_told_of_it() {
    let world = World::new(abilities(false, false)).await;
    world.provider.keys_fail_first(u32::MAX);
    world.until(|phase| matches!(phase, Phase::RollingBack { .. })).await;
    assert_eq!(world.read("devops").await, (VersionNumber(1), true));
    world.until(|phase| matches!(phase, Phase::Failed { reason: Reason::NeverWorked })).await;
    assert!(!world.story().iter().any(|told| told.contains("distributed")));
    assert_eq!(world.provider.keys(), [("AKIA1".to_owned(), true)]);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_nobody_but_the_broker_uses_needs_no_receipt() {
    let world = World::with(abilities(true, false), "type: aws_access_key, consumers: []").await;
    world.until(|phase| matches!(phase, Phase::Revoking { .. })).await;
    assert_eq!(world.record().await.current, VersionNumber(2));
    world.until(|phase| matches!(phase, Phase::Steady)).await;
    assert_eq!(world.provider.keys(), [("AKIA2".to_owned(), true)]);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_rotations_follow_each_other() {
    let world = World::new(abilities(false, false)).await;
    for version in 2..102 {
        world.until(|phase| matches!(phase, Phase::Verifying { .. })).await;
        assert_eq!(world.read("devops").await, (VersionNumber(version), true));
        world.adopt("devops", version).await.unwrap();
        world.until(|phase| matches!(phase, Phase::Steady)).await;
        assert_eq!(world.provider.keys(), [(format!("AKIA{version}"), true)]);
    }
}
