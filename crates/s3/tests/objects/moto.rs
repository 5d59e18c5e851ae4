//! At moto, which knows conditional writes and Object Lock.

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::types::ObjectLockMode;
use deputize_broker::ports::StoreError;
use deputize_broker::ports::ledger::{LogObjects, ObjectPath, PutError};
use deputize_e2e::{Environment, Moto};
use deputize_s3::{Retention, RetentionMode, S3Objects};
use deputize_testkit::log_objects::log_objects_contract;
use tokio::sync::Mutex;

use crate::place::{BUCKET, config, objects};

async fn moto() -> (Moto, Client) {
    let moto = Moto::start(&Environment::locate().unwrap()).await.unwrap();
    let client = Client::new(&config(moto.url()));
    (moto, client)
}

/// One put after the other: moto looks whether there is an object, and then writes it, in two steps.
struct InTurn(S3Objects, Mutex<()>);

#[async_trait]
impl LogObjects for InTurn {
    async fn put(&self, path: &ObjectPath, bytes: &[u8]) -> Result<(), PutError> {
        let _turn = self.1.lock().await;
        self.0.put(path, bytes).await
    }

    async fn replace(&self, path: &ObjectPath, bytes: &[u8]) -> Result<(), StoreError> {
        self.0.replace(path, bytes).await
    }

    async fn get(&self, path: &ObjectPath) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(path).await
    }

    async fn remove(&self, path: &ObjectPath) -> Result<(), StoreError> {
        self.0.remove(path).await
    }
}

#[tokio::test]
async fn it_keeps_files_as_every_place_does() {
    let (moto, client) = moto().await;
    client.create_bucket().bucket(BUCKET).send().await.unwrap();
    log_objects_contract(&InTurn(objects(moto.url(), None), Mutex::default())).await;

    let listed = client.list_objects_v2().bucket(BUCKET).send().await.unwrap();
    let keys: Vec<_> = listed.contents().iter().filter_map(|object| object.key()).collect();
    assert!(
        !keys.is_empty() && keys.iter().all(|key| key.starts_with("logs/production/contract/")),
        "{keys:?}"
    );
}

#[tokio::test]
async fn it_keeps_files_as_every_place_does_where_they_are_locked() {
    let (moto, client) = moto().await;
    client.create_bucket().bucket(BUCKET).object_lock_enabled_for_bucket(true).send().await.unwrap();
    let week = Retention::days(RetentionMode::Governance, 7).unwrap();
    log_objects_contract(&InTurn(objects(moto.url(), Some(week)), Mutex::default())).await;
}

#[tokio::test]
async fn what_is_put_is_locked_for_as_long_as_is_configured_and_what_is_replaced_is_not() {
    let (moto, client) = moto().await;
    client.create_bucket().bucket(BUCKET).object_lock_enabled_for_bucket(true).send().await.unwrap();
    for (name, mode, told) in [
        ("governed", RetentionMode::Governance, ObjectLockMode::Governance),
        ("compliant", RetentionMode::Compliance, ObjectLockMode::Compliance),
    ] {
        let objects = objects(moto.url(), Some(Retention::days(mode, 365).unwrap()));
        let path = ObjectPath::parse(name).unwrap();
        objects.put(&path, b"tile").await.unwrap();
        let head = client.head_object().bucket(BUCKET).key(format!("logs/production/{name}"));
        let head = head.send().await.unwrap();
        assert_eq!(head.object_lock_mode(), Some(&told));
        let until = head.object_lock_retain_until_date().unwrap().to_string();
        assert_eq!(until, "2027-11-24T12:00:00Z");
        let version = head.version_id().unwrap();

        // The log is without it; the bytes are there for an auditor, whoever removed it.
        objects.remove(&path).await.unwrap();
        assert_eq!(objects.get(&path).await.unwrap(), None);
        let delete = client.delete_object().bucket(BUCKET).key(format!("logs/production/{name}"));
        delete.version_id(version).send().await.unwrap_err();
        let kept = client.get_object().bucket(BUCKET).key(format!("logs/production/{name}"));
        let kept = kept.version_id(version).send().await.unwrap().body.collect().await.unwrap();
        assert_eq!(kept.to_vec(), b"tile");

        let checkpoint = ObjectPath::parse("checkpoint").unwrap();
        objects.replace(&checkpoint, b"1").await.unwrap();
        let head =
            client.head_object().bucket(BUCKET).key("logs/production/checkpoint").send().await.unwrap();
        assert_eq!(head.object_lock_mode(), None);
    }
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_no_empty_log() {
    let (moto, _) = moto().await;
    let objects = objects(moto.url(), None);
    let path = ObjectPath::parse("checkpoint").unwrap();
    assert!(matches!(objects.get(&path).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(objects.put(&path, b"1").await, Err(PutError::Store(StoreError::Unavailable(_)))));
    assert!(matches!(objects.replace(&path, b"1").await, Err(StoreError::Unavailable(_))));
}
