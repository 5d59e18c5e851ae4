//! Every kind of event: its name, what it is at OCSF, what it evidences, what in it is personal, and that it happens.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod changes;
mod happening;
mod ocsf;
mod personal;

use std::collections::BTreeSet;

use deputize_broker::audit::{AuditEvent, Kind, reference};
use deputize_testkit::events::samples;
use serde_json::Value;

#[test]
fn there_is_a_sample_of_every_kind_and_it_goes_by_its_name() {
    for event in samples() {
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["event"], event.what.kind().name());
        assert_eq!(serde_json::to_value(event.what.kind()).unwrap(), json["event"]);
        assert_eq!(json["event"].as_str().unwrap().parse(), Ok(event.what.kind()));
        let again: AuditEvent = serde_json::from_value(json).unwrap();
        assert_eq!(again, event);
    }
    let seen: BTreeSet<Kind> = samples().iter().map(|event| event.what.kind()).collect();
    assert_eq!(seen, Kind::ALL.iter().copied().collect());
}

#[test]
fn every_kind_evidences_something_and_is_described_in_a_line() {
    for kind in Kind::ALL {
        assert!(!kind.controls().is_empty(), "{kind}");
        let description = kind.description();
        assert!(description.ends_with('.') && description.len() <= 120, "{kind}: {description}");
    }
}

#[test]
fn no_event_has_a_number_that_json_readers_differ_in() {
    fn check(value: &Value, event: &Value) {
        match value {
            Value::Number(number) => assert!(number.is_i64(), "{event}"),
            Value::Array(list) => list.iter().for_each(|value| check(value, event)),
            Value::Object(map) => map.values().for_each(|value| check(value, event)),
            Value::Null | Value::Bool(_) | Value::String(_) => {}
        }
    }
    for event in samples() {
        let json = serde_json::to_value(&event).unwrap();
        check(&json, &json);
    }
}

#[test]
fn the_committed_reference_is_the_generated_one() {
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/events.md");
    let committed = std::fs::read_to_string(committed).unwrap();
    assert!(committed == reference(), "`cargo xtask events` writes docs/events.md");
}
