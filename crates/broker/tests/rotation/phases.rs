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
