//! What others do to a rotation while it is under way: an agent's receipt, an admin's wish, another schedule, an import.
//! Pure, as the steps are.

use deputize_scope::AgentId;
use jiff::Timestamp;

use super::machine::{LATE, Step, Told, later};
use super::schedule::Schedule;
use super::state::{Making, Next, Operation, Phase, Removal, Rotation};
use super::told::{Evidence, Reason, StepTaken};
use crate::stored::record::VersionNumber;

/// What an agent's receipt changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Adoption {
    /// It is one more.
    Step(Box<Step>),
    /// It was known.
    Known,
    /// The version is none that is to be adopted.
    NotToAdopt,
}

/// An agent says that it uses a version. `current`: the current one's number.
pub fn adopt(
    rotation: &Rotation,
    (agent, version): (&AgentId, VersionNumber),
    current: VersionNumber,
    consumers: &[AgentId],
    now: Timestamp,
) -> Adoption {
    let Phase::Verifying { operation, next, since, deadline, adopted } = &rotation.phase else {
        return if version == current { Adoption::Known } else { Adoption::NotToAdopt };
    };
    if next.version != version {
        return if version == current { Adoption::Known } else { Adoption::NotToAdopt };
    }
    if adopted.contains(agent) {
        return Adoption::Known;
    }
    let told = StepTaken::Adopted { agent: agent.clone(), version, evidence: Evidence::default() };
    let mut adopted = adopted.clone();
    adopted.insert(agent.clone());
    // A worker that looks for evidence at the moment finds its work superseded.
    let free = Rotation { claim: None, ..rotation.clone() };
    let is_last = consumers.iter().all(|consumer| adopted.contains(consumer));
    let phase = if is_last {
        Phase::Revoking { operation: operation.clone(), removal: Removal::Disabling }
    } else {
        let (operation, next) = (operation.clone(), next.clone());
        Phase::Verifying { operation, next, since: *since, deadline: *deadline, adopted }
    };
    let renewed_at = if is_last { now } else { free.renewed_at };
    let due = if is_last { Some(now) } else { Some(*deadline) };
    let rotation = Rotation { phase, due, failures: 0, renewed_at, ..free };
    let promoted = is_last.then(|| next.clone());
    Adoption::Step(Box::new(Step { rotation, effect: None, promoted, told: Told::Step(told) }))
}

/// Somebody wants it renewed now. `None`: it is under way.
pub fn wanted(rotation: &Rotation, now: Timestamp) -> Option<Rotation> {
    let is_at_rest = matches!(rotation.phase, Phase::Steady | Phase::Failed { .. })
        && rotation.claim.is_none_or(|claim| claim.until <= now);
    is_at_rest.then(|| Rotation { due: Some(now), failures: 0, ..rotation.clone() })
}

/// Its schedule is another one.
pub fn rescheduled(rotation: &Rotation, schedule: &Schedule, now: Timestamp) -> Rotation {
    let due = match &rotation.phase {
        Phase::Steady => Some(schedule.next(rotation.renewed_at).max(now)),
        // What it failed for may be mended; what was used by somebody else is not.
        Phase::Failed { .. } => rotation.due.map(|_| now),
        // Who uses it may be another: perhaps all that still do have adopted it.
        Phase::Verifying { .. } => Some(now),
        _ => rotation.due,
    };
    Rotation { due, ..rotation.clone() }
}

/// Another version was imported in the place of the current one.
pub fn imported(rotation: &Rotation, schedule: &Schedule, now: Timestamp) -> Rotation {
    let renewed = Rotation { renewed_at: now, ..rotation.clone() };
    let given_up = |operation: Operation, next: Option<Next>, removal, due| {
        let phase = Phase::RollingBack { operation, reason: Reason::Replaced, next, removal };
        Rotation { phase, due: Some(due), failures: 0, ..renewed.clone() }
    };
    match rotation.phase.clone() {
        Phase::Steady | Phase::Failed { .. } => Rotation::steady(now, Some(schedule.next(now))),
        Phase::Generating { operation, making } => {
            // Whoever asks for a key at this moment cannot hand it in any more.
            let operation = Operation { lost: operation.lost || making != Making::Listing, ..operation };
            let busy_until = rotation.claim.map_or(now, |claim| claim.until);
            given_up(operation, None, Removal::Sweeping, busy_until.max(later(now, LATE)))
        }
        Phase::Distributing { operation, next, .. } => given_up(
            operation,
            Some(next),
            Removal::Disabling,
            rotation.claim.map_or(now, |claim| claim.until),
        ),
        Phase::Verifying { operation, next, since, deadline, .. } => {
            // As long to come back from it as there was to adopt it.
            let until = later(now, deadline.duration_since(since));
            given_up(operation, Some(next), Removal::Leaving, until)
        }
        Phase::Revoking { .. } | Phase::RollingBack { .. } => renewed,
    }
}
