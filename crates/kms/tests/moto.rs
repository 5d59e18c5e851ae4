//! The contract that every key keeper meets, at moto, which checks the encryption context.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and its helpers are tests too"
)]

use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_smithy_http_client::Builder as HttpClient;
use aws_types::SdkConfig;
use deputize_broker::ports::keys::{EncryptionContext, KeyError, KeyKeeper as _};
use deputize_broker::seal::{open, seal};
use deputize_e2e::{Environment, Moto};
use deputize_kms::KmsKeeper;
use deputize_testkit::keys::{Scrambled, key_keeper_contract};
use serde_json::json;

async fn moto() -> Moto {
    Moto::start(&Environment::locate().unwrap()).await.unwrap()
}

async fn key(moto: &Moto) -> String {
    let answer = moto.json("kms", "TrentService.CreateKey", &json!({})).await.unwrap();
    answer.pointer("/KeyMetadata/Arn").unwrap().as_str().unwrap().to_owned()
}

fn keeper(endpoint: &str, key_id: &str) -> KmsKeeper {
    let keys = Credentials::new("AKIAEXAMPLE", "none", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .endpoint_url(endpoint)
        .http_client(HttpClient::new().build_http())
        .region(Region::new("us-east-1"))
        .build();
    KmsKeeper::new(&config, key_id)
}

#[tokio::test]
async fn it_keeps_keys_as_every_keeper_does_also_those_of_a_former_key() {
    let moto = moto().await;
    let (former, latter) = (key(&moto).await, key(&moto).await);
    let old_keeper = keeper(moto.url(), &former);
    key_keeper_contract(&old_keeper).await.unwrap();

    let context = EncryptionContext::new([("tenant", "acme")]);
    let old = seal(&old_keeper, &Scrambled::new(1), &context, b"old").await.unwrap();
    assert_eq!(old.key.key_id, former);
    let new_keeper = keeper(moto.url(), &latter);
    assert_eq!(*open(&new_keeper, &context, &old).await.unwrap(), b"old");

    let nobody = keeper(moto.url(), "11111111-2222-3333-4444-555555555555");
    let error = nobody.generate(&context).await.unwrap_err();
    assert!(matches!(error, KeyError::Unusable { .. }), "{error:?}");
}

#[tokio::test]
async fn nobody_there_is_unavailability() {
    let context = EncryptionContext::new([("tenant", "acme")]);
    let error = keeper("http://127.0.0.1:1", "alias/deputize").generate(&context).await.unwrap_err();
    assert!(matches!(error, KeyError::Unavailable(_)), "{error:?}");
}
