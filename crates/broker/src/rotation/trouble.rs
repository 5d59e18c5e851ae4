//! What comes of a failure: another attempt after a while, or the end of the rotation.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::machine::{Context, LATE, Step, Told, Trouble, later, rolled_back};
use super::removal::failed;
use super::state::{Making, Operation, Phase, Rotation};
use super::told::{Reason, Severity, StepTaken};

/// How long a rotation tries to get a key that works.
const GIVE_UP: SignedDuration = SignedDuration::from_hours(1);
/// How often a provider may say no before it is believed.
const REFUSALS: u32 = 3;
/// How often something fails before somebody is told to look, where it is not given up.
const ALARMING: u32 = 5;
/// The pauses between attempts: the first, and the longest.
pub(super) const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(5);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// What was tried failed.
pub(super) fn troubled(rotation: Rotation, trouble: &Trouble, context: &Context<'_>) -> Step {
    let now = context.now;
    let failures = rotation.failures.saturating_add(1);
    let pause = pause(failures, trouble.retry_after);
    let rotation = Rotation { failures, due: Some(later(now, pause)), ..rotation };
    let told = Told::Step(StepTaken::Failed { code: trouble.code.clone() });
    let provider = trouble.code.clone();
    let is_given_up =
        |began: Timestamp| trouble.refused && failures >= REFUSALS || now >= later(began, GIVE_UP);
    match rotation.phase.clone() {
        Phase::Steady | Phase::Failed { .. } if trouble.refused || failures >= ALARMING => {
            failed(rotation, Reason::NotRenewed { provider }, context)
        }
        Phase::Steady | Phase::Failed { .. } => Step::to(rotation, told),
        Phase::Generating { operation, making: Making::Listing } if is_given_up(operation.began) => {
            failed(rotation, Reason::NotMade { provider }, context)
        }
        Phase::Generating { making: Making::Listing, .. } => Step::to(rotation, told),
        Phase::Generating { operation, making } => {
            let lost = operation.lost || making == Making::Creating && trouble.lost;
            let operation = Operation { lost, ..operation };
            // What was given up may still be carried out: it is not looked for before that has an end.
            let due = Some(later(now, if lost { pause.max(LATE) } else { pause }));
            if is_given_up(operation.began) {
                let step = rolled_back(rotation, operation, Reason::NotMade { provider }, None, context);
                return Step { rotation: Rotation { due, ..step.rotation.clone() }, ..step };
            }
            let phase = Phase::Generating { operation, making: Making::Reconciling };
            Step::to(Rotation { phase, due, ..rotation }, told)
        }
        Phase::Distributing { operation, next, since, .. } => {
            if now >= later(since, GIVE_UP) {
                return rolled_back(rotation, operation, Reason::NeverWorked, Some(next), context);
            }
            let phase = Phase::Distributing { operation, next, since, in_a_row: 0 };
            Step::to(Rotation { phase, ..rotation }, told)
        }
        Phase::Verifying { operation, next, deadline, .. } => {
            if now >= deadline {
                return rolled_back(rotation, operation, Reason::NotAdopted, Some(next), context);
            }
            let due = rotation.due.map(|due| due.min(deadline));
            Step::to(Rotation { due, ..rotation }, told)
        }
        Phase::Revoking { .. } | Phase::RollingBack { .. } => {
            stuck(rotation, Reason::NotRevoked { provider }, now).unless_alarming(told)
        }
    }
}

/// It cannot go on, and must not be given up: somebody is told once, and it is tried until it succeeds.
pub(super) fn stuck(rotation: Rotation, reason: Reason, now: Timestamp) -> Step {
    let due = rotation.due.filter(|due| *due > now).or(Some(later(now, LONGEST_PAUSE)));
    Step::to(Rotation { due, ..rotation }, Told::Alert(Severity::High, reason))
}

impl Step {
    /// The alert is for the time at which it has failed often enough; else this is told.
    fn unless_alarming(self, told: Told) -> Self {
        if self.rotation.failures == ALARMING { self } else { Self { told, ..self } }
    }
}

/// The pause before the next attempt: twice as long each time, and as long as the provider says.
fn pause(failures: u32, retry_after: Option<Duration>) -> SignedDuration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST_PAUSE);
    let asked = retry_after.and_then(|after| SignedDuration::try_from(after).ok());
    doubled.max(asked.unwrap_or(SignedDuration::ZERO).min(LONGEST_PAUSE))
}
