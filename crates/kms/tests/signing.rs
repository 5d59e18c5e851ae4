//! Signing keys at moto: what it signs, a verifier of another make accepts.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;

use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_smithy_http_client::Builder as HttpClient;
use aws_types::SdkConfig;
use deputize_broker::Clock as _;
use deputize_broker::issuer::{Issuer, IssuerSettings, Schedule};
use deputize_broker::ports::identity::{IdentityError, IdentityTokens as _};
use deputize_broker::ports::signing::{SigningError, SigningKeys as _};
use deputize_e2e::{Environment, Moto};
use deputize_kms::{KmsSigningKey, KmsSigningKeys};
use deputize_testkit::keys::Scrambled;
use deputize_testkit::signing::{MovedClock, relied_on, signing_keys_contract};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const URL: &str = "https://broker.example.com";

async fn moto() -> Moto {
    Moto::start(&Environment::locate().unwrap()).await.unwrap()
}

/// A key's ARN, and when it was made.
async fn key(moto: &Moto, spec: &str, usage: &str) -> (String, Timestamp) {
    let body = json!({ "KeySpec": spec, "KeyUsage": usage });
    let answer = moto.json("kms", "TrentService.CreateKey", &body).await.unwrap();
    let metadata = &answer["KeyMetadata"];
    let created_at = Timestamp::from_second(metadata["CreationDate"].as_f64().unwrap() as i64).unwrap();
    (metadata["Arn"].as_str().unwrap().to_owned(), created_at)
}

fn keys(endpoint: &str, configured: &[String]) -> KmsSigningKeys {
    let credentials = Credentials::new("AKIAEXAMPLE", "none", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .http_client(HttpClient::new().build_http())
        .region(Region::new("us-east-1"))
        .build();
    let configured: Vec<KmsSigningKey> = configured.iter().map(|text| text.parse().unwrap()).collect();
    KmsSigningKeys::new(&config, configured, Schedule::default().ahead()).unwrap()
}

fn issuer(keys: KmsSigningKeys, clock: &Arc<MovedClock>) -> Issuer {
    let settings = IssuerSettings {
        url: URL.parse().unwrap(),
        subject: "broker".parse().unwrap(),
        schedule: Schedule::default(),
    };
    Issuer::new(settings, Arc::new(keys), Arc::clone(clock) as _, Arc::new(Scrambled::new(1)))
}

#[tokio::test]
async fn it_keeps_signing_keys_as_every_keeper_does() {
    let moto = moto().await;
    let (first, _) = key(&moto, "RSA_2048", "SIGN_VERIFY").await;
    let (second, created_at) = key(&moto, "RSA_3072", "SIGN_VERIFY").await;
    let from = created_at + SignedDuration::from_hours(48);
    signing_keys_contract(&keys(moto.url(), &[first, format!("{second}@{from}")])).await.unwrap();
}

#[tokio::test]
async fn a_token_signed_before_the_keys_change_verifies_after_it() {
    let moto = moto().await;
    let (first, _) = key(&moto, "RSA_2048", "SIGN_VERIFY").await;
    let (second, created_at) = key(&moto, "RSA_2048", "SIGN_VERIFY").await;
    // Too soon: it signs a day after it was made.
    let configured = [first, format!("{second}@{created_at}")];
    let clock = Arc::new(MovedClock::new(
        created_at + SignedDuration::from_hours(24) - SignedDuration::from_secs(10),
    ));
    let issuer = issuer(keys(moto.url(), &configured), &clock);
    let set = issuer.key_set().await.unwrap().body;
    let old = issuer.token("a").await.unwrap();
    clock.advance(SignedDuration::from_secs(20));
    let new = issuer.token("a").await.unwrap();
    for token in [&old, &new] {
        relied_on(token.token.reveal(), &set, URL, "a", clock.now()).unwrap();
    }
    let names: Vec<Value> = [&old, &new]
        .map(|token| jsonwebtoken::decode_header(token.token.reveal()).unwrap().kid.unwrap().into())
        .into();
    let published: Value = serde_json::from_str(&set).unwrap();
    assert_eq!(names, [published["keys"][0]["kid"].clone(), published["keys"][1]["kid"].clone()]);
}

#[tokio::test]
async fn a_key_that_is_none_for_tokens_is_refused_by_name() {
    let moto = moto().await;
    let clock = Arc::new(MovedClock::new(Timestamp::UNIX_EPOCH));
    for (spec, usage) in [
        ("ECC_NIST_P256", "SIGN_VERIFY"),
        ("RSA_2048", "ENCRYPT_DECRYPT"),
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
    ] {
        let (arn, _) = key(&moto, spec, usage).await;
        let keys = keys(moto.url(), std::slice::from_ref(&arn));
        let error = keys.keys().await.unwrap_err();
        assert!(matches!(&error, SigningError::Unusable { key, .. } if *key == arn), "{spec}: {error:?}");
        let error = issuer(keys, &clock).token("a").await.unwrap_err();
        assert!(
            matches!(&error, IdentityError::Refused { code, .. } if code == "issuer_key_unusable"),
            "{error:?}"
        );
    }
    let nobody = keys(moto.url(), &["11111111-2222-3333-4444-555555555555".to_owned()]);
    assert!(matches!(nobody.keys().await.unwrap_err(), SigningError::Unusable { .. }));
    let silent = keys("http://127.0.0.1:1", &["alias/issuer".to_owned()]);
    assert!(matches!(silent.keys().await.unwrap_err(), SigningError::Unavailable(_)));
}
