//! Whatever comes back is one of three outcomes: refused with a code, not taken, or lost. None shows what was sent or
//! what was answered.

use std::error::Error;
use std::time::Duration;

use deputize_broker::ports::oauth::{TokenEndpoint as _, TokenError};
use deputize_broker::stored::facts::TokenUrl;
use deputize_connectors::OauthEndpoint;
use deputize_sandbox::Fault;

use crate::provider::Provider;

/// An error with all that caused it, and as it debugs.
fn told(error: &TokenError) -> String {
    let mut text = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(" {cause} {cause:?}");
        source = cause.source();
    }
    text
}

async fn after(fault: Fault) -> TokenError {
    let provider = Provider::start().await;
    provider.faults.next(fault);
    let endpoint = OauthEndpoint::within(Duration::from_millis(700));
    let error = endpoint.token(&provider.machine()).await.unwrap_err();
    let told = told(&error);
    assert!(!told.contains("canary"), "{told}");
    error
}

fn refuse(status: u16, code: &str) -> Fault {
    Fault::Refuse { status, code: code.to_owned(), message: "canary of a message".to_owned() }
}

#[tokio::test]
async fn a_refusal_is_told_by_its_code() {
    for (status, code) in
        [(400, "invalid_grant"), (400, "invalid_scope"), (401, "invalid_client"), (403, "access_denied")]
    {
        let error = after(refuse(status, code)).await;
        assert!(matches!(&error, TokenError::Refused { code: told } if told == code), "{error:?}");
    }
    let error = after(refuse(400, "Canary <b>")).await;
    assert!(matches!(&error, TokenError::Refused { code } if code == "other"), "{error:?}");
}

#[tokio::test]
async fn a_provider_that_is_busy_says_when_to_come_back() {
    let error = after(Fault::TooManyRequests { retry_after: Duration::from_secs(17) }).await;
    assert!(
        matches!(error, TokenError::Unavailable { retry_after: Some(after), .. } if after == Duration::from_secs(17)),
        "{error:?}"
    );
    let error = after(Fault::unavailable()).await;
    assert!(matches!(error, TokenError::Unavailable { retry_after: None, .. }), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_is_none_is_lost() {
    for fault in [
        refuse(500, "server_error"),
        refuse(502, "bad_gateway"),
        Fault::Silence,
        Fault::Drop,
        Fault::Garbage,
        Fault::Truncate,
        Fault::Huge,
        Fault::ContentType("text/html".to_owned()),
    ] {
        let error = after(fault.clone()).await;
        assert!(matches!(error, TokenError::Lost(_)), "{fault:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_page_where_no_token_endpoint_is_is_a_refusal() {
    let provider = Provider::start().await;
    let mut client = provider.machine();
    client.facts.token_url = TokenUrl::try_from(format!("{}/nowhere", provider.url)).unwrap();
    let error = OauthEndpoint::default().token(&client).await.unwrap_err();
    assert!(matches!(&error, TokenError::Refused { code } if code == "http_404"), "{error:?}");
}

#[tokio::test]
async fn a_server_without_tls_or_none_at_all_was_sent_nothing() {
    let provider = Provider::start().await;
    let plain = provider.url.replace("http://", "https://");
    for url in [format!("{plain}/token"), "http://127.0.0.1:1/token".to_owned()] {
        let mut client = provider.machine();
        client.facts.token_url = TokenUrl::try_from(url).unwrap();
        let error = OauthEndpoint::default().token(&client).await.unwrap_err();
        assert!(matches!(error, TokenError::Unavailable { retry_after: None, .. }), "{error:?}");
    }
}
