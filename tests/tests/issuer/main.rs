//! The broker's own issuer, over HTTP: its tokens at libraries that verify them, and at clouds that were told to trust it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod elsewhere;
mod served;

use std::path::Path;
use std::sync::Arc;

use aws_credential_types::provider::ProvideCredentials as _;
use aws_smithy_http_client::Builder as HttpClient;
use aws_types::SdkConfig;
use aws_types::region::Region;
use deputize_aws::{FederatedCredentials, FederatedSettings, STS_AUDIENCE};
use deputize_broker::ports::identity::IdentityTokens as _;
use deputize_broker::ports::signing::{NewKey, SigningKeys as _};
use deputize_broker::{Clock as _, Secret};
use deputize_e2e::{Environment, HarnessError, Moto};
use deputize_host::SystemClock;
use deputize_scope::Seconds;
use serde_json::{Value, json};

use crate::served::{Broker, Clouds, SUBJECT};

const ENTRA_AUDIENCE: &str = "api://AzureADTokenExchange";

async fn run(script: &str, arguments: &[&str]) -> Result<Value, HarnessError> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/issuer").join(script);
    Environment::locate()?.run_python::<&str, &str>(&path, arguments, []).await?.json()
}

#[tokio::test]
async fn libraries_verify_a_token_by_the_documents_alone_before_and_after_a_rotation()
-> Result<(), HarnessError> {
    let broker = Broker::start().await;
    let old = broker.token("audience").await;
    // Another process makes the next key, and it signs from now on.
    let keys = broker.keys().keys().await.unwrap();
    let signs_from = SystemClock::start().now();
    let after = Some(keys[0].public.id().clone());
    broker.keys().add(&NewKey { after, signs_from, ended: Vec::new() }).await.unwrap();
    let rotated = broker.restarted();
    let new = rotated.token("audience").await;
    let elsewhere = rotated.token("elsewhere").await;
    // One character of the signature is another.
    let forged = format!("{}{}", &new.reveal()[..new.reveal().len() - 8], "AAAAAAAA");

    let tokens = [old.reveal(), new.reveal(), elsewhere.reveal(), &forged];
    let mut arguments = vec![rotated.url.as_str(), "audience"];
    arguments.extend(tokens);
    let found = run("verify.py", &arguments).await?;
    for (token, of) in [("old", &found[0]), ("new", &found[1])] {
        for claims in of.as_array().unwrap() {
            assert_eq!(
                (&claims["sub"], &claims["iss"]),
                (&json!(SUBJECT), &json!(rotated.url)),
                "{token}: {found}"
            );
        }
    }
    assert_ne!(found[0][0]["jti"], found[1][0]["jti"]);
    assert_eq!(found[2], json!(["InvalidAudienceError", "InvalidAudienceError", "InvalidClaimError"]));
    assert_eq!(found[3], json!(["InvalidSignatureError", "InvalidSignatureError", "BadSignatureError"]));
    Ok(())
}

#[tokio::test]
async fn the_vendors_libraries_take_tokens_to_google_and_aws() -> Result<(), HarnessError> {
    let broker = Broker::start().await;
    let clouds = Clouds::start(&broker.url).await;
    let google_token = broker.token(&clouds.google_audience).await;
    let aws_token = broker.token(STS_AUDIENCE).await;
    let arguments = [
        clouds.google.as_str(),
        &clouds.google_audience,
        google_token.reveal(),
        &clouds.aws,
        aws_token.reveal(),
    ];
    let found = run("clouds.py", &arguments).await?;
    let arn = "arn:aws:sts::123456789012:assumed-role/deputize/acme";
    assert_eq!(found, json!({ "google": true, "subject": SUBJECT, "arn": arn }));
    Ok(())
}

#[tokio::test]
async fn entra_takes_a_token_as_a_client_assertion_and_no_other_for_one() {
    let broker = Broker::start().await;
    let clouds = Clouds::start(&broker.url).await;
    let (status, body) = clouds.sign_in_at_entra(&broker.token(ENTRA_AUDIENCE).await).await;
    assert_eq!((status, body["token_type"].as_str()), (200, Some("Bearer")), "{body}");
    // For Google; and by an issuer that is not trusted.
    let stranger = Broker::start().await;
    for (token, code) in [
        (broker.token(&clouds.google_audience).await, 700_212),
        (stranger.token(ENTRA_AUDIENCE).await, 700_211),
    ] {
        let (status, body) = clouds.sign_in_at_entra(&token).await;
        assert_eq!((status, &body["error_codes"][0]), (401, &json!(code)), "{body}");
    }
}

/// The broker's own credentials at an endpoint of AWS.
fn credentials(endpoint: &str, broker: &Broker, audience: &str) -> FederatedCredentials {
    let config = SdkConfig::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .http_client(HttpClient::new().build_http())
        .region(Region::new("us-east-1"))
        .build();
    let settings = FederatedSettings {
        role: "arn:aws:iam::123456789012:role/deputize".parse().unwrap(),
        audience: audience.to_owned(),
        tenant: "acme".parse().unwrap(),
        duration: Seconds::new(900),
        region: None,
    };
    FederatedCredentials::new(&config, Arc::clone(&broker.issuer) as _, settings)
}

#[tokio::test]
async fn a_broker_outside_aws_gets_a_session_there_by_its_own_token() {
    let broker = Broker::start().await;
    let clouds = Clouds::start(&broker.url).await;
    let session = credentials(&clouds.aws, &broker, STS_AUDIENCE).provide_credentials().await.unwrap();
    let question = json!({
        "access_key_id": session.access_key_id(),
        "secret_access_key": session.secret_access_key(),
        "session_token": session.session_token(),
        "action": "sts:AssumeRole",
        "resource": "arn:aws:iam::123456789012:role/agent-devops",
        "region": "us-east-1",
    });
    let answer = clouds.aws_says(&question).await;
    assert_eq!(answer["decision"], "allowed", "{answer}");
    let lifetime = session.expiry().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64
        - SystemClock::start().now().as_second();
    assert!((1..=900).contains(&lifetime), "{lifetime}");

    let error = credentials(&clouds.aws, &broker, "elsewhere").provide_credentials().await.unwrap_err();
    assert!(format!("{error:?}").contains("InvalidIdentityToken"), "{error:?}");
    let stranger = Broker::start().await;
    let error = credentials(&clouds.aws, &stranger, STS_AUDIENCE).provide_credentials().await.unwrap_err();
    assert!(format!("{error:?}").contains("InvalidIdentityToken"), "{error:?}");
}

#[tokio::test]
async fn moto_takes_the_call_too() {
    let moto = Moto::start(&Environment::locate().unwrap()).await.unwrap();
    let broker = Broker::start().await;
    let session = credentials(moto.url(), &broker, STS_AUDIENCE).provide_credentials().await.unwrap();
    assert!(session.access_key_id().starts_with("ASIA"));
    assert!(session.session_token().is_some() && session.expiry().is_some());
}

#[tokio::test]
async fn an_issuer_that_is_gone_is_one_whose_tokens_nobody_can_verify() {
    let mut broker = Broker::start().await;
    let clouds = Clouds::start(&broker.url).await;
    let token: Secret = broker.issuer.token(ENTRA_AUDIENCE).await.unwrap().token;
    broker.stop().await;
    let (status, body) = clouds.sign_in_at_entra(&token).await;
    assert_eq!((status, &body["error_codes"][0]), (400, &json!(50_166)), "{body}");
}
