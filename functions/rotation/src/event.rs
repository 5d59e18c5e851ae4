//! The two events that the function takes: `{"tick":"…"}` from a schedule, and `{"rotate":"ID"}` for one credential.

use std::sync::Arc;
use std::time::Duration;

use deputize_broker::caller::Actor;
use deputize_broker::rotation::{Rotator, Ticked};
use deputize_broker::{Broker, Clock};
use deputize_scope::identifier::CredentialId;
use lambda_runtime::{Error, LambdaEvent};
use serde::{Deserialize, Serialize};

/// What is left of the function's time when nothing more is begun, or half of it where it has less: what is in hand by
/// then has a call at a provider or two before it, each bounded. Cut off all the same, it is taken up by the next tick.
const MARGIN: Duration = Duration::from_secs(45);

/// An event.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Event {
    /// Each minute; the time that it was for, which says nothing here.
    Tick(#[allow(dead_code, reason = "it is part of the event")] String),
    /// One credential, now.
    Rotate(CredentialId),
}

/// What came of it.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    taken: u32,
    left: u32,
}

/// Answers events.
pub(crate) struct Handler {
    broker: Arc<Broker>,
    rotator: Rotator,
    clock: Arc<dyn Clock>,
}

impl Handler {
    pub(crate) fn new(broker: Arc<Broker>, rotator: Rotator, clock: Arc<dyn Clock>) -> Self {
        Self { broker, rotator, clock }
    }

    pub(crate) async fn handle(&self, event: LambdaEvent<Event>) -> Result<Outcome, Error> {
        let LambdaEvent { payload, context } = event;
        if let Event::Rotate(id) = &payload {
            self.broker.rotate_soon(Actor::Broker, id).await?;
        }
        let left = context.deadline().duration_since(std::time::SystemTime::UNIX_EPOCH)?;
        let now = Duration::from_millis(u64::try_from(self.clock.now().as_millisecond())?);
        let left = left.saturating_sub(now);
        let until = self.clock.monotonic() + left.saturating_sub(MARGIN).max(left / 2);
        let Ticked { taken, left } = Box::pin(self.rotator.tick(until)).await?;
        tracing::info!(taken, left, "rotated what was due");
        Ok(Outcome { taken, left })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_as_the_scheduler_and_an_operator_send_them() {
        let read = |text: &str| serde_json::from_str::<Event>(text);
        assert!(matches!(read(r#"{"tick":"2026-05-01T12:00:00Z"}"#), Ok(Event::Tick(_))));
        assert!(
            matches!(read(r#"{"rotate":"devops-github"}"#), Ok(Event::Rotate(id)) if id.as_str() == "devops-github")
        );
        for wrong in ["{}", r#"{"rotate":"NO NAME"}"#, r#"{"tick":"x","rotate":"y"}"#, r#"{"reap":true}"#] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
