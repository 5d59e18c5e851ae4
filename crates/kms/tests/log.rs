//! A log's key over the wire: as KMS documents its answers, for moto knows no Ed25519.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_smithy_http_client::Builder as HttpClient;
use aws_types::SdkConfig;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use deputize_broker::ports::ledger::LogSigner as _;
use deputize_kms::KmsLogSigner;
use deputize_testkit::log_signer::verifies;
use deputize_testkit::stub::{Canned, Stub};
use serde_json::{Value, json};

const ARN: &str = "arn:aws:kms:us-east-1:111122223333:key/log";

#[tokio::test]
async fn kms_is_asked_to_sign_the_message_itself() {
    let pair = Ed25519KeyPair::generate().unwrap();
    let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let told = json!({
        "KeyId": ARN,
        "KeySpec": "ECC_NIST_EDWARDS25519",
        "KeyUsage": "SIGN_VERIFY",
        "PublicKey": BASE64_STANDARD.encode(der.as_ref()),
        "SigningAlgorithms": ["ED25519_SHA_512", "ED25519_PH_SHA_512"],
    });
    let signed = json!({
        "KeyId": ARN,
        "Signature": BASE64_STANDARD.encode(pair.sign(b"checkpoint")),
        "SigningAlgorithm": "ED25519_SHA_512",
    });
    let stub = Stub::start().await.unwrap();
    stub.answers("POST /", [told, signed].map(|answer| Canned::json(200, answer.to_string())));
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "AKIA", "none", None, None, "test",
        )))
        .endpoint_url(&stub.url)
        .http_client(HttpClient::new().build_http())
        .region(Region::new("us-east-1"))
        .build();

    let signer = KmsLogSigner::new(&config, "alias/log");
    let signature = signer.sign(b"checkpoint").await.unwrap();
    assert!(verifies(&signer.public_key().await.unwrap(), b"checkpoint", &signature));

    let asked = stub.asked("POST /");
    let targets: Vec<_> = asked.iter().map(|asked| asked.headers["x-amz-target"].as_str()).collect();
    assert_eq!(targets, ["TrentService.GetPublicKey", "TrentService.Sign"]);
    let bodies = [0, 1].map(|n| serde_json::from_str::<Value>(&asked[n].body).unwrap());
    assert_eq!(bodies[0], json!({ "KeyId": "alias/log" }));
    let sign = json!({
        "KeyId": ARN,
        "Message": BASE64_STANDARD.encode("checkpoint"),
        "MessageType": "RAW",
        "SigningAlgorithm": "ED25519_SHA_512",
    });
    assert_eq!(bodies[1], sign);
}
