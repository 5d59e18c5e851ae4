//! What is written down of callers who are not let in, and of what is done beside issuing.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "shared with the tests of the rest of the API")]
mod fakes;

use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use deputize_broker::audit::{Control, ExportFormat, Report, SignInFailure, SignInScheme, What};
use deputize_broker::caller::Actor;
use deputize_broker::evidence::{Export, ExportError};
use deputize_broker::scopes::{Etag, Precondition};
use deputize_broker::usage::ReportError;
use deputize_broker::{CallerIdentity, Principal, Role};
use deputize_scope::AgentId;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use fakes::{DOCUMENT, Fixture, broker};

/// What an agent named `devops` may be asked, with this header.
async fn call(fixture: &Fixture, authorization: Option<&str>) -> StatusCode {
    let mut request = Request::builder().uri("/v1/agents/devops/scopes");
    if let Some(value) = authorization {
        request = request.header("authorization", value);
    }
    fixture.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
}

fn recorded(fixture: &Fixture) -> Vec<What> {
    std::mem::take(&mut *fixture.world.recorded.lock().unwrap())
}

fn agent(name: &str) -> AgentId {
    name.parse().unwrap()
}

fn principal(role: Role) -> Principal {
    Principal { tenant: "acme".parse().unwrap(), role, identity: "token:0011".to_owned() }
}

#[tokio::test]
async fn of_a_flood_of_failed_sign_ins_one_is_told() {
    let fixture = Fixture::new().await;
    let token = format!("Bearer dpt_{}_{}", "0".repeat(16), "f".repeat(64));
    assert_eq!(call(&fixture, Some(&token)).await, StatusCode::UNAUTHORIZED);
    for authorization in [None, Some("Basic eDp5"), Some(token.as_str()), Some("Bearer")] {
        assert_eq!(call(&fixture, authorization).await, StatusCode::UNAUTHORIZED);
    }
    let told = What::SignInFailed {
        scheme: SignInScheme::Token,
        presented: Some("token:0000000000000000".to_owned()),
        code: SignInFailure::UnknownIdentity,
        suppressed: 0,
    };
    assert_eq!(recorded(&fixture), [told]);
}

#[tokio::test]
async fn who_presents_nothing_is_told_of_without_a_name() {
    let fixture = Fixture::new().await;
    assert_eq!(call(&fixture, None).await, StatusCode::UNAUTHORIZED);
    let [What::SignInFailed { scheme, presented, code, suppressed }] = &recorded(&fixture)[..] else {
        panic!("one event, and of this kind")
    };
    assert_eq!((scheme, code, *suppressed), (&SignInScheme::None, &SignInFailure::NothingPresented, 0));
    assert_eq!(presented, &None);
}

#[tokio::test]
async fn a_failed_sign_in_that_cannot_be_written_down_is_still_a_failed_sign_in_and_is_counted() {
    let fixture = Fixture::new().await;
    fixture.world.outbox_is_full.store(true, Ordering::Relaxed);
    for _ in 0..3 {
        assert_eq!(call(&fixture, None).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(recorded(&fixture), []);
}

#[tokio::test]
async fn a_caller_who_is_known_is_told_of_by_no_failure() {
    let fixture = Fixture::new().await;
    assert_eq!(call(&fixture, Some(&format!("Bearer {}", fixture.devops))).await, StatusCode::OK);
    assert_eq!(recorded(&fixture), []);
}

#[tokio::test]
async fn a_long_name_that_a_gateway_proved_is_shortened() {
    let fixture = Fixture::behind_gateway().await;
    let subject = "s".repeat(1_000);
    let mut request = Request::builder().uri("/v1/agents/devops/scopes").body(Body::empty()).unwrap();
    let identity = CallerIdentity::Oidc { issuer: "https://login.example.com".to_owned(), subject };
    request.extensions_mut().insert(identity);
    assert_eq!(fixture.router.clone().oneshot(request).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let event = serde_json::to_value(recorded(&fixture).remove(0)).unwrap();
    assert_eq!(event["scheme"], "oidc");
    let presented = event["presented"].as_str().unwrap();
    assert!(presented.starts_with("https://login.example.com#sss"), "{presented}");
    assert_eq!(presented.len(), 128);
}

#[tokio::test]
async fn a_document_that_is_replaced_says_what_changes_in_words() {
    let fixture = Fixture::new().await;
    let more = DOCUMENT.replace("[ecs:DescribeServices]", "[ecs:DescribeServices, ecs:DescribeTasks]");
    let broker = broker(&fixture.world);
    broker.publish(Actor::Broker, more, Precondition::Any).await.unwrap();
    let events: Vec<Value> = fixture
        .world
        .published
        .lock()
        .unwrap()
        .iter()
        .map(|what| serde_json::to_value(what).unwrap())
        .collect();
    assert_eq!(events.len(), 2);
    let told = |event: &Value| event["changes"]["told"].as_array().unwrap().clone();
    assert!(
        told(&events[0]).iter().all(|line| line.as_str().unwrap().starts_with("+ devops: ")),
        "{events:?}"
    );
    let changes = told(&events[1]);
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert!(changes[0].as_str().unwrap().starts_with("+ devops: ecs:DescribeTasks on "), "{changes:?}");
    assert_eq!(events[1]["before"], events[0]["after"]);
}

#[tokio::test]
async fn where_the_document_before_cannot_be_read_that_is_said() {
    let fixture = Fixture::new().await;
    let broker = broker(&fixture.world);
    // Of another version of Deputize, say.
    let broken = "version: 2\n";
    if let Some((head, text)) = &mut *fixture.world.head.lock().unwrap() {
        (head.etag, *text) = (Etag::of(broken), broken.to_owned());
    }
    broker.publish(Actor::Broker, DOCUMENT.to_owned(), Precondition::Any).await.unwrap();
    let event = serde_json::to_value(fixture.world.published.lock().unwrap().last().unwrap()).unwrap();
    assert_eq!(event["changes"], json!({ "not_compared": "unreadable" }));
}

#[tokio::test]
async fn a_token_is_told_of_before_it_works_and_without_its_secret() {
    let fixture = Fixture::new().await;
    let broker = broker(&fixture.world);
    let token = broker.issue_token(Actor::Broker, Role::Auditor).await.unwrap();
    assert_eq!(call(&fixture, Some(&format!("Bearer {}", token.reveal()))).await, StatusCode::OK);
    let events = recorded(&fixture);
    let secret = token.reveal().rsplit('_').next().unwrap();
    assert!(!serde_json::to_string(&events).unwrap().contains(secret));
    assert!(matches!(&events[..], [What::TokenIssued { holder: Role::Auditor, .. }]), "{events:?}");

    fixture.world.outbox_is_full.store(true, Ordering::Relaxed);
    let known = fixture.world.tokens.lock().unwrap().len();
    broker.issue_token(Actor::Broker, Role::Admin).await.unwrap_err();
    assert_eq!(fixture.world.tokens.lock().unwrap().len(), known);
}

#[tokio::test]
async fn an_agent_reports_of_what_is_its_own() {
    let fixture = Fixture::new().await;
    let broker = broker(&fixture.world);
    let report = |of: Value| {
        let mut report =
            json!({ "reported": "deploy", "happened_at": "2026-05-01T12:00:00Z", "details": { "n": 1 } });
        report.as_object_mut().unwrap().extend(of.as_object().unwrap().clone());
        serde_json::from_value::<Report>(report).unwrap()
    };
    let devops = principal(Role::Agent { agent: agent("devops") });
    broker.report(&devops, report(json!({}))).await.unwrap();
    let [What::UsageReported { report: told }] = &recorded(&fixture)[..] else {
        panic!("one event, and of this kind")
    };
    assert_eq!(*told, report(json!({})));
    for others in
        [json!({ "lease": "01932f6e-2c00-7000-8000-000000000001" }), json!({ "credential": "others-key" })]
    {
        let error = broker.report(&devops, report(others)).await.unwrap_err();
        assert!(matches!(error, ReportError::NotFound), "{error:?}");
    }
    assert_eq!(recorded(&fixture), []);
}

#[tokio::test]
async fn evidence_is_for_auditors_and_its_export_is_told_of() {
    let fixture = Fixture::new().await;
    let broker = broker(&fixture.world);
    let export = || Export {
        control: Control::Cc6_1,
        from: "2026-01-01T00:00:00Z".parse().unwrap(),
        to: "2026-07-01T00:00:00Z".parse().unwrap(),
        format: ExportFormat::Csv,
    };
    let devops = principal(Role::Agent { agent: agent("devops") });
    let error = broker.export_evidence(&devops, export()).await.unwrap_err();
    assert!(matches!(error, ExportError::Forbidden));
    assert_eq!(recorded(&fixture), []);
    broker.export_evidence(&principal(Role::Auditor), export()).await.unwrap();
    assert!(matches!(recorded(&fixture)[..], [What::EvidenceExported { control: Control::Cc6_1, .. }]));
}
