//! What can go wrong at Google: each with its own outcome, none with a secret or Google's words in it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::*;
use deputize_broker::ports::minter::{MintError, Minter};
use deputize_http::Limits;
use deputize_testkit::stub::{Canned, Stub};
use deputize_testkit::time::FixedClock;

/// What a test looks at: the code of a refusal, or when to come back.
#[derive(Debug, PartialEq)]
enum Outcome {
    Refused(String),
    Unavailable(Option<u64>),
}

fn outcome(error: &MintError) -> Outcome {
    match error {
        MintError::Refused { code, .. } => Outcome::Refused(code.clone()),
        MintError::Unavailable { retry_after, .. } => {
            Outcome::Unavailable(retry_after.as_ref().map(Duration::as_secs))
        }
    }
}

fn refused(code: &str) -> Outcome {
    Outcome::Refused(code.to_owned())
}

const SOMETIME: Outcome = Outcome::Unavailable(None);

/// Has one of the calls answered so: the outcome, and how often it was asked.
async fn with(call: &'static str, answer: Canned) -> (Outcome, usize) {
    let (minter, stub) = federated().await;
    stub.answers(call, [answer]);
    let error = minter.mint(&any_order()).await.unwrap_err();
    assert!(!told(&error).contains("canary"), "{}", told(&error));
    (outcome(&error), stub.asked(call).len())
}

const EXCHANGE: &str = "/v1/token";
const IMPERSONATION: &str = ":generateAccessToken";

fn oauth(status: u16, code: &str) -> Canned {
    Canned::json(status, format!(r#"{{"error":"{code}","error_description":"canary quoted"}}"#))
}

fn api(status: u16, code: &str) -> Canned {
    let body = format!(r#"{{"error":{{"code":{status},"message":"canary quoted","status":"{code}"}}}}"#);
    Canned::json(status, body)
}

#[tokio::test]
async fn a_refusal_is_told_with_googles_code_and_asked_for_once() {
    for (answer, code) in [
        (oauth(400, "invalid_grant"), "invalid_grant"),
        (oauth(401, "invalid_client"), "invalid_client"),
        (oauth(403, "unauthorized_client"), "unauthorized_client"),
        (api(404, "NOT_FOUND"), "NOT_FOUND"),
        (Canned::json(400, "canary"), "unknown"),
        (oauth(400, "canary in words"), "unknown"),
    ] {
        assert_eq!(with(EXCHANGE, answer).await, (refused(code), 1));
    }
    for (answer, code) in [
        (api(400, "INVALID_ARGUMENT"), "INVALID_ARGUMENT"),
        (api(401, "UNAUTHENTICATED"), "UNAUTHENTICATED"),
        (api(403, "PERMISSION_DENIED"), "PERMISSION_DENIED"),
        (api(404, "NOT_FOUND"), "NOT_FOUND"),
    ] {
        assert_eq!(with(IMPERSONATION, answer).await, (refused(code), 1));
    }
}

#[tokio::test]
async fn trouble_is_tried_again_and_then_passed_on() {
    for call in [EXCHANGE, IMPERSONATION] {
        for status in [500, 502, 503] {
            assert_eq!(with(call, api(status, "UNAVAILABLE")).await, (SOMETIME, 3));
        }
        assert_eq!(with(call, Canned::BrokenOff).await, (SOMETIME, 3));
        let throttled = api(429, "RESOURCE_EXHAUSTED").with("retry-after", "7");
        // Longer than a call would wait: the caller is told.
        assert_eq!(with(call, throttled).await, (Outcome::Unavailable(Some(7)), 1));
    }
}

#[tokio::test]
async fn silence_ends() {
    let (_, stub) = federated().await;
    let attempt = Duration::from_millis(500);
    let limits = Limits { attempt, ..Limits::default() };
    let google = google_within(limits, &stub.url, Arc::new(FixedClock(NOW.parse().unwrap())));
    let minter = federated_by(google, Identity(Ok("canary-identity")));
    stub.answers(IMPERSONATION, [Canned::Silence]);
    let error = minter.mint(&any_order()).await.unwrap_err();
    assert_eq!((outcome(&error), stub.asked(IMPERSONATION).len()), (SOMETIME, 3));
    assert!(told(&error).contains("gave no answer in time"), "{}", told(&error));
}

#[tokio::test]
async fn trouble_that_passes_goes_unnoticed() {
    let (minter, stub) = federated().await;
    stub.answers(EXCHANGE, [oauth(503, "unavailable"), federated_token()]);
    stub.answers(IMPERSONATION, [Canned::BrokenOff, api(500, "INTERNAL"), generated("canary", LATER)]);
    minter.mint(&any_order()).await.unwrap();
    assert_eq!((stub.asked(EXCHANGE).len(), stub.asked(IMPERSONATION).len()), (2, 3));
}

#[tokio::test]
async fn an_answer_that_is_none_is_not_believed() {
    let huge = format!(r#"{{"accessToken":"canary","padding":"{}"}}"#, "x".repeat(3_000_000));
    for call in [EXCHANGE, IMPERSONATION] {
        for answer in [
            Canned::Answer(200, "text/html", Vec::new(), b"<html>canary</html>".to_vec()),
            Canned::json(200, r#"{"canary":true}"#),
            Canned::json(200, "canary"),
            Canned::json(200, huge.clone()),
            Canned::json(302, "{}").with("location", "/elsewhere"),
        ] {
            assert_eq!(with(call, answer).await, (SOMETIME, 1));
        }
    }
}

#[tokio::test]
async fn a_token_that_has_ended_or_does_not_say_when_is_not_passed_on() {
    for ends in ["2026-11-23T05:59:59Z", NOW, "canary", ""] {
        assert_eq!(with(IMPERSONATION, generated("canary-token", ends)).await, (SOMETIME, 1), "{ends}");
    }
    for expires_in in [None, Some(0), Some(-1), Some(i64::MAX)] {
        assert_eq!(with(EXCHANGE, exchanged("canary-token", expires_in)).await, (SOMETIME, 1));
    }
}

#[tokio::test]
async fn a_clock_that_is_five_minutes_off_changes_nothing_but_tokens_about_to_end() {
    for (now, ends, minted) in [
        ("2026-11-23T05:55:00Z", LATER, true),
        ("2026-11-23T06:05:00Z", LATER, true),
        // By this clock it has ended.
        ("2026-11-23T06:05:00Z", "2026-11-23T06:04:59Z", false),
    ] {
        let stub = Stub::start().await.unwrap();
        stub.answers(EXCHANGE, [federated_token()]);
        stub.answers(IMPERSONATION, [generated("canary", ends)]);
        let google = google_at(&stub.url, Arc::new(FixedClock(now.parse().unwrap())));
        let answer = federated_by(google, Identity(Ok("canary-identity"))).mint(&any_order()).await;
        match answer {
            Ok(given) => assert!(minted && given.outcome.expires_at.to_string() == ends),
            Err(error) => assert!(!minted && outcome(&error) == SOMETIME, "{error:?}"),
        }
    }
}

#[tokio::test]
async fn a_place_that_is_not_google_gets_no_token() {
    // It speaks no TLS at all, as a captive portal does not; certificates are looked at in deputize-http.
    let stub = Stub::start().await.unwrap();
    let google =
        google_at(&stub.url.replacen("http", "https", 1), Arc::new(FixedClock(NOW.parse().unwrap())));
    let error = federated_by(google, Identity(Ok("canary-identity"))).mint(&any_order()).await.unwrap_err();
    assert!(told(&error).contains("could not be trusted"), "{}", told(&error));
    assert!(stub.asked("").is_empty());
}

#[tokio::test]
async fn who_the_broker_is_may_be_refused_or_not_to_be_had() {
    for (problem, expected) in [("AccessDenied", refused("AccessDenied")), ("", SOMETIME)] {
        let stub = Stub::start().await.unwrap();
        let error = federated_at(&stub, Identity(Err(problem))).mint(&any_order()).await.unwrap_err();
        assert_eq!(outcome(&error), expected);
        assert!(!told(&error).contains("canary"), "{}", told(&error));
        assert!(stub.asked("").is_empty());
    }
}

#[tokio::test]
async fn a_plan_of_another_cloud_is_not_carried_out() {
    use deputize_broker::decision::{AzurePlan, Plan};
    use deputize_scope::azure::Audience;

    let (minter, stub) = federated().await;
    let client_id = "00000000-0000-0000-0000-000000000000".parse().unwrap();
    let plan = Plan::AzureToken(AzurePlan { client_id, audience: Audience::Storage, secret: None });
    let mut order = any_order();
    order.plan = plan;
    assert_eq!(outcome(&minter.mint(&order).await.unwrap_err()), SOMETIME);
    assert!(stub.asked("").is_empty());
}
