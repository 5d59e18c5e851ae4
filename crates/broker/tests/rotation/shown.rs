//! What is told and logged of a rotation holds no secret.

use std::io;
use std::sync::{Arc, Mutex};

use deputize_broker::rotation::Phase;
use deputize_testkit::provider::{Asked, Fault, abilities};
use tracing_subscriber::fmt::MakeWriter;

use crate::world::World;

/// Everything that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn no_secret_is_told_logged_or_raised() {
    let log = Log::default();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let world = World::new(abilities(false, false)).await;
    let kinds: [fn(&Asked) -> bool; 6] = [
        |asked| *asked == Asked::List,
        |asked| *asked == Asked::Create,
        |asked| *asked == Asked::Create,
        |asked| matches!(asked, Asked::Probe(_)),
        |asked| matches!(asked, Asked::Disable(_)),
        |asked| matches!(asked, Asked::Delete(_)),
    ];
    for kind in kinds {
        world.provider.plan(kind, Fault::AnswerLost);
        world.provider.plan(kind, Fault::Refused("denied"));
    }
    world.until(|phase| matches!(phase, Phase::Failed { .. })).await;
    world.until(|phase| matches!(phase, Phase::Verifying { .. })).await;
    let next = world.record().await.version_to_use();
    world.adopt("devops", next.0).await.unwrap();
    world.until(|phase| matches!(phase, Phase::Steady)).await;

    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("a provider's answer"), "{logged}");
    let told = serde_json::to_string(&world.credentials.events()).unwrap();
    let read = serde_json::to_string(&world.outbox.events()).unwrap();
    let raised = serde_json::to_string(&world.alerts()).unwrap();
    let record = serde_json::to_string(&world.record().await).unwrap();
    let debug = format!("{:?} {:?} {:?}", world.worker(), world.providers(), world.provider);
    for (what, shown) in [
        ("log", logged),
        ("events", told),
        ("reads", read),
        ("alerts", raised),
        ("record", record),
        ("debug", debug),
    ] {
        assert!(!shown.contains("canary"), "{what}: {shown}");
    }
}
