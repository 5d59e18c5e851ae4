//! What comes next. Pure: it is told what happened and the time, and says what is written down and what is to be done.

use std::collections::BTreeSet;
use std::time::Duration;

use deputize_scope::AgentId;
use jiff::{SignedDuration, Timestamp};

pub use super::meanwhile::{Adoption, adopt, imported, rescheduled, wanted};
use super::removal::{deleted, disabled_or_left, failed, finished, remove};
use super::schedule::Schedule;
use super::state::{Making, Next, Operation, Phase, Removal, Rotation};
use super::told::{Reason, Severity, StepTaken};
use super::trouble::{FIRST_PAUSE, stuck, troubled};
use crate::ports::rotation::{Abilities, KeyId, ListedKey, OperationId};
use crate::stored::record::VersionNumber;

/// How long a call to a provider may go on having an effect after it was given up. Claims last longer.
pub const LATE: SignedDuration = SignedDuration::from_secs(30);
/// How far a provider's clock may be from this one: the last probe of a new key must not pass for its first use.
const SKEW: SignedDuration = SignedDuration::from_secs(30);

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A worker has taken it up. The name is for the rotation that it begins, if it begins one.
    Taken(OperationId),
    /// The owner's keys were listed.
    Listed(Vec<ListedKey>),
    /// A key was made, and is sealed as this version in the same write.
    Created(Next),
    /// The next key was tried.
    Probed(bool),
    /// The provider says when the next key was last used.
    Used(Option<Timestamp>),
    /// A key was disabled; or, `false`, cannot be.
    Disabled(bool),
    /// A key was deleted.
    Deleted(KeyId),
    /// The provider replaced what is stored.
    Renewed,
    /// The provider says that somebody else has used what is stored.
    Reused,
    /// What was tried failed.
    Trouble(Trouble),
}

/// A failure.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Trouble {
    /// Its code, safe to show.
    pub code: String,
    /// Whether the provider said no, and will again.
    pub refused: bool,
    /// Whether it may have been done all the same.
    pub lost: bool,
    /// When to try again, where the provider says so.
    pub retry_after: Option<Duration>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// List the owner's keys.
    List,
    /// Make a key.
    Create,
    /// Try this version's key.
    Probe(VersionNumber),
    /// Ask when a key was last used.
    LastUsed(KeyId),
    /// Disable a key.
    Disable(KeyId),
    /// Delete a key.
    Delete(KeyId),
    /// Exchange what is stored at its token endpoint.
    Renew,
}

/// By what a credential is renewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Means {
    /// By a provider of keys.
    Keys(Abilities),
    /// By an exchange.
    Exchange,
    /// By nothing.
    Nobody(Reason),
}

/// What a step depends on beside the rotation and the event.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The time.
    pub now: Timestamp,
    /// What the provider calls the current key.
    pub current: Option<KeyId>,
    /// Who uses the credential.
    pub consumers: &'a [AgentId],
    /// How often it is renewed.
    pub schedule: &'a Schedule,
    /// By what.
    pub means: &'a Means,
}

/// What is written down, and what is to be done after that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where the rotation stands now.
    pub rotation: Rotation,
    /// What is to be done next, at once.
    pub effect: Option<Effect>,
    /// The version that becomes the current one.
    pub promoted: Option<Next>,
    /// What is told.
    pub told: Told,
}

/// What is told of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Nothing: nothing happened but that a worker took it up.
    Nothing,
    /// The step.
    Step(StepTaken),
    /// That somebody has to look.
    Alert(Severity, Reason),
    /// That nothing renews it.
    Reminder(Reason),
}

impl Step {
    pub(super) fn to(rotation: Rotation, told: Told) -> Self {
        Self { rotation, effect: None, promoted: None, told }
    }

    pub(super) fn then(self, effect: Effect) -> Self {
        Self { effect: Some(effect), ..self }
    }
}

/// The next step. An event that does not belong to the phase changes nothing: it is an answer that comes too late.
pub fn step(rotation: &Rotation, event: Event, context: &Context<'_>) -> Step {
    let free = Rotation { claim: None, ..rotation.clone() };
    match (&rotation.phase, event) {
        (_, Event::Taken(operation)) => {
            let was_left = rotation.claim.is_some_and(|claim| claim.until <= context.now);
            taken(free, operation, was_left, context)
        }
        (_, Event::Trouble(trouble)) => troubled(free, &trouble, context),
        (Phase::Generating { operation, making: Making::Listing }, Event::Listed(keys)) => {
            listed(free.clone(), operation.clone(), &keys, context)
        }
        (Phase::Generating { operation, making: Making::Reconciling }, Event::Listed(keys)) => {
            match orphan(operation, &keys, context) {
                Some(key) => Step::to(free.clone(), Told::Nothing).then(Effect::Delete(key)),
                None => create(free.clone(), operation.clone(), &keys, context),
            }
        }
        (Phase::Generating { operation, making: Making::Creating }, Event::Created(next)) => {
            let told = StepTaken::Created { version: next.version, key: next.key.clone() };
            let version = next.version;
            let mut operation = operation.clone();
            operation.known.insert(next.key.clone());
            let phase = Phase::Distributing { operation, next, since: context.now, in_a_row: 0 };
            advanced(free.clone(), phase, context.now, told).then(Effect::Probe(version))
        }
        (Phase::Distributing { operation, next, since, in_a_row }, Event::Probed(works)) => probed(
            free.clone(),
            (operation, next, *since),
            works.then(|| in_a_row.saturating_add(1)),
            context,
        ),
        (Phase::Verifying { operation, next, since, deadline, .. }, Event::Used(used)) => {
            if used.is_some_and(|used| used > later(*since, SKEW)) {
                promoted(
                    free.clone(),
                    operation,
                    next,
                    StepTaken::SeenInUse { version: next.version },
                    context,
                )
            } else if context.now >= *deadline {
                rolled_back(free.clone(), operation.clone(), Reason::NotAdopted, Some(next.clone()), context)
            } else {
                waiting(free.clone(), *deadline, context)
            }
        }
        (_, Event::Disabled(disabled)) => disabled_or_left(free, disabled, context),
        (Phase::Generating { making: Making::Reconciling, .. }, Event::Deleted(key)) => {
            Step::to(settled(free), Told::Step(StepTaken::OrphanDeleted { key })).then(Effect::List)
        }
        (Phase::Revoking { .. } | Phase::RollingBack { .. }, Event::Deleted(key)) => {
            deleted(free, key, context)
        }
        (Phase::Revoking { operation, .. } | Phase::RollingBack { operation, .. }, Event::Listed(keys)) => {
            match orphan(operation, &keys, context) {
                Some(key) => Step::to(free.clone(), Told::Nothing).then(Effect::Delete(key)),
                None => finished(free.clone(), context),
            }
        }
        (Phase::Steady | Phase::Failed { .. }, Event::Renewed) => {
            let due = Some(context.schedule.next(context.now));
            let rotation = Rotation { renewed_at: context.now, ..Rotation::steady(context.now, due) };
            Step::to(rotation, Told::Step(StepTaken::Completed))
        }
        (Phase::Steady | Phase::Failed { .. }, Event::Reused) => {
            let reason = Reason::RefreshTokenReused;
            let rotation =
                Rotation { phase: Phase::Failed { reason: reason.clone() }, due: None, failures: 0, ..free };
            Step::to(rotation, Told::Alert(Severity::High, reason))
        }
        _ => Step::to(free, Told::Nothing),
    }
}

/// A worker takes it up: what is to be done where it stands. `was_left`: from one that was not heard of again.
fn taken(rotation: Rotation, fresh: OperationId, was_left: bool, context: &Context<'_>) -> Step {
    let Context { now, means, schedule, .. } = context;
    let is_at_rest = matches!(rotation.phase, Phase::Steady | Phase::Failed { .. });
    let abilities = match means {
        Means::Keys(abilities) => abilities,
        Means::Exchange => return Step::to(rotation, Told::Nothing).then(Effect::Renew),
        Means::Nobody(reason) if is_at_rest => {
            let due = Some(later(*now, schedule.interval()));
            return Step::to(Rotation { due, failures: 0, ..rotation }, Told::Reminder(reason.clone()));
        }
        // The means are gone in the middle of a rotation. They may come back.
        Means::Nobody(reason) => return stuck(rotation, reason.clone(), *now),
    };
    match rotation.phase.clone() {
        Phase::Steady | Phase::Failed { .. } => {
            let former = context.current.clone();
            let operation = Operation { id: fresh, began: *now, former, known: BTreeSet::new(), lost: false };
            let phase = Phase::Generating { operation, making: Making::Listing };
            advanced(rotation, phase, *now, StepTaken::Began).then(Effect::List)
        }
        Phase::Generating { operation, making: Making::Creating } => {
            // Whoever asked for it is not heard of any more.
            let operation = Operation { lost: true, ..operation };
            let phase = Phase::Generating { operation, making: Making::Reconciling };
            Step::to(Rotation { phase, ..rotation }, Told::Nothing).then(Effect::List)
        }
        Phase::Generating { .. } => Step::to(rotation, Told::Nothing).then(Effect::List),
        Phase::Distributing { operation, next, since, in_a_row } => {
            // Whoever tried it last may have seen it fail.
            let in_a_row = if was_left { 0 } else { in_a_row };
            let effect = Effect::Probe(next.version);
            let phase = Phase::Distributing { operation, next, since, in_a_row };
            Step::to(Rotation { phase, ..rotation }, Told::Nothing).then(effect)
        }
        Phase::Verifying { operation, next, deadline, adopted, .. } => {
            if context.consumers.iter().all(|consumer| adopted.contains(consumer)) {
                let told = StepTaken::AdoptedByAll { version: next.version };
                promoted(rotation, &operation, &next, told, context)
            } else if abilities.windows.evidence.is_some() && context.consumers.len() == 1 {
                Step::to(rotation, Told::Nothing).then(Effect::LastUsed(next.key))
            } else if *now >= deadline {
                rolled_back(rotation, operation, Reason::NotAdopted, Some(next), context)
            } else {
                waiting(rotation, deadline, context)
            }
        }
        Phase::Revoking { operation, removal } => {
            let key = operation.former.clone();
            remove(rotation, &operation, key, &removal, context)
        }
        Phase::RollingBack { operation, next, removal, .. } => {
            remove(rotation, &operation, next.map(|next| next.key), &removal, context)
        }
    }
}

/// The keys that there are, before one is made.
fn listed(rotation: Rotation, operation: Operation, keys: &[ListedKey], context: &Context<'_>) -> Step {
    let only = match keys {
        [only] => Some(only.id.clone()),
        _ => None,
    };
    let Some(former) = operation.former.clone().or(only) else {
        return failed(rotation, Reason::CurrentKeyUnknown, context);
    };
    let known =
        if labels(context) { BTreeSet::new() } else { keys.iter().map(|key| key.id.clone()).collect() };
    create(rotation, Operation { former: Some(former), known, ..operation }, keys, context)
}

/// Asks for a key, where there is room for one. That it is asked for is written down first.
fn create(rotation: Rotation, operation: Operation, keys: &[ListedKey], context: &Context<'_>) -> Step {
    if most_keys(context).is_some_and(|most| keys.len() >= most) {
        return failed(rotation, Reason::KeyLimit, context);
    }
    let failures = rotation.failures;
    let phase = Phase::Generating { operation, making: Making::Creating };
    let step = advanced(rotation, phase, context.now, StepTaken::Asked);
    Step { rotation: Rotation { failures, ..step.rotation.clone() }, ..step }.then(Effect::Create)
}

/// A key that was made by this rotation and is not accounted for.
pub(super) fn orphan(operation: &Operation, keys: &[ListedKey], context: &Context<'_>) -> Option<KeyId> {
    let is_ours = |key: &&ListedKey| {
        let is_used = Some(&key.id) == context.current.as_ref() || Some(&key.id) == operation.former.as_ref();
        let is_new = if labels(context) {
            key.operation == Some(operation.id)
        } else {
            // Only after an answer was lost: else it is somebody else's.
            operation.lost
        };
        is_new && !is_used && !operation.known.contains(&key.id)
    };
    keys.iter().find(is_ours).map(|key| key.id.clone())
}

/// The next key was tried: `Some` with how often it has worked in a row.
fn probed(
    rotation: Rotation,
    (operation, next, since): (&Operation, &Next, Timestamp),
    worked: Option<u8>,
    context: &Context<'_>,
) -> Step {
    let Means::Keys(Abilities { windows, .. }) = context.means else {
        return Step::to(rotation, Told::Nothing);
    };
    let now = context.now;
    let pause = windows.between_probes;
    let distributing =
        |in_a_row| Phase::Distributing { operation: operation.clone(), next: next.clone(), since, in_a_row };
    match worked {
        Some(in_a_row) if in_a_row < windows.probes => {
            advanced(rotation, distributing(in_a_row), later(now, pause), StepTaken::Worked { in_a_row })
        }
        Some(_) => {
            let told = StepTaken::Distributed { version: next.version };
            if context.consumers.is_empty() {
                return promoted(rotation, operation, next, told, context);
            }
            let deadline = later(now, windows.adoption);
            let phase = Phase::Verifying {
                operation: operation.clone(),
                next: next.clone(),
                since: now,
                deadline,
                adopted: BTreeSet::new(),
            };
            let due = windows.evidence.map_or(deadline, |every| later(now, every).min(deadline));
            advanced(rotation, phase, due, told)
        }
        None if now >= later(since, windows.settling) => {
            rolled_back(rotation, operation.clone(), Reason::NeverWorked, Some(next.clone()), context)
        }
        None => {
            let due = later(now, pause.max(FIRST_PAUSE));
            advanced(rotation, distributing(0), due, StepTaken::NotYet)
        }
    }
}

/// Nobody has adopted the next version yet, and there is time.
fn waiting(rotation: Rotation, deadline: Timestamp, context: &Context<'_>) -> Step {
    let every = match context.means {
        Means::Keys(abilities) => abilities.windows.evidence,
        _ => None,
    };
    let due = Some(every.map_or(deadline, |every| later(context.now, every).min(deadline)));
    Step::to(Rotation { due, failures: 0, ..rotation }, Told::Nothing)
}

/// The next version becomes the current one, and the former key is to go.
fn promoted(
    rotation: Rotation,
    operation: &Operation,
    next: &Next,
    told: StepTaken,
    context: &Context<'_>,
) -> Step {
    let phase = Phase::Revoking { operation: operation.clone(), removal: Removal::Disabling };
    let rotation = Rotation { renewed_at: context.now, ..rotation };
    Step { promoted: Some(next.clone()), ..advanced(rotation, phase, context.now, told) }
}

/// The next version is given up, and somebody is told at once. Where agents were told of it they get the time to come back
/// from it.
pub(super) fn rolled_back(
    rotation: Rotation,
    operation: Operation,
    reason: Reason,
    next: Option<Next>,
    context: &Context<'_>,
) -> Step {
    let now = context.now;
    let (removal, due) = match (&rotation.phase, &next, context.means) {
        (Phase::Verifying { .. }, Some(_), Means::Keys(abilities)) => {
            (Removal::Leaving, later(now, abilities.windows.adoption))
        }
        (_, Some(_), _) => (Removal::Disabling, now),
        (_, None, _) => (Removal::Sweeping, now),
    };
    let told = Told::Alert(Severity::High, reason.clone());
    let phase = Phase::RollingBack { operation, reason, next, removal };
    Step::to(Rotation { phase, due: Some(due), failures: 0, ..rotation }, told)
}

pub(super) fn advanced(rotation: Rotation, phase: Phase, due: Timestamp, told: StepTaken) -> Step {
    Step::to(Rotation { phase, due: Some(due), failures: 0, ..rotation }, Told::Step(told))
}

pub(super) fn settled(rotation: Rotation) -> Rotation {
    Rotation { failures: 0, ..rotation }
}

pub(super) fn labels(context: &Context<'_>) -> bool {
    matches!(context.means, Means::Keys(abilities) if abilities.labels)
}

fn most_keys(context: &Context<'_>) -> Option<usize> {
    match context.means {
        Means::Keys(abilities) => abilities.most_keys,
        Means::Exchange | Means::Nobody(_) => None,
    }
}

pub(super) fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_add(by).unwrap_or(Timestamp::MAX)
}
