//! The JSON Schema is the one that is committed, and agrees with the reader: whatever the reader accepts, the
//! schema accepts; and what the reader alone refuses, only reading could find.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests share stands outside of test functions"
)]

use std::sync::LazyLock;

use deputize_scope::ScopeDocument;
use deputize_scope::document::{JSON_SCHEMA, json_schema};
use deputize_scope::finding::Code;
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};

/// What no schema can find: names that must be there or must not be there twice, bounds of durations, texts whose
/// form is more than a pattern.
const ONLY_BY_READING: &[Code] = &[
    Code::DuplicateCredential,
    Code::DuplicateIdentity,
    Code::DuplicateKey,
    Code::DurationOutOfBounds,
    Code::InvalidArn,
    Code::InvalidConnector,
    Code::InvalidDuration,
    Code::InvalidIssuer,
    Code::InvalidPermission,
    Code::InvalidResource,
    Code::InvalidServiceAccount,
    Code::InvalidSubject,
    Code::OperationShape,
    Code::StsPivot,
    Code::UnknownAgent,
];

static VALIDATOR: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::validator_for(json_schema().as_value()).unwrap());

fn full() -> Value {
    json!({
        "$schema": "https://example.com/schema/scope.json",
        "version": 1,
        "tenant": "acme",
        "defaults": {
            "max_duration": "1h",
            "budget": { "live_leases": 20 },
            "regions": ["us-east-1"],
            "aws": { "role": "arn:aws:iam::123456789012:role/agent-{agent}", "regions": "*", "external_id": "x-1" },
            "gcp": { "service_account": "agent-{agent}@acme-prod.iam.gserviceaccount.com" },
            "azure": { "client_id": "00000000-0000-0000-0000-000000000000" },
        },
        "agents": {
            "ops": {
                "identities": [
                    { "aws": "arn:aws:iam::111122223333:role/ops" },
                    { "oidc": { "issuer": "https://token.example.com", "subject": "ops" } },
                ],
                "budget": { "live_leases": 1, "per_minute": 2 },
                "scopes": [
                    {
                        "cloud": "aws",
                        "role": "arn:aws:iam::123456789012:role/x",
                        "external_id": "ab",
                        "regions": ["us-west-2"],
                        "permissions": ["s3:Get*"],
                        "resources": ["arn:aws:s3:::acme/*"],
                        "max_duration": "15m",
                    },
                    {
                        "cloud": "gcp",
                        "service_account": "agent-ops@acme-prod.iam.gserviceaccount.com",
                        "permissions": ["storage.objects.get"],
                        "resources": ["//storage.googleapis.com/projects/_/buckets/x"],
                        "max_duration": "60s",
                    },
                    {
                        "cloud": "azure",
                        "client_id": "00000000-0000-0000-0000-000000000000",
                        "permissions": ["Microsoft.Compute/*/read"],
                        "resources": ["/subscriptions/x"],
                        "max_duration": "1d",
                    },
                ],
            },
            "web": {},
        },
        "credentials": [
            {
                "id": "key", "type": "api_key", "agent": "ops", "risk": "low",
                "rotate": { "every": "7d", "connector": "a/b.yaml" },
            },
        ],
    })
}

/// Values to put in place of others: each is right somewhere.
fn values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(1.0),
        json!(1.5),
        json!(2_000_000),
        json!(""),
        json!("*"),
        json!("aws"),
        json!("gcp"),
        json!("ops"),
        json!("nobody"),
        json!("1h"),
        json!("13h"),
        json!("us-east-1"),
        json!("sts:AssumeRole"),
        json!("storage.objects.get"),
        json!("arn:aws:s3:::acme"),
        json!("arn:aws:iam::123456789012:role/agent-{agent}"),
        json!([]),
        json!(["*"]),
        json!(["us-east-1"]),
        json!({}),
        json!({ "every": "7d" }),
        json!({ "cloud": "aws", "permissions": ["*"] }),
        json!([{ "cloud": "azure", "permissions": ["*"] }]),
    ]
}

const NAMES: &[&str] =
    &["role", "client_id", "service_account", "regions", "permissions", "cloud", "x", "aws", "version"];

/// One change at a place of a value; places are numbered, so that any number is one.
fn change(value: &mut Value, at: &mut usize, name: &str, new: &Value) -> bool {
    if *at == 0 {
        match value {
            value if name == "replace" => *value = new.clone(),
            Value::Object(fields) if fields.contains_key(name) => drop(fields.remove(name)),
            Value::Object(fields) => drop(fields.insert(name.to_owned(), new.clone())),
            _ => {}
        }
        return true;
    }
    *at -= 1;
    match value {
        Value::Object(fields) => fields.values_mut().any(|value| change(value, at, name, new)),
        Value::Array(items) => items.iter_mut().any(|value| change(value, at, name, new)),
        _ => false,
    }
}

fn check_agreement(document: &Value) {
    let parsed = ScopeDocument::parse(&document.to_string());
    let valid = VALIDATOR.is_valid(document);
    if parsed.document.is_some() {
        assert!(valid, "read, but not valid: {document:#}\n{:?}", VALIDATOR.validate(document).err());
    } else if valid {
        assert!(
            parsed.findings.iter().all(|finding| ONLY_BY_READING.contains(&finding.code)),
            "valid, but not read: {document:#}\n{:#?}",
            parsed.findings
        );
    }
}

#[test]
fn the_committed_schema_is_the_generated_one() {
    let generated = serde_json::to_string_pretty(&json_schema()).unwrap() + "\n";
    if std::env::var_os("DEPUTIZE_UPDATE_SCHEMA").is_some() {
        let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schema/scope.json");
        return std::fs::write(committed, &generated).unwrap();
    }
    assert!(
        JSON_SCHEMA == generated,
        "DEPUTIZE_UPDATE_SCHEMA=1 cargo test -p deputize-scope writes schema/scope.json"
    );
}

#[test]
fn a_document_with_every_field_is_read_and_valid() {
    let document = full();
    let parsed = ScopeDocument::parse(&document.to_string());
    assert_eq!(parsed.findings, []);
    assert!(VALIDATOR.is_valid(&document), "{:?}", VALIDATOR.validate(&document).err());
    assert!(VALIDATOR.is_valid(&serde_json::to_value(parsed.document.unwrap()).unwrap()));
}

#[test]
fn the_example_is_valid() {
    let example = ScopeDocument::parse(include_str!("../../../examples/mission.yaml")).document.unwrap();
    let document = serde_json::to_value(example).unwrap();
    assert!(VALIDATOR.is_valid(&document), "{:?}", VALIDATOR.validate(&document).err());
}

#[test]
fn reader_and_schema_agree_on_every_single_change() {
    for new in values() {
        for name in NAMES.iter().chain([&"replace"]) {
            for place in 0.. {
                let mut document = full();
                if !change(&mut document, &mut place.clone(), name, &new) {
                    break;
                }
                if document != full() {
                    check_agreement(&document);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn reader_and_schema_agree_on_any_changes(
        changes in prop::collection::vec(
            (0..60usize, prop::sample::select(NAMES), prop::sample::select(values()), any::<bool>()), 1..4,
        )
    ) {
        let mut document = full();
        for (mut place, name, new, replace) in changes {
            change(&mut document, &mut place, if replace { "replace" } else { name }, &new);
        }
        check_agreement(&document);
    }
}
