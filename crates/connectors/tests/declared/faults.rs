//! Every way that an answer can fail, and what it means to a rotation.

use std::time::Duration;

use deputize_broker::ports::rotation::{KeyProvider as _, OperationId, ProviderError, Subject};
use deputize_sandbox::Fault;
use deputize_testkit::stub::{Canned, Stub};

use crate::place::{Provider, SANDBOX, api_key, engine};

const OPERATION: OperationId = OperationId::from_u128(1);

/// Of one that answers as it is told: the connector, and a key.
async fn stub() -> (Stub, String) {
    let stub = Stub::start().await.unwrap();
    let connector = SANDBOX.replace("http://127.0.0.1:7117", &stub.url);
    let host = stub.url.trim_start_matches("http://");
    (stub.clone(), connector.replace("127.0.0.1:7117", host))
}

#[tokio::test]
async fn a_probe_tells_a_key_that_does_not_work_from_a_provider_in_trouble() {
    let provider = Provider::start().await;
    let subject = provider.subject();
    let probe = async || provider.engine.probe(&subject, provider.current()).await;
    assert!(probe().await.unwrap());
    let unknown = api_key(None, "sk_unknown");
    assert!(!provider.engine.probe(&subject, &unknown).await.unwrap());
    for fault in [Fault::unavailable(), Fault::Drop, Fault::Truncate, Fault::Huge] {
        provider.resource.next(fault.clone());
        assert!(matches!(probe().await, Err(ProviderError::Unavailable { .. })), "{fault:?}");
    }
    let refused = Fault::Refuse { status: 403, code: "no_plan".to_owned(), message: "canary".to_owned() };
    provider.resource.next(refused);
    let error = probe().await.unwrap_err();
    assert!(matches!(&error, ProviderError::Refused { code, .. } if code == "no_plan"), "{error:?}");
    assert!(!format!("{error:?}").contains("canary"));
}

#[tokio::test]
async fn a_provider_says_when_to_come_back_within_an_hour() {
    let provider = Provider::start().await;
    for (said, believed) in [(7, 7), (90_000, 3_600)] {
        provider.management.next(Fault::TooManyRequests { retry_after: Duration::from_secs(said) });
        let error = provider.engine.create(&provider.subject(), OPERATION).await.unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::from_secs(believed)));
    }
}

#[tokio::test]
async fn silence_is_a_lost_answer_to_a_change_and_none_to_a_question() {
    let provider = Provider::start().await;
    let engine = engine().within(Duration::from_millis(200));
    provider.management.next(Fault::Silence);
    let error = engine.create(&provider.subject(), OPERATION).await.unwrap_err();
    assert!(matches!(error, ProviderError::Lost(_)), "{error:?}");
    provider.management.next(Fault::Silence);
    let error = engine.list(&provider.subject()).await.unwrap_err();
    assert!(matches!(error, ProviderError::Unavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn nobody_there_changes_nothing() {
    let provider = Provider::start().await;
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let connector = SANDBOX.replace("127.0.0.1:7117", &free.to_string());
    let subject = Subject { connector: Some(&connector), ..provider.subject() };
    let error = provider.engine.create(&subject, OPERATION).await.unwrap_err();
    assert!(matches!(error, ProviderError::Unavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn an_answer_without_what_it_must_have_is_lost() {
    let provider = Provider::start().await;
    let (stub, connector) = stub().await;
    let subject = Subject { connector: Some(&connector), ..provider.subject() };
    for body in [
        r#"{"secret":"s"}"#,
        r#"{"id":"i"}"#,
        r#"{"id":"i","secret":7}"#,
        r#"{"id":"","secret":"s"}"#,
        "[]",
        "<html>",
    ] {
        stub.answers("POST /sandbox/keys/v1/keys", [Canned::json(201, body)]);
        let error = provider.engine.create(&subject, OPERATION).await.unwrap_err();
        assert!(matches!(error, ProviderError::Lost(_)), "{body}");
    }
    // Done in another way than the connector knows.
    stub.answers("POST /sandbox/keys/v1/keys", [Canned::json(202, "{}")]);
    assert!(matches!(provider.engine.create(&subject, OPERATION).await, Err(ProviderError::Lost(_))));
    for body in [r#"{"keys":7}"#, r#"{"keys":[{"label":"x"}]}"#, "{}"] {
        stub.answers("GET /sandbox/keys/v1/keys", [Canned::json(200, body)]);
        let error = provider.engine.list(&subject).await.unwrap_err();
        assert!(matches!(error, ProviderError::Unavailable { .. }), "{body}");
    }
}

#[tokio::test]
async fn a_provider_that_echoes_the_key_does_not_get_it_into_an_error() {
    let provider = Provider::start().await;
    let (stub, connector) = stub().await;
    let current = api_key(Some("key_1"), "canary");
    let subject = Subject { connector: Some(&connector), current: &current, ..provider.subject() };
    for code in ["canary", "is canary allowed?"] {
        let body = serde_json::json!({ "error": { "code": code, "message": "canary" } }).to_string();
        stub.answers("POST /sandbox/keys/v1/keys", [Canned::json(400, body)]);
        let error = provider.engine.create(&subject, OPERATION).await.unwrap_err();
        assert_eq!(error.code(), "http_400");
        assert!(!format!("{error:?}").contains("canary"));
    }
    assert!(!format!("{:?} {subject:?}", provider.engine).contains("canary"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let provider = Provider::start().await;
    let (stub, connector) = stub().await;
    let subject = Subject { connector: Some(&connector), ..provider.subject() };
    let elsewhere = format!("{}/elsewhere", stub.url);
    stub.answers("POST /sandbox/keys/v1/keys", [Canned::json(307, "{}").with("location", elsewhere)]);
    let error = provider.engine.create(&subject, OPERATION).await.unwrap_err();
    assert_eq!(error.code(), "http_307");
    assert!(stub.asked("elsewhere").is_empty());
}

#[tokio::test]
async fn a_list_without_an_end_is_no_list() {
    let provider = Provider::start().await;
    let (stub, connector) = stub().await;
    let subject = Subject { connector: Some(&connector), ..provider.subject() };
    stub.answers("GET /sandbox/keys/v1/keys", [Canned::json(200, r#"{"keys":[],"next":"?after=x"}"#)]);
    let error = provider.engine.list(&subject).await.unwrap_err();
    assert!(matches!(error, ProviderError::Unavailable { .. }), "{error:?}");
    assert_eq!(stub.asked("after=x").len(), 49);
}
