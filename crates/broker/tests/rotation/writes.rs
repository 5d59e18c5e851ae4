//! Every write of a rotation, lost in every way.

use deputize_broker::rotation::{AdoptError, Phase};
use deputize_testkit::provider::abilities;
use jiff::SignedDuration;

use crate::way::Loss;
use crate::world::World;

/// Rotates once, whatever is lost.
async fn rotated(world: &World, case: &str) {
    for _ in 0..60 {
        let record = world.record().await;
        match &record.rotation.phase {
            Phase::Steady if record.current.0 > 1 => return,
            Phase::Verifying { next, .. } => loop {
                match world.adopt("devops", next.version.0).await {
                    Ok(_) => break,
                    // The agent says so again with its next call.
                    Err(AdoptError::Store(_)) => {}
                    Err(error) => panic!("{case}: {error}"),
                }
            },
            _ => {}
        }
        let due = world.record().await.rotation.due.unwrap();
        world.advance(due.duration_since(world.now()).max(SignedDuration::ZERO));
        world.tick().await;
        assert!(world.read("devops").await.1, "{case}: what agents read works\n{:#?}", world.story());
        assert!(world.provider.keys().len() <= 2, "{case}");
    }
    panic!("{case}: {:?}\n{:#?}", world.record().await.rotation, world.story());
}

#[tokio::test(start_paused = true)]
async fn whichever_write_is_lost_in_whichever_way_the_rotation_comes_to_its_end() {
    for labels in [true, false] {
        for loss in [Loss::Write, Loss::Answer, Loss::AnswerAndMore, Loss::Rival] {
            // Once, and for longer than a worker tries.
            for times in [1, 6] {
                let mut after = 0;
                loop {
                    let case = format!("labels: {labels}, {loss:?} {times} times after {after} writes");
                    let world = World::new(abilities(labels, false)).await;
                    world.way.lose(after, times, loss);
                    rotated(&world, &case).await;
                    let keys = world.provider.keys();
                    assert!(matches!(keys.as_slice(), [(_, true)]), "{case}: {keys:?}\n{:#?}", world.story());
                    let story = world.story();
                    let begun = story.iter().filter(|told| *told == "generating began").count();
                    let done = story.iter().filter(|told| *told == "steady completed").count();
                    assert_eq!((begun, done), (1, 1), "{case}: each step is told of once\n{story:#?}");
                    assert!(world.alerts().is_empty(), "{case}");
                    if world.way.is_planned() {
                        break;
                    }
                    after += 1;
                }
                assert!(after > 10, "a rotation has more writes than {after}");
            }
        }
    }
}
