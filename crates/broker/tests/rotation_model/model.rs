//! What may happen next, and what becomes of it. The machine's own functions are called; what is written here after the
//! driver is its small loop: read, step, write where nobody else has written, ask the provider, step.

use deputize_broker::ports::rotation::{Abilities, ListedKey, OperationId, Windows};
use deputize_broker::rotation::machine::{
    Adoption, Context, Effect, Event, LATE, Means, Told, Trouble, wanted,
};
use deputize_broker::rotation::state::{Claim, Next, Rotation, WorkerId};
use deputize_broker::rotation::{Schedule, StepTaken};
use deputize_broker::stored::VersionNumber;
use deputize_scope::AgentId;
use jiff::{SignedDuration, Timestamp};
use stateright::{Model, Property};

use crate::action::{Action, former};
use crate::invariant;
use crate::mutant::{Mutant, adopt_of, imported_of, is_free, step_of};
use crate::world::{Agent, Faults, Key, Late, NOW, Record, Worker, World, facts, id, number};

/// How many probes a new key has to pass.
pub(crate) const PROBES: u8 = 2;
/// How long agents have to adopt a version, and to come back from it.
pub(crate) const ADOPTION: SignedDuration = SignedDuration::from_mins(5);
/// The key of somebody else.
pub(crate) const FOREIGN: u8 = 9;

/// A credential with its agents and its provider, and the faults that there may be.
#[derive(Clone, Debug)]
pub(crate) struct Rotating {
    /// How many agents use it.
    pub(crate) agents: u8,
    /// Whether the provider's keys carry labels.
    pub(crate) labels: bool,
    /// Whether the provider says when a key was last used.
    pub(crate) evidence: bool,
    /// Whether keys can be disabled.
    pub(crate) disables: bool,
    /// How many keys the owner may have.
    pub(crate) most_keys: usize,
    /// Whether somebody else has made a key for the same owner.
    pub(crate) foreign: bool,
    pub(crate) faults: Faults,
    pub(crate) mutant: Option<Mutant>,
}

impl Rotating {
    pub(crate) fn consumers(&self) -> Vec<AgentId> {
        (0..self.agents).map(|n| format!("agent-{n}").parse().unwrap()).collect()
    }

    fn means(&self) -> Means {
        let windows = Windows {
            probes: PROBES,
            between_probes: SignedDuration::from_secs(10),
            settling: SignedDuration::from_secs(15),
            adoption: ADOPTION,
            soak: SignedDuration::from_mins(30),
            evidence: self.evidence.then_some(SignedDuration::from_mins(3)),
        };
        Means::Keys(Abilities { labels: self.labels, most_keys: Some(self.most_keys), windows })
    }

    fn schedule() -> Schedule {
        Schedule { every: 86_400, connector: None }
    }

    /// A worker has read the record.
    fn take_up(&self, world: &mut World, worker: usize, event: Event) {
        world.workers[worker] = Worker::Knows { seen: world.record.clone(), event };
    }

    fn fresh(world: &World) -> OperationId {
        OperationId::from_u128(u128::from(world.begun) + 1)
    }

    /// As the driver does it: a step of what was read, held where it goes on at once, and written only where the rotation
    /// is as it was read.
    fn write(&self, world: &mut World, worker: usize) {
        let Worker::Knows { seen, event } = std::mem::replace(&mut world.workers[worker], Worker::Idle)
        else {
            return;
        };
        let (consumers, schedule, means) = (self.consumers(), Self::schedule(), self.means());
        let current = Some(id(seen.key(seen.current)));
        let context =
            Context { now: NOW, current, consumers: &consumers, schedule: &schedule, means: &means };
        let created = match &event {
            Event::Created(next) => Some(number(&next.key)),
            _ => None,
        };
        let step = step_of(self.mutant, &seen.rotation, event, &context);
        let goes_on = step.effect.is_some() || step.rotation.due.is_some_and(|due| due <= NOW);
        let claim = Claim::of(WorkerId::from_u128(worker as u128), NOW);
        let rotation = if goes_on { step.rotation.held(claim) } else { step.rotation };
        let as_read = world.record.rotation == seen.rotation && world.record.current == seen.current;
        if !as_read && self.mutant != Some(Mutant::WritesBlindly) {
            return;
        }
        invariant::told(world, &rotation, &step.told);
        let mut record = Record { rotation, ..world.record.clone() };
        record.versions.extend(created);
        record.current = step.promoted.map_or(record.current, |next| next.version);
        if let Told::Step(StepTaken::SeenInUse { version }) = step.told {
            world.agents.iter_mut().for_each(|agent| agent.adopted = Some(version));
        }
        if record.rotation.phase.operation().is_some_and(|operation| operation.id == Self::fresh(world)) {
            world.begun += 1;
        }
        world.record = record.clone();
        world.workers[worker] = match step.effect {
            Some(effect) => Worker::Asks { seen: record, effect },
            None if goes_on => Worker::Knows { seen: record, event: Event::Taken(Self::fresh(world)) },
            None => Worker::Idle,
        };
    }

    /// The provider does what it is asked for. What it answers.
    fn carry_out(&self, world: &mut World, effect: &Effect, operation: Option<OperationId>) -> Event {
        match effect {
            Effect::List => {
                let listed = |key: &Key| {
                    let operation = key.operation.filter(|_| self.labels);
                    ListedKey { id: id(key.number), operation }
                };
                Event::Listed(world.keys.iter().map(listed).collect())
            }
            Effect::Create => {
                if world.keys.len() >= self.most_keys {
                    return trouble("key_limit", true, false);
                }
                world.made += 1;
                let number = world.made;
                world.keys.push(Key { number, operation, is_ours: true, is_enabled: true, passed: 0 });
                let version = world.record.newest().next();
                Event::Created(Next { version, key: id(number), facts: facts(number) })
            }
            Effect::Probe(version) => {
                let wanted = world.record.key(*version);
                let key = world.keys.iter_mut().find(|key| key.number == wanted && key.is_enabled);
                let works = key.map(|key| key.passed = PROBES.min(key.passed + 1)).is_some();
                Event::Probed(works)
            }
            Effect::LastUsed(key) => {
                let is_used = world.agents.iter().any(|one| world.record.key(one.holds) == number(key));
                Event::Used(is_used.then_some(NOW))
            }
            Effect::Disable(_) if !self.disables => Event::Disabled(false),
            Effect::Disable(key) => {
                invariant::taken_away(world, number(key));
                world
                    .keys
                    .iter_mut()
                    .filter(|one| one.number == number(key))
                    .for_each(|one| one.is_enabled = false);
                Event::Disabled(true)
            }
            Effect::Delete(key) => {
                invariant::taken_away(world, number(key));
                world.keys.retain(|one| one.number != number(key));
                Event::Deleted(key.clone())
            }
            Effect::Renew => trouble("not_renewable", true, false),
        }
    }

    fn asking(world: &World, worker: usize) -> Option<(Record, Effect)> {
        match &world.workers[worker] {
            Worker::Asks { seen, effect } => Some((seen.clone(), effect.clone())),
            _ => None,
        }
    }

    fn answer(world: &mut World, worker: usize, seen: Record, event: Event) {
        world.workers[worker] = Worker::Knows { seen, event };
    }

    /// A call whose caller does not wait any longer.
    fn give_up(world: &mut World, seen: &Record, effect: Effect, until: SignedDuration) {
        let changes = matches!(effect, Effect::Create | Effect::Disable(_) | Effect::Delete(_));
        if changes {
            let operation = seen.rotation.phase.operation().map(|operation| operation.id);
            world.late.push(Late { effect, operation, until: NOW + until });
        }
    }

    fn adopt(&self, world: &mut World, agent: usize) {
        let consumers = self.consumers();
        let version = world.agents[agent].holds;
        let record = &world.record;
        let receipt = (&consumers[agent], version);
        let adoption = adopt_of(self.mutant, &record.rotation, receipt, record.current, &consumers);
        let Adoption::Step(step) = adoption else { return };
        invariant::told(world, &step.rotation, &step.told);
        world.agents[agent].adopted = Some(version);
        world.record.rotation = step.rotation;
        world.record.current = step.promoted.map_or(world.record.current, |next| next.version);
    }

    fn import(&self, world: &mut World, number: u8) {
        let replaced = world.record.key(world.record.current);
        world.keys.iter_mut().filter(|key| key.number == replaced).for_each(|key| key.is_ours = false);
        world.record.rotation = imported_of(self.mutant, &world.record.rotation, &Self::schedule());
        world.record.versions.push(number);
        world.record.current = world.record.newest();
    }

    /// How long it is until something is due.
    pub(crate) fn until_due(world: &World) -> Option<SignedDuration> {
        let due = world.record.rotation.due.filter(|due| *due > NOW && *due < Timestamp::MAX)?;
        Some(due.duration_since(NOW))
    }

    /// Time passes. Who was about to ask the provider for something under a claim that is too old by now leaves it.
    fn pass(&self, world: &mut World, by: SignedDuration) {
        world.pass(by);
        for worker in &mut world.workers {
            let is_held_up = match worker {
                Worker::Asks { seen, .. } => !seen.rotation.claim.is_some_and(|claim| claim.may_begin(NOW)),
                _ => false,
            };
            if is_held_up && self.mutant != Some(Mutant::AsksThoughHeldUp) {
                *worker = Worker::Idle;
            }
        }
    }

    /// Whether everything comes to rest where nothing goes wrong any more, and no agent says anything.
    pub(crate) fn comes_to_rest(&self, world: &World) -> bool {
        let mut world = world.clone();
        for _ in 0..200 {
            if world.is_quiet() {
                return true;
            }
            let action = if !world.late.is_empty() {
                Action::Arrive(0)
            } else if let Some(worker) = (0..2).find(|worker| world.workers[*worker] != Worker::Idle) {
                match world.workers[worker] {
                    Worker::Asks { .. } => Action::Ask(worker),
                    _ => Action::Write(worker),
                }
            } else if is_free(self.mutant, &world.record.rotation) {
                Action::TakeUp(0)
            } else if Self::until_due(&world).is_some() {
                Action::Pass
            } else {
                return false;
            };
            self.act(&mut world, action);
        }
        false
    }

    fn act(&self, world: &mut World, action: Action) {
        match action {
            Action::TakeUp(worker) => self.take_up(world, worker, Event::Taken(Self::fresh(world))),
            Action::TakeUpInVain(worker) => {
                world.left.troubles -= 1;
                // The driver does not know either what a worker before it has asked for.
                self.take_up(world, worker, trouble("not_prepared", false, true));
            }
            Action::Write(worker) => self.write(world, worker),
            Action::Ask(worker) => {
                let Some((seen, effect)) = Self::asking(world, worker) else { return };
                let operation = seen.rotation.phase.operation().map(|operation| operation.id);
                let event = self.carry_out(world, &effect, operation);
                Self::answer(world, worker, seen, event);
            }
            Action::Miss(worker) => {
                let Some((seen, Effect::Probe(version))) = Self::asking(world, worker) else { return };
                world.left.misses -= 1;
                let tried = seen.key(version);
                world.keys.iter_mut().filter(|key| key.number == tried).for_each(|key| key.passed = 0);
                Self::answer(world, worker, seen, Event::Probed(false));
            }
            Action::Refuse(worker) => {
                let Some((seen, _)) = Self::asking(world, worker) else { return };
                world.left.refusals -= 1;
                Self::answer(world, worker, seen, trouble("refused", true, false));
            }
            Action::Lose(worker) => {
                let Some((seen, effect)) = Self::asking(world, worker) else { return };
                world.left.losses -= 1;
                Self::give_up(world, &seen, effect, LATE);
                Self::answer(world, worker, seen, trouble("answer_lost", false, true));
            }
            Action::Crash(worker) => {
                world.left.crashes -= 1;
                if let Some((seen, effect)) = Self::asking(world, worker) {
                    // It may have just begun.
                    let until = seen.rotation.claim.map_or(LATE, |claim| claim.until.duration_since(NOW));
                    Self::give_up(world, &seen, effect, until);
                }
                world.workers[worker] = Worker::Idle;
            }
            Action::Arrive(at) => {
                let Late { effect, operation, .. } = world.late.remove(at);
                self.carry_out(world, &effect, operation);
            }
            Action::Vanish(at) => {
                world.late.remove(at);
            }
            Action::Read(agent) => {
                let version = world.record.version_to_use();
                let before = world.agents[agent].holds;
                let adopted = world.agents[agent].adopted.filter(|adopted| *adopted == version);
                world.agents[agent] = Agent { holds: version, before, adopted };
            }
            Action::Adopt(agent) => self.adopt(world, agent),
            Action::GoBack(agent) => {
                world.left.flaps -= 1;
                world.agents[agent].holds = world.agents[agent].before;
            }
            Action::Want => {
                world.left.wants -= 1;
                if let Some(rotation) = wanted(&world.record.rotation, NOW) {
                    world.record.rotation = rotation;
                }
            }
            Action::Import => {
                world.left.imports -= 1;
                world.made += 1;
                let number = world.made;
                let key = Key { number, operation: None, is_ours: true, is_enabled: true, passed: PROBES };
                world.keys.push(key);
                self.import(world, number);
            }
            Action::ImportFormer => {
                let Some(former) = former(&world.record.rotation).map(number) else { return };
                world.left.imports -= 1;
                self.import(world, former);
                for key in world.keys.iter_mut().filter(|key| key.number == former) {
                    (key.is_ours, key.is_enabled) = (true, true);
                }
            }
            Action::Pass => {
                if world.is_in_hand() {
                    world.left.delays -= 1;
                }
                if let Some(by) = Self::until_due(world) {
                    self.pass(world, by);
                }
            }
            Action::Outage => {
                world.left.outages -= 1;
                self.pass(world, SignedDuration::from_hours(2));
            }
        }
    }
}

impl Model for Rotating {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let key =
            |number, is_ours| Key { number, operation: None, is_ours, is_enabled: true, passed: PROBES };
        let keys = if self.foreign { vec![key(1, true), key(FOREIGN, false)] } else { vec![key(1, true)] };
        let agent = Agent { holds: VersionNumber::FIRST, before: VersionNumber::FIRST, adopted: None };
        let rotation = Rotation::steady(NOW - SignedDuration::from_hours(24), Some(NOW));
        vec![World {
            record: Record { rotation, current: VersionNumber::FIRST, versions: vec![1] },
            keys,
            made: 1,
            workers: [Worker::Idle, Worker::Idle],
            late: Vec::new(),
            agents: vec![agent; usize::from(self.agents)],
            begun: 0,
            left: self.faults,
            untold: None,
            broken: None,
        }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        self.possible(world, actions);
    }

    fn next_state(&self, before: &World, action: Action) -> Option<World> {
        let mut world = before.clone();
        self.act(&mut world, action);
        let to_use = before.record.key(before.record.version_to_use());
        if to_use != world.record.key(world.record.version_to_use()) {
            world.untold = Some((to_use, NOW));
        }
        invariant::check(self, before, &mut world);
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        invariant::properties()
    }
}

fn trouble(code: &str, refused: bool, lost: bool) -> Event {
    Event::Trouble(Trouble { code: code.to_owned(), refused, lost, retry_after: None })
}
