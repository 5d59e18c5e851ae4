//! What may happen in a world.

use deputize_broker::ports::rotation::KeyId;
use deputize_broker::rotation::machine::{Effect, wanted};
use deputize_broker::rotation::state::{Phase, Rotation};
use jiff::SignedDuration;

use crate::model::Rotating;
use crate::mutant::is_free;
use crate::world::{NOW, Worker, World, number};

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// A worker takes it up.
    TakeUp(usize),
    /// A worker takes it up, and cannot open what it needs.
    TakeUpInVain(usize),
    /// A worker writes down what it knows.
    Write(usize),
    /// A worker asks the provider, which does as it is asked.
    Ask(usize),
    /// A worker tries a key that does not work yet.
    Miss(usize),
    /// A worker asks the provider, which says no.
    Refuse(usize),
    /// A worker asks the provider, and hears nothing of it.
    Lose(usize),
    /// A worker dies; what it asks for is on its way.
    Crash(usize),
    /// What nobody waits for is carried out.
    Arrive(usize),
    /// What nobody waits for is never carried out.
    Vanish(usize),
    /// An agent reads the version to use.
    Read(usize),
    /// An agent says that it uses the version that it holds.
    Adopt(usize),
    /// An agent goes back to the version that it held before.
    GoBack(usize),
    /// An admin wants it renewed.
    Want,
    /// An admin imports a key that was made by hand.
    Import,
    /// An admin imports the former key again, while it is about to be taken away.
    ImportFormer,
    /// It is the next time at which something is due.
    Pass,
    /// Nobody does anything for two hours.
    Outage,
}

impl Rotating {
    /// What may happen next.
    pub(crate) fn possible(&self, world: &World, actions: &mut Vec<Action>) {
        if world.broken.is_some() {
            return;
        }
        (0..world.workers.len()).for_each(|worker| self.of_worker(world, worker, actions));
        (0..world.agents.len()).for_each(|agent| Self::of_agent(world, agent, actions));
        self.of_admin(world, actions);
        for at in 0..world.late.len() {
            actions.extend([Action::Arrive(at), Action::Vanish(at)]);
        }
        // What nobody waits for has come to an end before its time is over.
        let may_pass = |by: SignedDuration| world.late.iter().all(|late| late.until > NOW + by);
        let is_over = world.is_quiet() && world.begun >= world.left.rotations;
        let may_be_late = !world.is_in_hand() || world.left.delays > 0;
        if !is_over && may_be_late && Self::until_due(world).is_some_and(may_pass) {
            actions.push(Action::Pass);
        }
        if world.left.outages > 0
            && !is_over
            && !world.is_in_hand()
            && may_pass(SignedDuration::from_hours(2))
        {
            actions.push(Action::Outage);
        }
    }

    fn of_worker(&self, world: &World, worker: usize, actions: &mut Vec<Action>) {
        let left = world.left;
        match &world.workers[worker] {
            Worker::Idle => {
                // Which of two it is that takes it up makes no difference.
                let is_their_turn = worker == 0 || world.workers[0] != Worker::Idle;
                let may_begin =
                    world.begun < left.rotations || world.record.rotation.phase.operation().is_some();
                if is_their_turn && may_begin && is_free(self.mutant, &world.record.rotation) {
                    actions.push(Action::TakeUp(worker));
                    if left.troubles > 0 {
                        actions.push(Action::TakeUpInVain(worker));
                    }
                }
            }
            Worker::Knows { .. } => {
                actions.push(Action::Write(worker));
                if left.crashes > 0 {
                    actions.push(Action::Crash(worker));
                }
            }
            Worker::Asks { effect, .. } => {
                actions.push(Action::Ask(worker));
                if left.misses > 0 && matches!(effect, Effect::Probe(_)) {
                    actions.push(Action::Miss(worker));
                }
                if left.refusals > 0 {
                    actions.push(Action::Refuse(worker));
                }
                if left.losses > 0 {
                    actions.push(Action::Lose(worker));
                }
                if left.crashes > 0 {
                    actions.push(Action::Crash(worker));
                }
            }
        }
    }

    fn of_agent(world: &World, at: usize, actions: &mut Vec<Action>) {
        let agent = &world.agents[at];
        if agent.holds != world.record.version_to_use() {
            actions.push(Action::Read(at));
        }
        let is_told = world.record.rotation.phase.told() == Some(agent.holds);
        if is_told && agent.adopted != Some(agent.holds) {
            actions.push(Action::Adopt(at));
        }
        if world.left.flaps > 0 && agent.adopted.is_some() && agent.before != agent.holds {
            actions.push(Action::GoBack(at));
        }
    }

    fn of_admin(&self, world: &World, actions: &mut Vec<Action>) {
        let left = world.left;
        let rotation = &world.record.rotation;
        if left.wants > 0 && world.begun < left.rotations && wanted(rotation, NOW).is_some() {
            actions.push(Action::Want);
        }
        if left.imports > 0 && world.keys.len() < self.most_keys {
            actions.push(Action::Import);
        }
        // While the call is on its way that takes it away, nothing could help it.
        let is_asked = world.workers.iter().any(|worker| matches!(worker, Worker::Asks { .. }));
        let is_there = former(rotation).is_some_and(|former| world.key(number(former)).is_some());
        if left.imports > 0 && is_there && !is_asked && world.late.is_empty() {
            actions.push(Action::ImportFormer);
        }
    }
}

/// The key that is being taken away.
pub(crate) fn former(rotation: &Rotation) -> Option<&KeyId> {
    match &rotation.phase {
        Phase::Revoking { operation, .. } => operation.former.as_ref(),
        _ => None,
    }
}
