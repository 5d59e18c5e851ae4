//! Events as OCSF, held to what its documentation requires of them.

use deputize_broker::audit::ocsf::Sealed;
use deputize_broker::audit::{AuditEvent, Kind};
use deputize_testkit::events::samples;
use jsonschema::Validator;
use serde_json::{Value, json};

const ORIGIN: &str = "ledger.example.com/acme/2026";

fn schema() -> Validator {
    let schema = include_str!("../../../../tests/vectors/ledger/ocsf.schema.json");
    jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap()
}

fn sealed(event: &AuditEvent) -> Value {
    let recorded_at = "2026-11-24T02:00:05Z".parse().unwrap();
    Sealed { event, origin: ORIGIN, sequence: 41, recorded_at }.cloud_event()
}

#[test]
fn every_kind_is_a_cloud_event_with_an_event_of_ocsf_in_it() {
    let schema = schema();
    for event in samples() {
        let cloud_event = sealed(&event);
        let errors: Vec<_> = schema
            .iter_errors(&cloud_event)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}\n{cloud_event:#}");
        let kind = event.what.kind();
        assert_eq!(cloud_event["type"], format!("dev.deputize.{kind}.v1"));
        let data = &cloud_event["data"];
        assert_eq!(data["type_uid"], data["activity_id"].as_u64().unwrap() + 300_400);
        assert_eq!(data["metadata"]["uid"], event.id.to_string());
        assert_eq!(data["unmapped"]["event"], kind.name());
    }
}

#[test]
fn the_schema_refuses_what_lacks_anything_that_ocsf_requires() {
    let schema = schema();
    let whole = sealed(&samples()[0]);
    for path in [
        "/specversion",
        "/id",
        "/source",
        "/type",
        "/data/activity_id",
        "/data/category_uid",
        "/data/class_uid",
        "/data/entity",
        "/data/entity/uid",
        "/data/metadata",
        "/data/metadata/product",
        "/data/metadata/version",
        "/data/severity_id",
        "/data/time",
        "/data/type_uid",
        "/data/actor/user",
    ] {
        let mut without = whole.clone();
        let (parent, name) = path.rsplit_once('/').unwrap();
        let parent = without.pointer_mut(parent).and_then(Value::as_object_mut).unwrap();
        assert!(parent.remove(name).is_some(), "{path}");
        // An entity may be named by either.
        if path.ends_with("/uid") {
            parent.remove("name");
        }
        assert!(!schema.is_valid(&without), "{path}");
    }
    let mut other = whole;
    other["data"]["type_uid"] = json!(300_499);
    assert!(!schema.is_valid(&other));
}

#[test]
fn a_sealed_event_says_who_did_what_to_what() {
    let find = |kind: Kind| sealed(samples().iter().rfind(|event| event.what.kind() == kind).unwrap());
    let requested = find(Kind::CredentialRequested);
    assert_eq!(requested["time"], "2026-11-24T02:00:00.123456789Z");
    assert_eq!(requested["source"], ORIGIN);
    assert_eq!(requested["subject"], requested["data"]["entity"]["uid"]);
    let data = &requested["data"];
    assert_eq!(data["time"], 1_795_485_600_123_i64);
    assert_eq!(data["metadata"]["logged_time"], 1_795_485_605_000_i64);
    assert_eq!((&data["metadata"]["sequence"], &data["metadata"]["log_name"]), (&json!(41), &json!(ORIGIN)));
    assert_eq!(data["actor"]["user"]["name"], "devops");
    assert_eq!(data["comment"], "deploys version 12, for Jo");
    assert_eq!(data["unmapped"]["parent"], "01932f6e-2c00-7000-8000-000000000002");

    let scopes = &find(Kind::ScopesChanged)["data"];
    assert_eq!(
        (&scopes["entity"]["version"], &scopes["entity_result"]["version"]),
        (&json!("7"), &json!("8"))
    );
    assert_eq!(scopes["entity"]["type_id"], 5);

    let failed = &find(Kind::RotationFailed)["data"];
    assert_eq!((&failed["severity"], &failed["status_id"]), (&json!("Medium"), &json!(2)));
    assert_eq!(failed["actor"], json!({ "app_name": "Deputize" }));
    let anomaly = &find(Kind::LedgerAnomaly)["data"];
    assert_eq!((&anomaly["severity_id"], &anomaly["status_code"]), (&json!(4), &json!("entry_mismatch")));
}
