//! Whatever two workers, a provider, agents and an admin do, in whatever order, and whatever goes wrong between any two
//! steps: what is promised of rotation holds after each of them.
//!
//! The state is small (one record, a few keys, two workers) and the faults are counted, so that all of it can be visited.
//! That is why this is a model for `stateright`, which visits every state breadth-first and shows the shortest way to what
//! is wrong, and not one for `proptest-state-machine`, which tries ways at random: the faults that matter here take a dozen
//! steps in one order out of thousands. Time passes by moving everything else into the past ([`world`]), so that the same
//! situation at another time is not another state. The machine's functions are called as they are; what is written after
//! the driver is its loop alone ([`model`]).
//!
//! The usual bounds take half a minute. `DEPUTIZE_DEEP=1` lets more go wrong on one way, and takes many minutes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod action;
mod invariant;
mod model;
mod mutant;
mod world;

use stateright::{Checker, Expectation, HasDiscoveries, Model as _};

use crate::action::Action;
use crate::model::Rotating;
use crate::mutant::Mutant;
use crate::world::{Faults, World};

/// One rotation, in which nothing goes wrong.
const CALM: Faults = Faults {
    rotations: 1,
    crashes: 0,
    losses: 0,
    refusals: 0,
    troubles: 0,
    misses: 0,
    flaps: 0,
    imports: 0,
    wants: 0,
    delays: 0,
    outages: 0,
};

/// One agent, and a provider that can do the least.
fn rotating(faults: Faults) -> Rotating {
    Rotating {
        agents: 1,
        labels: false,
        evidence: false,
        disables: true,
        most_keys: 3,
        foreign: false,
        faults,
        mutant: None,
    }
}

fn explored(model: Rotating) -> impl Checker<Rotating> {
    model.checker().threads(2).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join()
}

/// A promise that is broken, with the way there.
type Broken = (&'static str, Vec<(World, Option<Action>)>);

fn broken(checker: &impl Checker<Rotating>) -> Vec<Broken> {
    let properties = checker.model().properties();
    let is_promise = |name: &&'static str| {
        properties.iter().any(|one| one.name == *name && one.expectation == Expectation::Always)
    };
    let found = checker.discoveries().into_iter().filter(|(name, _)| is_promise(name));
    found.map(|(name, path)| (name, path.into_vec())).collect()
}

/// Visits everything, and shows the way to the first thing that is wrong.
fn holds(name: &str, model: Rotating) {
    let checker = explored(model);
    let (all, depth) = (checker.unique_state_count(), checker.max_depth());
    println!("{name}: {all} states, {} steps between them, {depth} deep", checker.state_count());
    if let Some((promise, path)) = broken(&checker).first() {
        let way: Vec<_> = path
            .iter()
            .map(|(world, action)| {
                format!("{:?} {:?}\n=> {action:?}", world.record.rotation.phase, world.keys)
            })
            .collect();
        panic!("{name}: not kept: {promise}\n{}", way.join("\n"));
    }
    checker.assert_any_discovery("a rotation is done");
    if checker.model().agents > 0 {
        checker.assert_any_discovery("a rotation is rolled back");
    }
}

#[test]
fn workers_die_and_calls_are_lost() {
    let faults = Faults { crashes: 1, losses: 1, ..CALM };
    holds("without labels", rotating(faults));
    holds("without labels, beside another's key", Rotating { foreign: true, ..rotating(faults) });
    holds("with labels", Rotating { labels: true, foreign: true, ..rotating(faults) });
    holds("two keys at most", Rotating { most_keys: 2, ..rotating(Faults { losses: 2, ..CALM }) });
    holds("keys that cannot be disabled", Rotating { disables: false, ..rotating(faults) });
    holds("no agents", Rotating { agents: 0, ..rotating(faults) });
    holds("nothing opens", rotating(Faults { troubles: 1, ..faults }));
}

#[test]
fn workers_come_back_late() {
    holds("one worker", rotating(Faults { delays: 1, crashes: 1, ..CALM }));
    holds("a lost call", rotating(Faults { delays: 1, losses: 1, ..CALM }));
    holds("two hours without any", rotating(Faults { outages: 1, losses: 1, ..CALM }));
}

#[test]
fn agents_are_slow_silent_or_go_back() {
    holds("two agents", Rotating { agents: 2, ..rotating(Faults { crashes: 1, flaps: 1, ..CALM }) });
    let evidence = Rotating { evidence: true, ..rotating(Faults { crashes: 1, flaps: 1, ..CALM }) };
    holds("the provider's evidence", evidence.clone());
    holds("evidence that is lost", Rotating { faults: Faults { losses: 1, ..CALM }, ..evidence });
}

#[test]
fn a_provider_says_no_or_not_yet() {
    holds("misses and refusals", rotating(Faults { misses: 2, refusals: 2, ..CALM }));
    holds("misses and a death", rotating(Faults { misses: 1, crashes: 1, ..CALM }));
    holds("three refusals", Rotating { labels: true, ..rotating(Faults { refusals: 3, losses: 1, ..CALM }) });
}

#[test]
fn an_admin_imports_and_asks_for_it_meanwhile() {
    holds("an import, a death", rotating(Faults { imports: 1, crashes: 1, ..CALM }));
    holds("an import, a lost call", rotating(Faults { imports: 1, losses: 1, ..CALM }));
    let labels = Rotating { labels: true, agents: 2, ..rotating(Faults { imports: 1, losses: 1, ..CALM }) };
    holds("an import, two agents", labels);
    holds("two rotations", rotating(Faults { rotations: 2, wants: 1, losses: 1, ..CALM }));
}

#[test]
fn two_workers_die_and_two_calls_are_lost() {
    let (crashes, losses) = if is_deep() { (2, 2) } else { (2, 1) };
    holds("two of each", rotating(Faults { crashes, losses, ..CALM }));
    if is_deep() {
        let labels = Rotating { labels: true, foreign: true, ..rotating(Faults { crashes, losses, ..CALM }) };
        holds("two of each, with labels", labels);
    }
}

#[test]
fn more_goes_wrong_on_one_way() {
    let admin = Faults { rotations: 2, imports: 1, wants: 1, ..CALM };
    holds("two rotations and an import", rotating(admin));
    if !is_deep() {
        return;
    }
    holds("two rotations, an import and a death", rotating(Faults { crashes: 1, ..admin }));
    let lost = Faults { losses: 1, ..admin };
    holds("two rotations, an import and a lost call", rotating(lost));
    holds("the same, with labels", Rotating { labels: true, ..rotating(lost) });
    let late = Faults { delays: 2, crashes: 1, losses: 1, ..CALM };
    holds("two late workers, a death, a lost call", rotating(late));
    let agents = Faults { crashes: 1, losses: 1, flaps: 2, misses: 1, ..CALM };
    holds("two agents that go back, a death, a lost call", Rotating { agents: 2, ..rotating(agents) });
    let evidence = Faults { crashes: 1, losses: 1, flaps: 1, delays: 1, ..CALM };
    holds("evidence, late", Rotating { evidence: true, ..rotating(evidence) });
}

fn is_deep() -> bool {
    std::env::var_os("DEPUTIZE_DEEP").is_some()
}

/// Each mutant, by which promise it is to be caught, and what has to go wrong for that.
const MUTANTS: [(Mutant, &str, Faults); 15] = [
    (Mutant::CreatesAgain, "never more than two keys", Faults { crashes: 1, ..CALM }),
    (Mutant::LooksTooSoon, "never more than two keys", Faults { losses: 1, ..CALM }),
    (Mutant::ForgetsWhatWasAsked, "never more than two keys", Faults { crashes: 1, troubles: 1, ..CALM }),
    (Mutant::AsksThoughHeldUp, "never more than two keys", Faults { delays: 1, ..CALM }),
    (Mutant::FirstAdoptionIsEnough, "nobody is cut off", CALM),
    (Mutant::RollsBackTheCurrent, "nobody is cut off", CALM),
    (Mutant::RollsBackAtOnce, "nobody is cut off", CALM),
    (Mutant::TakesBackWhatIsImported, "nobody is cut off", Faults { imports: 1, ..CALM }),
    (Mutant::ImportCutsOff, "nobody is cut off", Faults { imports: 1, ..CALM }),
    (Mutant::TellsBeforeProbes, "what is handed out was tried", CALM),
    (Mutant::LeavesTheSweepOut, "no orphan once quiet", Faults { losses: 1, imports: 1, ..CALM }),
    (Mutant::SweepsEverything, "keys of others are left alone", CALM),
    (Mutant::WritesBlindly, "each phase is told of, in order", Faults { delays: 1, ..CALM }),
    (Mutant::KeepsQuiet, "each phase is told of, in order", CALM),
    (Mutant::ClaimNeverLapses, "it comes to rest", Faults { crashes: 1, ..CALM }),
];

#[test]
fn a_machine_with_a_broken_step_is_found_out() {
    for (mutant, promise, faults) in MUTANTS {
        let agents = if mutant == Mutant::FirstAdoptionIsEnough { 2 } else { 1 };
        let right = Rotating { agents, foreign: true, most_keys: 4, ..rotating(faults) };
        holds(&format!("what is right where {mutant:?} is wrong"), right.clone());
        let found = broken(&explored(Rotating { mutant: Some(mutant), ..right }));
        let ways: Vec<_> = found.iter().map(|(promise, path)| (*promise, path.len() - 1)).collect();
        println!("{mutant:?} does not keep: {ways:?}");
        assert!(ways.iter().any(|(broken, _)| *broken == promise), "{mutant:?} has to break: {promise}");
    }
}
