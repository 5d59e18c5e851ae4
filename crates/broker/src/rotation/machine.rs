//! What comes next. Pure: it is told what happened and the time, and says what is written down and what is to be done.

use std::collections::BTreeSet;
use std::time::Duration;

use deputize_scope::AgentId;
use jiff::{SignedDuration, Timestamp};

use super::schedule::Schedule;
use super::state::{Making, Next, Operation, Phase, Removal, Rotation};
use super::told::{Evidence, Reason, Severity, StepTaken};
use crate::ports::rotation::{Abilities, KeyId, ListedKey, OperationId};
use crate::stored::record::VersionNumber;

/// How long a call to a provider may go on having an effect after it was given up. Claims last longer.
pub const LATE: SignedDuration = SignedDuration::from_secs(30);
/// How long a rotation tries to get a key that works.
const GIVE_UP: SignedDuration = SignedDuration::from_hours(1);
/// How often a provider may say no before it is believed.
const REFUSALS: u32 = 3;
/// How often something fails before somebody is told to look, where it is not given up.
const ALARMING: u32 = 5;
/// The pauses between attempts: the first, and the longest.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(5);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// How soon a rotation that came to nothing is tried again, at the latest.
const AGAIN: SignedDuration = SignedDuration::from_hours(6);

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
    fn to(rotation: Rotation, told: Told) -> Self {
        Self { rotation, effect: None, promoted: None, told }
    }

    fn then(self, effect: Effect) -> Self {
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
            if used.is_some_and(|used| used > *since) {
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
fn orphan(operation: &Operation, keys: &[ListedKey], context: &Context<'_>) -> Option<KeyId> {
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
fn rolled_back(
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

/// The next thing to do so that a key is gone.
fn remove(
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

fn disabled_or_left(rotation: Rotation, disabled: bool, context: &Context<'_>) -> Step {
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

fn deleted(rotation: Rotation, key: KeyId, context: &Context<'_>) -> Step {
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
fn finished(rotation: Rotation, context: &Context<'_>) -> Step {
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
fn failed(rotation: Rotation, reason: Reason, context: &Context<'_>) -> Step {
    let told = Told::Alert(Severity::High, reason.clone());
    to_failed(rotation, reason, told, context)
}

/// It came to nothing, and is tried again.
fn to_failed(rotation: Rotation, reason: Reason, told: Told, context: &Context<'_>) -> Step {
    let again = context.schedule.interval().min(AGAIN);
    let due = Some(later(context.now, again));
    Step::to(Rotation { phase: Phase::Failed { reason }, due, failures: 0, ..rotation }, told)
}

/// What was tried failed.
fn troubled(rotation: Rotation, trouble: &Trouble, context: &Context<'_>) -> Step {
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
fn stuck(rotation: Rotation, reason: Reason, now: Timestamp) -> Step {
    let due = rotation.due.filter(|due| *due > now).or(Some(later(now, LONGEST_PAUSE)));
    Step::to(Rotation { due, ..rotation }, Told::Alert(Severity::High, reason))
}

impl Step {
    /// The alert is for the time at which it has failed often enough; else this is told.
    fn unless_alarming(self, told: Told) -> Self {
        if self.rotation.failures == ALARMING { self } else { Self { told, ..self } }
    }
}

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

fn advanced(rotation: Rotation, phase: Phase, due: Timestamp, told: StepTaken) -> Step {
    Step::to(Rotation { phase, due: Some(due), failures: 0, ..rotation }, Told::Step(told))
}

fn settled(rotation: Rotation) -> Rotation {
    Rotation { failures: 0, ..rotation }
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

fn labels(context: &Context<'_>) -> bool {
    matches!(context.means, Means::Keys(abilities) if abilities.labels)
}

fn most_keys(context: &Context<'_>) -> Option<usize> {
    match context.means {
        Means::Keys(abilities) => abilities.most_keys,
        Means::Exchange | Means::Nobody(_) => None,
    }
}

/// The pause before the next attempt: twice as long each time, and as long as the provider says.
fn pause(failures: u32, retry_after: Option<Duration>) -> SignedDuration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST_PAUSE);
    let asked = retry_after.and_then(|after| SignedDuration::try_from(after).ok());
    doubled.max(asked.unwrap_or(SignedDuration::ZERO).min(LONGEST_PAUSE))
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_add(by).unwrap_or(Timestamp::MAX)
}
