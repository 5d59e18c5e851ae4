//! An event of every kind, and of those that look different from case to case, several.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a sample that is none fails its test")]

use deputize_broker::Role;
use deputize_broker::audit::{Anomaly, AuditEvent, Changes, Kind, What};
use deputize_broker::caller::Actor;
use deputize_scope::ScopeDocument;
use serde_json::{Value, json};

const ID: &str = "01932f6e-2c00-7000-8000-00000000000a";
const LEASE: &str = "01932f6e-2c00-7000-8000-000000000001";
const PARENT: &str = "01932f6e-2c00-7000-8000-000000000002";
const OPERATION: &str = "01932f6e-2c00-7000-8000-000000000003";
const AT: &str = "2026-11-24T02:00:00.123456789Z";
const LATER: &str = "2026-11-24T03:00:00Z";
const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const OTHER_HASH: &str = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752";

/// An event of every kind at least, each with all of its fields.
pub fn samples() -> Vec<AuditEvent> {
    let mut samples = Vec::new();
    for kind in Kind::ALL {
        for (number, fields) in fields(*kind).into_iter().enumerate() {
            let mut event = json!({ "event": kind.name() });
            event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            let what: What = serde_json::from_value(event).unwrap();
            let by = by(*kind, number);
            let (id, at) = (ID.parse().unwrap(), AT.parse().unwrap());
            samples.push(AuditEvent { id, tenant: "acme".parse().unwrap(), at, by, what });
        }
    }
    samples
}

/// Who does such things.
fn by(kind: Kind, number: usize) -> Actor {
    let agent = |identity: &str| Actor::Caller {
        role: Role::Agent { agent: "devops".parse().unwrap() },
        identity: identity.to_owned(),
    };
    let caller = |role, identity: &str| Actor::Caller { role, identity: identity.to_owned() };
    match kind {
        Kind::CredentialRequested
        | Kind::CredentialIssued
        | Kind::RequestRefused
        | Kind::CloudRefused
        | Kind::SecretRead
        | Kind::SecretReadRefused
        | Kind::UsageReported => agent("arn:aws:sts::111122223333:assumed-role/devops-runtime/jo.doe"),
        Kind::RotationStep if number > 0 => agent("https://login.example.com/#jo.doe@example.com"),
        Kind::ScopesChanged
        | Kind::LeaseRevoked
        | Kind::CredentialImported
        | Kind::RotationAsked
        | Kind::RotationScheduled
        | Kind::ConnectorChanged
        | Kind::PersonalDataErased => caller(Role::Admin, "https://login.example.com/#ada@example.com"),
        Kind::EvidenceExported => caller(Role::Auditor, "token:00112233445566ff"),
        Kind::LeaseAbandoned
        | Kind::LeaseExpired
        | Kind::CredentialVersionAdded
        | Kind::RefreshEnded
        | Kind::RefreshTokenReused
        | Kind::RotationStep
        | Kind::RotationFailed
        | Kind::RotationReminder
        | Kind::SigningKeyAdded
        | Kind::SigningKeyRetired
        | Kind::TokenIssued
        | Kind::SignInFailed
        | Kind::LedgerOpened
        | Kind::LedgerClosed
        | Kind::LedgerAnomaly => Actor::Broker,
    }
}

/// The fields of such events.
fn fields(kind: Kind) -> Vec<Value> {
    let stored = |fields: Value| {
        let mut all = json!({ "credential": "deploy-key", "agent": "devops" });
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        all
    };
    let leased = |fields: Value| {
        let mut all = json!({ "lease": LEASE, "agent": "devops" });
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        all
    };
    match kind {
        Kind::CredentialRequested => {
            let scope = json!({
                "target": "arn:aws:iam::123456789012:role/agent-devops",
                "permissions": ["ecs:DescribeServices"],
                "resources": ["*"],
                "regions": ["us-east-1"],
            });
            let whole = json!({ "kind": "aws_iam_role", "scope": scope, "scope_version": 7 });
            let mut narrowed = whole.clone();
            narrowed["parent"] = PARENT.into();
            narrowed["purpose"] = "deploys version 12, for Jo".into();
            vec![leased(whole), leased(narrowed)]
        }
        Kind::CredentialIssued => vec![leased(
            json!({ "expires_at": LATER, "session": format!("AROAEXAMPLE:{LEASE}"), "packed_policy_size": 12 }),
        )],
        Kind::RequestRefused => vec![json!({
            "agent": "devops", "wanted": "aws", "code": "outside_grant", "reason": "outside of the grant: iam:CreateUser",
        })],
        Kind::CloudRefused => vec![leased(json!({ "code": "AccessDenied" }))],
        Kind::LeaseAbandoned => vec![leased(json!({ "cause": "not_recorded" }))],
        Kind::LeaseExpired => vec![leased(json!({}))],
        Kind::LeaseRevoked => vec![leased(json!({ "effective_at": LATER }))],
        Kind::ScopesChanged => vec![
            json!({ "version": 1, "after": HASH, "changes": changes() }),
            json!({ "version": 8, "after": HASH, "before": OTHER_HASH, "changes": { "not_compared": "too_much" } }),
        ],
        Kind::CredentialImported => vec![stored(json!({ "kind": "api_key" }))],
        Kind::CredentialVersionAdded => {
            vec![stored(json!({ "version": 4, "replaced": 3, "cause": "refreshed", "lease": LEASE }))]
        }
        Kind::SecretRead => {
            vec![stored(json!({ "version": 4, "lease": LEASE })), stored(json!({ "version": 4 }))]
        }
        Kind::SecretReadRefused => {
            vec![json!({ "agent": "devops", "credential": "others-key", "code": "not_found" })]
        }
        Kind::RefreshEnded => vec![
            stored(json!({ "version": 4, "lease": LEASE })),
            stored(json!({ "version": 4, "trouble": "provider_unavailable" })),
        ],
        Kind::RefreshTokenReused => vec![stored(json!({ "version": 4, "lease": LEASE }))],
        Kind::RotationAsked => vec![stored(json!({}))],
        Kind::RotationStep => vec![
            stored(json!({
                "operation": OPERATION, "phase": "distributing", "step": "created", "version": 5, "key": "AKIAEXAMPLE",
            })),
            stored(json!({
                "operation": OPERATION, "phase": "verifying", "step": "adopted", "adopted_by": "devops", "version": 5,
                "evidence": { "used_at": AT, "used_for": "request 4711 of Jo" },
            })),
            stored(json!({
                "operation": OPERATION, "phase": "failed", "step": "rolled_back", "reason": { "code": "never_worked" },
            })),
            stored(
                json!({ "operation": OPERATION, "phase": "revoking", "step": "failed", "code": "throttled" }),
            ),
        ],
        Kind::RotationFailed => vec![stored(json!({
            "operation": OPERATION, "severity": "MEDIUM", "reason": { "code": "not_made", "provider": "AccessDenied" },
        }))],
        Kind::RotationReminder => {
            vec![stored(json!({ "severity": "MEDIUM", "reason": { "code": "no_connector" } }))]
        }
        Kind::RotationScheduled => {
            vec![stored(json!({ "every_seconds": 2_592_000, "connector": "connectors/example.yaml" }))]
        }
        Kind::ConnectorChanged => vec![json!({ "name": "connectors/example.yaml", "sha256": HASH })],
        Kind::SigningKeyAdded => {
            vec![
                json!({ "issuer": "https://broker.example.com", "key": "NzbLsXh8uDCcd", "signs_from": LATER }),
            ]
        }
        Kind::SigningKeyRetired => {
            vec![json!({ "issuer": "https://broker.example.com", "key": "NzbLsXh8uDCcd" })]
        }
        Kind::TokenIssued => vec![
            json!({ "token": "00112233445566ff", "holder": { "role": "agent", "agent": "devops" } }),
            json!({ "token": "00112233445566fe", "holder": { "role": "admin" } }),
        ],
        Kind::SignInFailed => vec![
            json!({
                "scheme": "oidc", "presented": "https://login.example.com/#eve@example.com", "code": "unknown_identity",
                "suppressed": 0,
            }),
            json!({ "scheme": "none", "code": "nothing_presented", "suppressed": 41 }),
        ],
        Kind::EvidenceExported => {
            vec![json!({ "control": "CC6.1", "from": AT, "to": LATER, "format": "csv" })]
        }
        Kind::PersonalDataErased => vec![json!({ "subject": "5f1c0a9e2b7d4c36" })],
        Kind::UsageReported => vec![
            json!({ "reported": "deploy.finished", "happened_at": AT }),
            json!({
                "reported": "tokens", "credential": "deploy-key", "lease": LEASE, "happened_at": AT,
                "details": { "by": "Jo", "calls": 3, "of": ["describe", { "list": -1 }] },
            }),
        ],
        Kind::LedgerOpened => {
            vec![
                json!({ "origin": "ledger.example.com/acme/2026", "key": "ledger.example.com/acme/2026+a1b2c3d4+AQID" }),
            ]
        }
        Kind::LedgerClosed => vec![json!({
            "origin": "ledger.example.com/acme/2026", "size": 1_234_567, "next": "ledger.example.com/acme/2027",
        })],
        Kind::LedgerAnomaly => {
            anomalies().iter().map(|anomaly| json!({ "anomaly": anomaly, "severity": "HIGH" })).collect()
        }
    }
}

fn changes() -> Changes {
    let text = "version: 1\ntenant: acme\nagents:\n  devops:\n    scopes:\n      - { cloud: aws, permissions: [\"s3:Get*\"], regions: [us-east-1] }\n";
    Changes::between(None, &ScopeDocument::parse(text).document.unwrap())
}

/// One of each.
fn anomalies() -> Vec<Anomaly> {
    let (id, hash, other) = (ID.to_owned(), HASH.to_owned(), OTHER_HASH.to_owned());
    vec![
        Anomaly::EventModified { id: id.clone(), before: hash.clone(), after: other.clone() },
        Anomaly::EventRemoved { id: id.clone(), sha256: hash.clone() },
        Anomaly::EventQuarantined {
            id: ID.to_owned(),
            sha256: hash.clone(),
            bytes: 17,
            reason: "expected value at line 1 column 1".to_owned(),
        },
        Anomaly::CheckpointBehind {
            origin: "deputize.example/acme/2026".to_owned(),
            remembered: 100,
            found: 99,
        },
        Anomaly::HistoryDiffers { at: "acme/2026/tile/0/000".to_owned() },
        Anomaly::EntryMismatch { origin: "deputize.example/acme/2026".to_owned(), sequence: 42 },
    ]
}
