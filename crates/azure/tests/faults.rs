//! What can go wrong at Microsoft: each with its own outcome, none with a secret or Microsoft's words in it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::*;
use deputize_azure::{AzureMinter, FederatedCredential};
use deputize_broker::Clock;
use deputize_broker::ports::minter::{MintError, Minter};
use deputize_host::SystemClock;
use deputize_http::Limits;
use deputize_testkit::stub::Canned;
use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;

/// What a test looks at: the code of a refusal, or when to come back.
#[derive(Debug, PartialEq)]
enum Outcome {
    Refused(String),
    Unavailable(Option<u64>),
}

fn outcome(error: &MintError) -> Outcome {
    assert!(!told(error).contains("canary"), "{}", told(error));
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

/// Has Entra answer so: the outcome, and how often it was asked.
async fn with_entra(answer: Canned) -> (Outcome, usize) {
    let stub = stub().await;
    stub.answers(ENTRA, [answer]);
    let error = federated(&stub).mint(&order()).await.unwrap_err();
    (outcome(&error), stub.asked(ENTRA).len())
}

/// Has the machine answer so.
async fn with_machine(answer: Canned) -> (Outcome, usize) {
    let stub = stub().await;
    stub.answers(IMDS, [answer]);
    let error = managed(&stub).mint(&order()).await.unwrap_err();
    (outcome(&error), stub.asked(IMDS).len())
}

#[tokio::test]
async fn a_refusal_of_entra_is_told_by_its_number() {
    for (answer, code) in [
        (aadsts(400, "unauthorized_client", 700_016), "AADSTS700016"),
        (aadsts(401, "invalid_client", 7_000_215), "AADSTS7000215"),
        (aadsts(400, "invalid_grant", 50_173), "AADSTS50173"),
        (aadsts(403, "access_denied", 53_003), "AADSTS53003"),
        (aadsts(404, "invalid_request", 90_002), "AADSTS90002"),
        (Canned::json(400, r#"{"error":"invalid_grant","error_description":"canary"}"#), "invalid_grant"),
        (Canned::json(400, r#"{"error":"canary in words"}"#), "unknown"),
        (Canned::Answer(403, "text/html", Vec::new(), b"<html>canary".to_vec()), "unknown"),
    ] {
        assert_eq!(with_entra(answer).await, (refused(code), 1));
    }
}

/// What Entra says while a federated credential is not known everywhere, and of an assertion out of its time.
const NOT_YET: [u32; 5] = [70_021, 700_211, 700_212, 700_213, 700_024];

#[tokio::test]
async fn a_credential_that_is_not_known_everywhere_yet_is_no_refusal() {
    for number in NOT_YET {
        let unknown = || aadsts(400, "invalid_client", number);
        assert_eq!(with_entra(unknown()).await, (Outcome::Unavailable(Some(30)), 3), "{number}");
        // Another machine of Entra's knows it.
        let stub = stub().await;
        stub.answers(ENTRA, [unknown(), entra_token("canary", 3_599)]);
        federated(&stub).mint(&order()).await.unwrap();
        assert_eq!(stub.asked(ENTRA).len(), 2, "{number}");
    }
}

#[tokio::test]
async fn what_is_never_known_is_asked_for_as_long_as_there_is_time_and_no_longer() {
    // Nothing but the time would end it.
    let limits = Limits {
        attempts: u32::MAX,
        total: Duration::from_secs(2),
        retries_per_minute: u32::MAX,
        ..Limits::default()
    };
    let mut all = JoinSet::new();
    for number in NOT_YET {
        all.spawn(async move {
            let stub = stub().await;
            stub.answers(ENTRA, [aadsts(400, "invalid_client", number)]);
            let caller = caller_with(limits, Arc::new(SystemClock::start()));
            let source = federation(&stub, Broker(Ok("canary-assertion")));
            let error = AzureMinter::service_principal(caller, source).mint(&order()).await.unwrap_err();
            assert_eq!(outcome(&error), Outcome::Unavailable(Some(30)), "{number}");
        });
    }
    all.join_all().await;
}

#[tokio::test]
async fn trouble_is_tried_again_and_then_passed_on() {
    for status in [500, 502, 503] {
        assert_eq!(with_entra(Canned::json(status, "canary")).await, (SOMETIME, 3));
        assert_eq!(with_machine(Canned::json(status, "canary")).await, (SOMETIME, 3));
    }
    assert_eq!(with_entra(aadsts(400, "temporarily_unavailable", 90_033)).await, (SOMETIME, 3));
    assert_eq!(with_entra(Canned::BrokenOff).await, (SOMETIME, 3));
    assert_eq!(with_machine(Canned::BrokenOff).await, (SOMETIME, 3));
    let throttled = || Canned::json(429, "{}").with("retry-after", "7");
    assert_eq!(with_entra(throttled()).await, (Outcome::Unavailable(Some(7)), 1));
    assert_eq!(with_machine(throttled()).await, (Outcome::Unavailable(Some(7)), 1));
}

#[tokio::test]
async fn a_machines_refusals_are_told_apart_from_its_setting_up() {
    let body = r#"{"error":"invalid_request","error_description":"canary: Identity not found"}"#;
    assert_eq!(with_machine(Canned::json(400, body)).await, (refused("invalid_request"), 1));
    let body = r#"{"statusCode":403,"message":"canary"}"#;
    assert_eq!(with_machine(Canned::json(403, body)).await, (refused("unknown"), 1));
    for status in [404, 410] {
        assert_eq!(with_machine(Canned::json(status, "canary")).await, (SOMETIME, 3));
    }
}

#[tokio::test]
async fn silence_ends() {
    let stub = stub().await;
    stub.answers(ENTRA, [Canned::Silence]);
    let source = federation(&stub, Broker(Ok("canary-assertion")));
    let error = AzureMinter::service_principal(hurried(), source).mint(&order()).await.unwrap_err();
    assert_eq!((outcome(&error), stub.asked(ENTRA).len()), (SOMETIME, 3));
    assert!(told(&error).contains("gave no answer in time"), "{}", told(&error));

    stub.answers(IMDS, [Canned::Silence]);
    let error = AzureMinter::managed_identity(hurried(), machine(&stub)).mint(&order()).await.unwrap_err();
    assert_eq!((outcome(&error), stub.asked(IMDS).len()), (SOMETIME, 3));
}

#[tokio::test]
async fn an_answer_that_is_none_is_not_believed() {
    let padded = format!(r#"{{"access_token":"canary","padding":"{}"}}"#, "x".repeat(3_000_000));
    for answer in [
        Canned::Answer(200, "text/html", Vec::new(), b"<html>canary</html>".to_vec()),
        Canned::json(200, "canary"),
        Canned::json(200, r#"{"access_token":7}"#),
        Canned::json(200, padded),
        Canned::json(302, "{}").with("location", "/elsewhere"),
    ] {
        assert_eq!(with_entra(answer.clone()).await, (SOMETIME, 1), "{answer:.99?}");
        assert_eq!(with_machine(answer).await, (SOMETIME, 1));
    }
    // Entra's crate takes an absent token for an empty one.
    assert_eq!(with_entra(Canned::json(200, r#"{"expires_in":3599}"#)).await, (SOMETIME, 1));
}

#[tokio::test]
async fn a_token_that_has_ended_or_does_not_say_when_is_not_passed_on() {
    for expires_in in [0, -1] {
        assert_eq!(with_entra(entra_token("canary", expires_in)).await, (SOMETIME, 1));
    }
    assert_eq!(with_entra(Canned::json(200, r#"{"access_token":"canary"}"#)).await, (SOMETIME, 1));
    for expires_on in ["1700000000", "0", "11/23/2026 07:00:00 AM +00:00", ""] {
        assert_eq!(with_machine(machine_token("canary", expires_on)).await, (SOMETIME, 1), "{expires_on}");
    }
}

/// The machine's clock, off by so much.
struct Off(SignedDuration);

impl Clock for Off {
    fn now(&self) -> Timestamp {
        SystemClock::start().now().checked_add(self.0).unwrap()
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

#[tokio::test]
async fn a_clock_that_is_five_minutes_off_changes_nothing_but_tokens_about_to_end() {
    for (minutes, expires_in, minted) in [(-5, 3_599, true), (5, 3_599, true), (5, 240, false)] {
        let stub = stub().await;
        stub.answers(ENTRA, [entra_token("canary", expires_in)]);
        let caller = caller_with(Limits::default(), Arc::new(Off(SignedDuration::from_mins(minutes))));
        let source = federation(&stub, Broker(Ok("canary-assertion")));
        let answer = AzureMinter::service_principal(caller, source).mint(&order()).await;
        assert_eq!(answer.is_ok(), minted, "{answer:?}");
    }
}

#[tokio::test]
async fn a_place_that_is_not_microsoft_gets_no_assertion() {
    let stub = stub().await;
    // It speaks no TLS at all, as a captive portal does not; certificates are looked at in deputize-http.
    let entra = entra_at(&stub.url.replacen("http", "https", 1));
    let source = FederatedCredential::new(entra, Arc::new(Broker(Ok("canary-assertion"))), None);
    let minter = AzureMinter::service_principal(caller(), Arc::new(source));
    let error = minter.mint(&order()).await.unwrap_err();
    assert_eq!(outcome(&error), SOMETIME);
    assert!(told(&error).contains("could not be trusted"), "{}", told(&error));
    assert!(stub.asked("").is_empty());
}

#[tokio::test]
async fn a_denial_is_not_made_up_for_by_a_vault() {
    for (broker, entra, expected) in [
        (Ok("canary-assertion"), aadsts(400, "unauthorized_client", 700_016), refused("AADSTS700016")),
        (Ok("canary-assertion"), aadsts(400, "invalid_client", 70_021), Outcome::Unavailable(Some(30))),
        (Ok("canary-assertion"), Canned::json(200, "canary"), SOMETIME),
        (Err("AccessDenied"), aadsts(500, "unused", 1), refused("AccessDenied")),
    ] {
        let stub = stub().await;
        stub.answers(ENTRA, [entra]);
        let minter = AzureMinter::service_principal(caller(), federation(&stub, Broker(broker)));
        let error = minter.or_else(vault(&stub)).mint(&order()).await.unwrap_err();
        assert_eq!(outcome(&error), expected);
        assert!(stub.asked(VAULT).is_empty() && stub.asked(IMDS).is_empty());
    }
}

#[tokio::test]
async fn what_goes_wrong_at_a_vault_has_its_own_outcome() {
    let error = |status, code: &str| {
        Canned::json(status, format!(r#"{{"error":{{"code":"{code}","message":"canary quoted"}}}}"#))
    };
    for (answers, expected) in [
        (vec![challenge(), error(403, "Forbidden")], refused("Forbidden")),
        (vec![challenge(), error(404, "SecretNotFound")], refused("SecretNotFound")),
        (vec![challenge(), error(401, "Unauthorized")], refused("Unauthorized")),
        (vec![error(401, "Unauthorized")], refused("Unauthorized")),
        (vec![challenge(), error(429, "Throttled").with("retry-after", "9")], Outcome::Unavailable(Some(9))),
        (vec![error(503, "Unavailable")], SOMETIME),
        (vec![challenge(), Canned::json(200, "canary")], SOMETIME),
        (vec![challenge(), Canned::json(200, "{}")], SOMETIME),
        (vec![challenge(), secret("")], SOMETIME),
    ] {
        let stub = stub().await;
        let minter = AzureMinter::service_principal(caller(), vault(&stub));
        stub.answers(VAULT, answers);
        assert_eq!(outcome(&minter.mint(&order()).await.unwrap_err()), expected);
        assert!(stub.asked(ENTRA).is_empty());
    }
}

#[tokio::test]
async fn a_plan_of_another_cloud_is_not_carried_out() {
    use deputize_broker::decision::{GcpPlan, Plan};
    use deputize_scope::gcp::authority::{Authority, Statement};
    use deputize_scope::gcp::compile::compile;

    let statement = Statement {
        service_account: None,
        permissions: vec!["container.clusters.get".parse().unwrap()],
        resources: vec!["*".parse().unwrap()],
    };
    let plan = Plan::GcpToken(GcpPlan {
        service_account: "agent-x@acme-prod.iam.gserviceaccount.com".parse().unwrap(),
        token: compile(&Authority::new(vec![statement])).unwrap(),
    });
    let stub = stub().await;
    let mut order = order();
    order.plan = plan;
    assert_eq!(outcome(&federated(&stub).mint(&order).await.unwrap_err()), SOMETIME);
    assert!(stub.asked("").is_empty());
}
