//! What is checked after every step.

use deputize_broker::rotation::machine::Told;
use deputize_broker::rotation::state::{Phase, PhaseName, Rotation};
use stateright::Property;

use crate::model::{ADOPTION, FOREIGN, PROBES, Rotating};
use crate::world::{Invariant, NOW, World};

/// Of how many worlds one is followed to its rest.
const ONE_OF: u64 = 64;

/// One property for each invariant, and one for each thing that has to happen somewhere, or nothing would be tried.
pub(crate) fn properties() -> Vec<Property<Rotating>> {
    vec![
        Property::always("who reads gets a version that works", |_, world: &World| {
            holds(world, Invariant::Works)
        }),
        Property::always("never more than two keys", |_, world: &World| holds(world, Invariant::TwoKeys)),
        Property::always("what is handed out was tried", |_, world: &World| holds(world, Invariant::Tried)),
        Property::always("nobody is cut off", |_, world: &World| holds(world, Invariant::NotCutOff)),
        Property::always("keys of others are left alone", |_, world: &World| {
            holds(world, Invariant::LeavesOthersAlone)
        }),
        Property::always("no orphan once quiet", |_, world: &World| holds(world, Invariant::NoOrphan)),
        Property::always("each phase is told of, in order", |_, world: &World| holds(world, Invariant::Told)),
        Property::always("it comes to rest", |_, world: &World| holds(world, Invariant::Rests)),
        Property::sometimes("a rotation is done", |_, world: &World| {
            world.is_quiet() && matches!(world.record.rotation.phase, Phase::Steady) && world.begun > 0
        }),
        Property::sometimes("a rotation is rolled back", |_, world: &World| {
            world.is_quiet() && matches!(world.record.rotation.phase, Phase::Failed { .. })
        }),
    ]
}

fn holds(world: &World, invariant: Invariant) -> bool {
    world.broken != Some(invariant)
}

/// What holds whatever happens.
pub(crate) fn check(model: &Rotating, before: &World, world: &mut World) {
    if world.broken.is_none() {
        world.broken = broken(model, before, world);
    }
}

fn broken(model: &Rotating, before: &World, world: &World) -> Option<Invariant> {
    let to_use = world.record.key(world.record.version_to_use());
    if !world.works(to_use) {
        return Some(Invariant::Works);
    }
    if world.keys.iter().filter(|key| key.is_ours).count() > 2 {
        return Some(Invariant::TwoKeys);
    }
    let is_another = to_use != before.record.key(before.record.version_to_use());
    if is_another && world.key(to_use).is_some_and(|key| key.passed < PROBES) {
        return Some(Invariant::Tried);
    }
    if model.foreign && !world.works(FOREIGN) {
        return Some(Invariant::LeavesOthersAlone);
    }
    if world.is_quiet() {
        let current = world.record.key(world.record.current);
        let mut ours = world.keys.iter().filter(|key| key.is_ours);
        if !ours.all(|key| key.number == current && key.is_enabled) {
            return Some(Invariant::NoOrphan);
        }
    }
    let is_one_of = std::hash::BuildHasher::hash_one(&Fixed::default(), world) % ONE_OF == 0;
    if is_one_of && !model.comes_to_rest(world) {
        return Some(Invariant::Rests);
    }
    None
}

type Fixed = std::hash::BuildHasherDefault<std::hash::DefaultHasher>;

/// A key that works is about to be taken away.
pub(crate) fn taken_away(world: &mut World, key: u8) {
    if !world.works(key) {
        return;
    }
    let is_current = world.record.key(world.record.current) == key;
    let is_given_up = matches!(world.record.rotation.phase, Phase::RollingBack { .. })
        && world.untold.is_none_or(|(untold, since)| untold != key || since + ADOPTION <= NOW);
    let uses_it = world.agents.iter().any(|agent| {
        let told = |version| world.record.key(version) == key;
        told(agent.holds) && agent.adopted.is_none_or(told)
    });
    if is_current || uses_it && !is_given_up {
        world.broken = Some(Invariant::NotCutOff);
    } else if world.key(key).is_some_and(|key| !key.is_ours) {
        world.broken = Some(Invariant::LeavesOthersAlone);
    }
}

/// The rotation is about to be written down, and this told of it.
pub(crate) fn told(world: &mut World, after: &Rotation, told: &Told) {
    let (from, to) = (world.record.rotation.phase.name(), after.phase.name());
    let follows = match (from, to) {
        (PhaseName::Steady | PhaseName::Failed, PhaseName::Generating | PhaseName::Failed)
        | (PhaseName::Generating, PhaseName::Distributing | PhaseName::RollingBack | PhaseName::Failed)
        | (PhaseName::Distributing, PhaseName::Verifying | PhaseName::Revoking | PhaseName::RollingBack)
        | (PhaseName::Verifying, PhaseName::Revoking | PhaseName::RollingBack)
        | (PhaseName::Revoking, PhaseName::Steady)
        | (PhaseName::RollingBack, PhaseName::Steady | PhaseName::Failed) => *told != Told::Nothing,
        _ => from == to,
    };
    if !follows {
        world.broken = Some(Invariant::Told);
    }
}
