//! Calls that STS does not know, and faults on demand.

use std::time::Duration;

use aws_sdk_sts::Client;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::error::SdkError;
use deputize_sandbox::aws::Fault;

use crate::account::{Account, keys, refusal};

async fn posted(account: &Account, body: &'static str) -> (u16, String) {
    let response = reqwest::Client::new().post(&account.endpoint).body(body).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/xml");
    assert_eq!(response.headers()["x-amzn-requestid"].len(), 36);
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn an_action_that_sts_does_not_have_is_refused() {
    let account = Account::start().await;
    for (body, status, code) in [
        ("", 400, "MissingAction"),
        ("Action=DropTables&Version=2011-06-15", 400, "InvalidAction"),
        ("Action=GetCallerIdentity&Version=2010-05-08", 400, "InvalidAction"),
        ("Action=GetCallerIdentity&Version=2010-05-09", 400, "NoSuchVersion"),
        ("Action=GetCallerIdentity&Version=2011-06-15", 403, "MissingAuthenticationToken"),
    ] {
        let (found, text) = posted(&account, body).await;
        assert!(found == status && text.contains(&format!("<Code>{code}</Code>")), "{body}: {found} {text}");
    }
    let (_, code, _) = refusal(account.operator().get_session_token().send().await);
    assert_eq!(code, "InvalidAction");
}

#[tokio::test]
async fn a_body_that_no_call_needs_is_refused() {
    let account = Account::start().await;
    let body = "x".repeat(300 * 1_024);
    let response = reqwest::Client::new().post(&account.endpoint).body(body).send().await.unwrap();
    assert_eq!(response.status(), 413);
    assert!(response.text().await.unwrap().contains("<Code>RequestEntityTooLarge</Code>"));
    assert_eq!(reqwest::get(&account.endpoint).await.unwrap().status(), 404);
}

#[tokio::test]
async fn calls_fail_only_as_planned_and_are_counted() {
    let account = Account::start().await;
    let faults = account.sandbox.faults();
    let client = account.operator();
    faults.next(Fault::throttled());
    faults.next(Fault::unavailable());
    let (status, code, _) = refusal(client.get_caller_identity().send().await);
    assert_eq!((status, code.as_str()), (400, "Throttling"));
    let (status, code, _) = refusal(client.get_caller_identity().send().await);
    assert_eq!((status, code.as_str()), (503, "ServiceUnavailable"));
    assert!(client.get_caller_identity().send().await.is_ok());
    assert_eq!(faults.calls(), 3);
}

#[tokio::test]
async fn a_dropped_connection_is_no_answer_at_all() {
    let account = Account::start().await;
    account.sandbox.faults().next(Fault::Drop);
    let outcome = account.operator().get_caller_identity().send().await;
    assert!(matches!(outcome, Err(SdkError::DispatchFailure(_) | SdkError::ResponseError(_))), "{outcome:?}");
}

#[tokio::test]
async fn garbage_is_no_answer_either() {
    let account = Account::start().await;
    account.sandbox.faults().always(Fault::Garbage);
    let outcome = account.assume().send().await;
    assert!(matches!(outcome, Err(SdkError::ResponseError(_) | SdkError::ServiceError(_))), "{outcome:?}");
    account.sandbox.faults().clear();
    assert!(account.assume().send().await.is_ok());
}

#[tokio::test]
async fn a_delayed_answer_is_the_right_one() {
    let account = Account::start().await;
    account.sandbox.faults().next(Fault::Delay(Duration::from_millis(200)));
    let begun = tokio::time::Instant::now();
    assert!(account.operator().get_caller_identity().send().await.is_ok());
    assert!(begun.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_client_that_retries_gets_through() {
    let account = Account::start().await;
    let faults = account.sandbox.faults();
    faults.next(Fault::Drop);
    faults.next(Fault::throttled());
    let key = account.sandbox.root_credentials();
    let retries = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
    let config = account.client_config(keys(&key.id, key.secret.as_str(), None));
    let client = Client::from_conf(config.retry_config(retries).build());
    assert!(client.get_caller_identity().send().await.is_ok());
    assert_eq!(faults.calls(), 3);
}
