//! How a key is taken away, and what a rotation comes to in the end.

use jiff::SignedDuration;

use super::machine::{Context, Effect, Means, Step, Told, later, settled};
use super::state::{Operation, Phase, Removal, Rotation};
use super::told::{Reason, Severity, StepTaken};
use crate::ports::rotation::KeyId;

/// How soon a rotation that came to nothing is tried again, at the latest.
const AGAIN: SignedDuration = SignedDuration::from_hours(6);

/// The next thing to do so that a key is gone.
pub(super) fn remove(
    rotation: Rotation,
    operation: &Operation,
    key: Option<KeyId>,
    removal: &Removal,
    context: &Context<'_>,
) -> Step {
    let now = context.now;
    // A key that was imported again meanwhile is the current one.
    let to_remove = key.filter(|key| *removal != Removal::Sweeping && context.current.as_ref() != Some(key));
    let Some(key) = to_remove else {
        let rotation = with_removal(rotation, Removal::Sweeping);
        let step = Step::to(rotation, Told::Nothing);
        return if operation.lost { step.then(Effect::List) } else { finished(step.rotation, context) };
    };
    match removal {
        Removal::Leaving | Removal::Disabling => {
            Step::to(with_removal(rotation, Removal::Disabling), Told::Nothing).then(Effect::Disable(key))
        }
        Removal::Soaking { until } if now < *until => {
            Step::to(Rotation { due: Some(*until), ..rotation }, Told::Nothing)
        }
        Removal::Soaking { .. } | Removal::Deleting | Removal::Sweeping => {
            Step::to(with_removal(rotation, Removal::Deleting), Told::Nothing).then(Effect::Delete(key))
        }
    }
}

pub(super) fn disabled_or_left(rotation: Rotation, disabled: bool, context: &Context<'_>) -> Step {
    let key = match &rotation.phase {
        Phase::Revoking { operation, removal: Removal::Disabling } => operation.former.clone(),
        Phase::RollingBack { next: Some(next), removal: Removal::Disabling, .. } => Some(next.key.clone()),
        _ => None,
    };
    let (Some(key), Means::Keys(abilities)) = (key, context.means) else {
        return Step::to(rotation, Told::Nothing);
    };
    let until = later(context.now, abilities.windows.soak);
    let told = if disabled { StepTaken::Disabled { key } } else { StepTaken::LeftToSoak { key } };
    let rotation = with_removal(settled(rotation), Removal::Soaking { until });
    Step::to(Rotation { due: Some(until), ..rotation }, Told::Step(told))
}

pub(super) fn deleted(rotation: Rotation, key: KeyId, context: &Context<'_>) -> Step {
    let is_orphan = matches!(
        &rotation.phase,
        Phase::Revoking { removal: Removal::Sweeping, .. }
            | Phase::RollingBack { removal: Removal::Sweeping, .. }
    );
    if is_orphan {
        return Step::to(settled(rotation), Told::Step(StepTaken::OrphanDeleted { key })).then(Effect::List);
    }
    let rotation = with_removal(settled(rotation), Removal::Sweeping);
    Step::to(Rotation { due: Some(context.now), ..rotation }, Told::Step(StepTaken::Deleted { key }))
}

/// Nothing is left to do.
pub(super) fn finished(rotation: Rotation, context: &Context<'_>) -> Step {
    match rotation.phase.clone() {
        Phase::RollingBack { reason, .. } => {
            let told = Told::Step(StepTaken::RolledBack { reason: reason.clone() });
            if reason == Reason::Replaced {
                steady(rotation, told, context)
            } else {
                to_failed(rotation, reason, told, context)
            }
        }
        _ => steady(rotation, Told::Step(StepTaken::Completed), context),
    }
}

fn steady(rotation: Rotation, told: Told, context: &Context<'_>) -> Step {
    let due = context.schedule.next(rotation.renewed_at).max(context.now);
    Step::to(Rotation::steady(rotation.renewed_at, Some(due)), told)
}

/// It came to nothing, and nothing is left of it. Somebody is told.
pub(super) fn failed(rotation: Rotation, reason: Reason, context: &Context<'_>) -> Step {
    let told = Told::Alert(Severity::High, reason.clone());
    to_failed(rotation, reason, told, context)
}

/// It came to nothing, and is tried again.
fn to_failed(rotation: Rotation, reason: Reason, told: Told, context: &Context<'_>) -> Step {
    let again = context.schedule.interval().min(AGAIN);
    let due = Some(later(context.now, again));
    Step::to(Rotation { phase: Phase::Failed { reason }, due, failures: 0, ..rotation }, told)
}

fn with_removal(rotation: Rotation, removal: Removal) -> Rotation {
    let phase = match rotation.phase {
        Phase::Revoking { operation, .. } => Phase::Revoking { operation, removal },
        Phase::RollingBack { operation, reason, next, .. } => {
            Phase::RollingBack { operation, reason, next, removal }
        }
        other => other,
    };
    Rotation { phase, ..rotation }
}
