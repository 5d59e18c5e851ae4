//! Monitoring is told of everything at least once, and never waited for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use deputize_broker::ports::Source;
use deputize_broker::ports::ledger::{Monitor, Publication};

use crate::world::World;

#[derive(Default)]
struct Listener {
    heard: Mutex<Vec<String>>,
    is_down: AtomicBool,
}

#[async_trait]
impl Monitor for Listener {
    fn name(&self) -> &'static str {
        "listener"
    }

    async fn publish(&self, publications: &[Publication]) -> Result<(), Source> {
        if self.is_down.load(Ordering::Relaxed) {
            return Err("down".into());
        }
        self.heard.lock().unwrap().extend(publications.iter().map(|one| one.id.to_string()));
        Ok(())
    }
}

#[tokio::test]
async fn a_monitor_that_was_down_is_told_later_and_the_log_goes_on_meanwhile() {
    let mut world = World::new();
    let listener = Arc::new(Listener::default());
    world.monitors = vec![listener.clone()];
    let mut events = world.happen(5);
    world.seal().await;
    listener.is_down.store(true, Ordering::Relaxed);
    events.extend(world.happen(300));
    let sealed = world.seal().await;
    assert_eq!((sealed.appended, sealed.published.failed), (300, vec!["listener"]));
    assert_eq!(listener.heard.lock().unwrap().len(), 6, "five, and that the log began");

    listener.is_down.store(false, Ordering::Relaxed);
    world.now = "2027-02-01T00:00:00Z".parse().unwrap();
    events.extend(world.happen(2));
    world.seal().await;
    let heard = listener.heard.lock().unwrap();
    for event in &events {
        assert_eq!(heard.iter().filter(|id| **id == event.to_string()).count(), 1, "{event}");
    }
    // That logs began and ended is told, too.
    assert_eq!(heard.len(), events.len() + 3);
}
