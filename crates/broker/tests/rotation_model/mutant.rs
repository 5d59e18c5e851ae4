//! The machine as it is, and with one step of it broken. A model that finds nothing wrong with a broken machine says
//! nothing of the one that is right.

use std::collections::BTreeSet;

use deputize_broker::ports::rotation::{Abilities, Windows};
use deputize_broker::rotation::Schedule;
use deputize_broker::rotation::machine::{
    Adoption, Context, Effect, Event, Means, Step, Told, Trouble, adopt, imported, step,
};
use deputize_broker::rotation::state::{Making, Operation, Phase, Removal, Rotation};
use deputize_broker::stored::VersionNumber;
use deputize_scope::AgentId;
use jiff::SignedDuration;

use crate::world::NOW;

/// What is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Mutant {
    /// Who finds that a key was asked for asks for another without looking.
    CreatesAgain,
    /// It is looked for what a lost call left before that call has come to an end.
    LooksTooSoon,
    /// What goes wrong before the provider is asked counts as nothing having been asked for.
    ForgetsWhatWasAsked,
    /// One agent of two is enough.
    FirstAdoptionIsEnough,
    /// Agents are told of a new key as soon as it has worked once.
    TellsBeforeProbes,
    /// The current key is taken away where the next one is given up.
    RollsBackTheCurrent,
    /// Agents get no time to come back from a key that is given up.
    RollsBackAtOnce,
    /// A former key that was imported again is taken away as the former one.
    TakesBackWhatIsImported,
    /// Agents get no time to come back from a key whose version an import replaces.
    ImportCutsOff,
    /// What lost calls left is not looked for in the end.
    LeavesTheSweepOut,
    /// A worker that was held up asks the provider all the same.
    AsksThoughHeldUp,
    /// A worker writes over whatever there is.
    WritesBlindly,
    /// A claim holds for ever.
    ClaimNeverLapses,
    /// Every key that is not known counts as an orphan.
    SweepsEverything,
    /// A step is not told of.
    KeepsQuiet,
}

/// The machine's step, or the mutant's.
pub(crate) fn step_of(
    mutant: Option<Mutant>,
    before: &Rotation,
    event: Event,
    context: &Context<'_>,
) -> Step {
    let Some(mutant) = mutant else { return step(before, event, context) };
    let is_taken = matches!(event, Event::Taken(_));
    match (mutant, &before.phase) {
        (Mutant::CreatesAgain, Phase::Generating { making: Making::Creating, .. }) if is_taken => {
            let rotation = Rotation { claim: None, ..before.clone() };
            return Step { rotation, effect: Some(Effect::Create), promoted: None, told: Told::Nothing };
        }
        (Mutant::TellsBeforeProbes, Phase::Distributing { .. }) => {
            let Means::Keys(abilities) = context.means else { return step(before, event, context) };
            let windows = Windows { probes: 1, ..abilities.windows };
            let means = Means::Keys(Abilities { windows, ..*abilities });
            return step(before, event, &Context { means: &means, ..context.clone() });
        }
        (Mutant::TakesBackWhatIsImported, Phase::Revoking { .. }) => {
            return step(before, event, &Context { current: None, ..context.clone() });
        }
        (Mutant::ForgetsWhatWasAsked, _) => {
            if let Event::Trouble(trouble) = event {
                let lost = trouble.lost && trouble.code != "not_prepared";
                let trouble = Trouble { lost, ..trouble };
                return step(before, Event::Trouble(trouble), context);
            }
            return step(before, event, context);
        }
        (Mutant::LeavesTheSweepOut, Phase::Revoking { .. } | Phase::RollingBack { .. }) => {
            let mut forgetful = before.clone();
            if let Phase::Revoking { operation, .. } | Phase::RollingBack { operation, .. } =
                &mut forgetful.phase
            {
                operation.lost = false;
            }
            return step(&forgetful, event, context);
        }
        (Mutant::SweepsEverything, _) => {
            let mut greedy = before.clone();
            if let Some(operation) = operation_of(&mut greedy.phase) {
                operation.known = BTreeSet::new();
                operation.lost = true;
            }
            return step(&greedy, event, context);
        }
        _ => {}
    }
    let mut after = step(before, event, context);
    match (mutant, &mut after.rotation.phase) {
        (Mutant::LooksTooSoon, Phase::Generating { making: Making::Reconciling, .. }) if !is_taken => {
            after.rotation.due = after.rotation.due.map(|_| NOW + SignedDuration::from_secs(5));
        }
        (Mutant::RollsBackTheCurrent, Phase::RollingBack { .. }) => {
            if let (Some(Effect::Disable(key) | Effect::Delete(key)), Some(current)) =
                (&mut after.effect, &context.current)
            {
                *key = current.clone();
            }
        }
        (Mutant::RollsBackAtOnce, Phase::RollingBack { removal: Removal::Leaving, .. }) => {
            after.rotation.due = Some(NOW);
        }
        (Mutant::KeepsQuiet, Phase::Revoking { .. }) if matches!(before.phase, Phase::Verifying { .. }) => {
            after.told = Told::Nothing;
        }
        (Mutant::KeepsQuiet, Phase::Verifying { .. }) => after.told = Told::Nothing,
        _ => {}
    }
    after
}

/// The machine's answer to a receipt, or the mutant's.
pub(crate) fn adopt_of(
    mutant: Option<Mutant>,
    rotation: &Rotation,
    receipt: (&AgentId, VersionNumber),
    current: VersionNumber,
    consumers: &[AgentId],
) -> Adoption {
    match mutant {
        Some(Mutant::FirstAdoptionIsEnough) => {
            adopt(rotation, receipt, current, std::slice::from_ref(receipt.0), NOW)
        }
        _ => adopt(rotation, receipt, current, consumers, NOW),
    }
}

/// What becomes of a rotation by an import.
pub(crate) fn imported_of(mutant: Option<Mutant>, rotation: &Rotation, schedule: &Schedule) -> Rotation {
    let mut after = imported(rotation, schedule, NOW);
    let is_leaving = matches!(after.phase, Phase::RollingBack { removal: Removal::Leaving, .. });
    if is_leaving && mutant == Some(Mutant::ImportCutsOff) {
        after.due = Some(NOW);
    }
    after
}

/// Whether a worker may take it up.
pub(crate) fn is_free(mutant: Option<Mutant>, rotation: &Rotation) -> bool {
    let claimed_for_ever = mutant == Some(Mutant::ClaimNeverLapses) && rotation.claim.is_some();
    rotation.is_free(NOW) && !claimed_for_ever
}

fn operation_of(phase: &mut Phase) -> Option<&mut Operation> {
    match phase {
        Phase::Steady | Phase::Failed { .. } => None,
        Phase::Generating { operation, .. }
        | Phase::Distributing { operation, .. }
        | Phase::Verifying { operation, .. }
        | Phase::Revoking { operation, .. }
        | Phase::RollingBack { operation, .. } => Some(operation),
    }
}
