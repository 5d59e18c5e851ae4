//! Calls that are not signed by whom they say, or not just so.

use std::time::Duration;

use aws_sdk_sts::Client;
use aws_sdk_sts::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_sts::config::{ConfigBag, Intercept, Region, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use deputize_sandbox::aws::SandboxAws;

use crate::account::{Account, at, keys, refusal};

/// Changes a call after it was signed.
#[derive(Debug)]
struct Tamper(Change);

type Change = fn(&mut HttpRequest);

impl Intercept for Tamper {
    fn name(&self) -> &'static str {
        "tamper"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        (self.0)(context.request_mut());
        Ok(())
    }
}

async fn tampered(client: &Client, change: Change) -> (u16, String, String) {
    refusal(client.get_caller_identity().customize().interceptor(Tamper(change)).send().await)
}

fn edit(request: &mut HttpRequest, header: &'static str, change: fn(&str) -> String) {
    let value = change(request.headers().get(header).unwrap());
    request.headers_mut().insert(header, value);
}

#[tokio::test]
async fn the_service_is_found_alone_and_nested_with_and_without_a_slash() {
    let alone = Account::served(|_| (), SandboxAws::router, "").await;
    let nested =
        |path: &'static str| Account::served(|_| (), |sandbox| sandbox.router_under("/sandbox/aws"), path);
    for account in [alone, nested("/sandbox/aws").await, nested("/sandbox/aws/").await] {
        assert!(account.operator().get_caller_identity().send().await.is_ok(), "{}", account.endpoint);
    }
}

#[tokio::test]
async fn a_call_that_was_changed_after_it_was_signed_is_refused() {
    let account = Account::start().await;
    let client = account.client(account.session(None).await);
    let mismatch: [(&str, Change); 6] = [
        ("another body", |request| {
            *request.body_mut() = SdkBody::from("Action=GetCallerIdentity&Version=2011-06-15&x=y");
        }),
        ("another path", |request| {
            let uri = format!("{}/x", request.uri().trim_end_matches('/'));
            request.set_uri(uri).unwrap();
        }),
        ("another query", |request| {
            let uri = format!("{}?a=b", request.uri());
            request.set_uri(uri).unwrap();
        }),
        ("another time", |request| edit(request, "x-amz-date", |_| "20261123T060001Z".to_owned())),
        ("another content type", |request| edit(request, "content-type", |_| "text/plain".to_owned())),
        ("another signature", |request| {
            edit(request, "authorization", |value| format!("{}0000", &value[..value.len() - 4]));
        }),
    ];
    for (what, change) in mismatch {
        let (status, code, message) = tampered(&client, change).await;
        assert_eq!((status, code.as_str()), (403, "SignatureDoesNotMatch"), "{what}: {message}");
    }
}

#[tokio::test]
async fn a_call_without_a_whole_signature_is_refused() {
    let account = Account::start().await;
    let client = account.client(account.session(None).await);
    let rows: [(&str, u16, &str, Change); 8] = [
        ("no signature", 403, "MissingAuthenticationToken", |request| {
            request.headers_mut().remove("authorization");
        }),
        ("another scheme", 400, "IncompleteSignature", |request| {
            edit(request, "authorization", |_| "Bearer abc".to_owned());
        }),
        ("no signature field", 400, "IncompleteSignature", |request| {
            edit(request, "authorization", |value| value.replace("Signature=", "Sign="));
        }),
        ("no date", 400, "IncompleteSignature", |request| {
            request.headers_mut().remove("x-amz-date");
        }),
        ("a short scope", 400, "IncompleteSignature", |request| {
            edit(request, "authorization", |value| value.replace("/aws4_request", ""));
        }),
        ("no host signed", 403, "SignatureDoesNotMatch", |request| {
            edit(request, "authorization", |value| value.replace("host;", ""));
        }),
        ("the token not signed", 403, "SignatureDoesNotMatch", |request| {
            edit(request, "authorization", |value| value.replace(";x-amz-security-token", ""));
        }),
        ("no token", 403, "InvalidClientTokenId", |request| {
            request.headers_mut().remove("x-amz-security-token");
        }),
    ];
    for (what, expected, code, change) in rows {
        let (status, found, message) = tampered(&client, change).await;
        assert_eq!((status, found.as_str()), (expected, code), "{what}: {message}");
    }
}

#[tokio::test]
async fn credentials_that_are_not_the_accounts_are_refused() {
    let account = Account::start().await;
    let key = account.sandbox.root_credentials();
    let session = account.session(None).await;
    let token = session.session_token().map(str::to_owned);
    for (what, credentials, code) in [
        ("a wrong secret", keys(&key.id, "wrong", None), "SignatureDoesNotMatch"),
        ("an unknown key", keys("AKIAAAAAAAAAAAAAAAAA", "x", None), "InvalidClientTokenId"),
        (
            "a long-lived key with a token",
            keys(&key.id, key.secret.as_str(), token.clone()),
            "InvalidClientTokenId",
        ),
        (
            "another session's key",
            keys("ASIAAAAAAAAAAAAAAAAA", session.secret_access_key(), token.clone()),
            "InvalidClientTokenId",
        ),
        (
            "a session with a wrong secret",
            keys(session.access_key_id(), "wrong", token),
            "SignatureDoesNotMatch",
        ),
    ] {
        let (status, found, _) = refusal(account.client(credentials).get_caller_identity().send().await);
        assert_eq!((status, found.as_str()), (403, code), "{what}");
    }
}

#[tokio::test]
async fn a_clock_may_be_off_by_fifteen_minutes() {
    let account = Account::start().await;
    let key = account.sandbox.root_credentials();
    let call = async |seconds: i64| {
        let time = account.now() + jiff::SignedDuration::from_secs(seconds);
        let credentials = keys(&key.id, key.secret.as_str(), None);
        let config = account.client_config(credentials).time_source(at(time));
        Client::from_conf(config.build()).get_caller_identity().send().await
    };
    assert!(call(-900).await.is_ok());
    assert!(call(900).await.is_ok());
    for (seconds, begins) in [(-901, "Signature expired: "), (901, "Signature not yet current: ")] {
        let (status, code, message) = refusal(call(seconds).await);
        assert_eq!((status, code.as_str()), (403, "SignatureDoesNotMatch"));
        assert!(message.starts_with(begins), "{message}");
    }
}

#[tokio::test]
async fn a_region_is_one_that_exists_and_is_switched_on() {
    let account = Account::configured(|config| {
        config.disabled_regions = ["ap-east-1".parse().unwrap()].into();
    })
    .await;
    let key = account.sandbox.root_credentials();
    let call = async |region: &'static str| {
        let credentials = keys(&key.id, key.secret.as_str(), None);
        let config = account.client_config(credentials).region(Region::new(region));
        refusal(Client::from_conf(config.build()).get_caller_identity().send().await)
    };
    let (status, code, message) = call("ap-east-1").await;
    assert_eq!((status, code.as_str()), (403, "RegionDisabledException"));
    assert!(message.contains("not activated in this region for account:123456789012"), "{message}");
    assert_eq!(call("nowhere").await.1, "SignatureDoesNotMatch");
}

#[tokio::test]
async fn a_signature_for_another_service_is_refused() {
    let account = Account::start().await;
    let (_, code, message) = tampered(&account.operator(), |request| {
        edit(request, "authorization", |value| value.replace("/sts/", "/iam/"));
    })
    .await;
    assert_eq!(code, "SignatureDoesNotMatch");
    assert_eq!(message, "Credential should be scoped to correct service: 'sts'.");
}

#[tokio::test]
async fn a_client_whose_clock_is_off_learns_the_time_from_the_refusal() {
    let account = Account::start().await;
    let client = account.operator();
    account.advance(Duration::from_secs(60 * 60));
    assert_eq!(refusal(client.get_caller_identity().send().await).1, "SignatureDoesNotMatch");
    assert!(client.get_caller_identity().send().await.is_ok());
}
