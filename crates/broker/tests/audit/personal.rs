//! What may be about a person is taken out of an event whole, and put back whole.

use deputize_broker::audit::{AuditEvent, Kind, Personal, PersonalField};
use deputize_broker::caller::Actor;
use deputize_testkit::events::samples;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const PSEUDONYM: &str = "5f1c0a9e2b7d4c36";

/// The samples' persons, and what is written of them.
const PERSONAL: [&str; 6] =
    ["Jo", "jo.doe", "ada@example.com", "eve@example.com", "00112233445566ff", "4711"];

#[test]
fn an_event_without_its_personal_part_names_nobody() {
    for event in samples() {
        let (bare, personal) = event.clone().split_personal(PSEUDONYM);
        let json = serde_json::to_string(&bare).unwrap();
        // A token's own name in the event that it is made stands for nobody yet.
        let names_nobody =
            PERSONAL.iter().all(|name| !json.contains(name)) || event.what.kind() == Kind::TokenIssued;
        assert!(names_nobody, "{json}");
        assert_eq!(personal, Personal::of(&event));
        assert_eq!(personal.is_some(), json.contains(&format!("subject:{PSEUDONYM}")), "{json}");
        if matches!(event.by, Actor::Broker) && event.what.kind() != Kind::SignInFailed {
            assert_eq!(personal, None, "what Deputize does is about nobody");
        }
        let again: AuditEvent = serde_json::from_str(&json).unwrap();
        assert_eq!(again, bare);
    }
}

#[test]
fn what_was_taken_out_comes_back_from_json() {
    for event in samples() {
        let (mut bare, personal) = event.clone().split_personal(PSEUDONYM);
        if let Some(personal) = personal {
            let text = serde_json::to_string(&personal).unwrap();
            let personal: Personal = serde_json::from_str(&text).unwrap();
            bare.restore(personal.fields);
        }
        assert_eq!(bare, event);
    }
}

#[test]
fn what_is_none_of_the_events_fields_is_left_out() {
    let all = [
        (PersonalField::Identity, json!("mallory")),
        (PersonalField::Presented, json!(7)),
        (PersonalField::Purpose, json!("two\nlines")),
        (PersonalField::UsedFor, json!("x".repeat(1_000))),
        (PersonalField::Details, json!({ "share": 0.5 })),
    ];
    for event in samples().into_iter().filter(|event| matches!(event.by, Actor::Broker)) {
        let mut same = event.clone();
        same.restore(all.clone().into());
        assert_eq!(same, event);
    }
}

fn details() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![any::<i32>().prop_map(Value::from), "\\PC{0,20}".prop_map(Value::from)];
    let value = leaf.prop_recursive(2, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,8}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    prop::collection::btree_map("\\PC{1,12}", value, 0..6)
        .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>()))
}

proptest! {
    #[test]
    fn whatever_is_taken_out_comes_back(
        sample in prop::sample::select(samples()),
        identity in "\\PC{0,200}",
        presented in prop::option::of("\\PC{0,128}"),
        words in prop::option::of("[^\\p{Cc}]{1,256}"),
        details in details(),
        pseudonym in "[0-9a-f]{32}",
    ) {
        let mut json = serde_json::to_value(&sample).unwrap();
        let map = json.as_object_mut().unwrap();
        if map["by"]["actor"] == "caller" {
            map["by"]["identity"] = identity.into();
        }
        match sample.what.kind() {
            Kind::SignInFailed => drop(map.insert("presented".to_owned(), presented.into())),
            Kind::CredentialRequested => drop(map.insert("purpose".to_owned(), words.into())),
            Kind::UsageReported => drop(map.insert("details".to_owned(), details)),
            Kind::RotationStep if map["step"] == "adopted" => map["evidence"]["used_for"] = words.into(),
            _ => {}
        }
        let event: AuditEvent = serde_json::from_value(json).unwrap();
        let (mut bare, personal) = event.clone().split_personal(&pseudonym);
        prop_assert_eq!(&personal, &Personal::of(&event));
        // Of what was split there is nothing left but the pseudonym.
        if let Some(rest) = Personal::of(&bare) {
            prop_assert_eq!(rest.subject, format!("subject:{pseudonym}"));
            prop_assert_eq!(rest.fields.len(), 1);
        }
        if let Some(personal) = personal {
            bare.restore(serde_json::from_value::<Personal>(serde_json::to_value(personal).unwrap()).unwrap().fields);
        }
        prop_assert_eq!(bare, event);
    }
}
