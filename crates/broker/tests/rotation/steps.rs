//! Steps of the machine by themselves, that a provider of access keys does not lead to.

use std::collections::BTreeSet;

use deputize_broker::ports::rotation::{KeyId, ListedKey, OperationId};
use deputize_broker::rotation::machine::{Context, Effect, Event, Means, Step, Told, step};
use deputize_broker::rotation::state::{Making, Next, Operation};
use deputize_broker::rotation::{Phase, Reason, Rotation, Schedule, Severity, StepTaken};
use deputize_broker::stored::{Facts, VersionNumber};
use deputize_testkit::provider::abilities;
use jiff::{SignedDuration, Timestamp};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const OPERATION: OperationId = OperationId::from_u128(1);

/// A step of a credential whose key's id was never told.
fn step_of(rotation: &Rotation, event: Event, means: &Means) -> Step {
    let schedule = Schedule { every: 3_600, connector: None };
    let consumers = ["devops".parse().unwrap()];
    let context = Context { now: NOW, current: None, consumers: &consumers, schedule: &schedule, means };
    step(rotation, event, &context)
}

fn listing() -> Rotation {
    let operation =
        Operation { id: OPERATION, began: NOW, former: None, known: BTreeSet::new(), lost: false };
    let phase = Phase::Generating { operation, making: Making::Listing };
    Rotation { phase, ..Rotation::steady(NOW, Some(NOW)) }
}

fn keys(names: &[&str]) -> Event {
    Event::Listed(names.iter().map(|name| ListedKey { id: KeyId::new(*name), operation: None }).collect())
}

#[test]
fn a_key_whose_id_is_not_known_is_replaced_only_where_it_is_the_only_one() {
    let means = Means::Keys(abilities(true, false));
    let only = step_of(&listing(), keys(&["k1"]), &means);
    assert_eq!(only.effect, Some(Effect::Create));
    let former = only.rotation.phase.operation().and_then(|operation| operation.former.clone());
    assert_eq!(former, Some(KeyId::new("k1")));

    for names in [&[][..], &["k1", "k2"]] {
        let step = step_of(&listing(), keys(names), &means);
        assert_eq!(step.effect, None, "{names:?}");
        assert_eq!(step.told, Told::Alert(Severity::High, Reason::CurrentKeyUnknown));
        assert!(matches!(step.rotation.phase, Phase::Failed { reason: Reason::CurrentKeyUnknown }));
        assert_eq!(step.rotation.due, Some(NOW + SignedDuration::from_hours(1)));
    }
}

#[test]
fn a_rotation_whose_connector_is_gone_waits_for_it_and_says_so() {
    let gone = Means::Nobody(Reason::InvalidConnector);
    let waiting = step_of(&listing(), Event::Taken(OPERATION), &gone);
    assert_eq!(waiting.told, Told::Alert(Severity::High, Reason::InvalidConnector));
    assert_eq!(waiting.rotation.phase, listing().phase);
    assert!(waiting.rotation.due > Some(NOW));

    let back = Means::Keys(abilities(true, false));
    let again = step_of(&waiting.rotation, Event::Taken(OPERATION), &back);
    assert_eq!(again.effect, Some(Effect::List));
}

#[test]
fn an_answer_that_comes_too_late_changes_nothing() {
    let means = Means::Keys(abilities(true, false));
    let steady = Rotation::steady(NOW, Some(NOW));
    for event in [
        keys(&["k1"]),
        Event::Probed(true),
        Event::Used(Some(NOW)),
        Event::Disabled(true),
        Event::Deleted(KeyId::new("k1")),
    ] {
        let step = step_of(&steady, event.clone(), &means);
        assert_eq!(
            (step.rotation, step.effect, step.told),
            (steady.clone(), None, Told::Nothing),
            "{event:?}"
        );
    }
    let exchange = step_of(&steady, Event::Renewed, &Means::Exchange);
    assert_eq!(exchange.told, Told::Step(StepTaken::Completed));
}

#[test]
fn the_last_probe_of_a_new_key_does_not_pass_for_its_first_use() {
    let means = Means::Keys(abilities(true, true));
    let operation =
        Operation { id: OPERATION, began: NOW, former: None, known: BTreeSet::new(), lost: false };
    let facts = Facts::ApiKey { key_id: Some("k2".into()) };
    let next = Next { version: VersionNumber(2), key: KeyId::new("k2"), facts };
    let since = NOW - SignedDuration::from_mins(2);
    let deadline = NOW + SignedDuration::from_mins(3);
    let phase = Phase::Verifying { operation, next, since, deadline, adopted: BTreeSet::new() };
    let verifying = Rotation { phase, ..Rotation::steady(since, Some(NOW)) };
    for (used, is_evidence) in [(None, false), (Some(0), false), (Some(20), false), (Some(40), true)] {
        let at = used.map(|seconds| since + SignedDuration::from_secs(seconds));
        let step = step_of(&verifying, Event::Used(at), &means);
        assert_eq!(step.promoted.is_some(), is_evidence, "used {used:?} s after agents were told");
    }
}
