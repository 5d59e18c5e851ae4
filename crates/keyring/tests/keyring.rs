//! The key file, and the contract that every key keeper meets.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and its helpers are tests too"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use deputize_broker::ports::keys::{EncryptionContext, KeyError, KeyKeeper as _};
use deputize_broker::seal::{open, seal};
use deputize_keyring::{Keyring, KeyringError};
use deputize_testkit::keys::{Scrambled, key_keeper_contract};
use tempfile::TempDir;

fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys.json");
    (directory, path)
}

fn keyring(path: &PathBuf, seed: u64) -> Keyring {
    Keyring::open_or_create(path, Arc::new(Scrambled::new(seed))).unwrap()
}

fn context() -> EncryptionContext {
    EncryptionContext::new([("tenant", "acme"), ("row", "7")])
}

#[tokio::test]
async fn it_keeps_keys_as_every_keeper_does() {
    let (_directory, path) = place();
    key_keeper_contract(&keyring(&path, 1)).await.unwrap();
}

#[tokio::test]
async fn what_was_sealed_before_a_new_version_still_opens_and_the_new_one_seals() {
    let (_directory, path) = place();
    let mut keys = keyring(&path, 1);
    let random = Scrambled::new(2);
    let old = seal(&keys, &random, &context(), b"old").await.unwrap();
    assert_eq!(keys.add_version().unwrap(), 2);
    let new = seal(&keys, &random, &context(), b"new").await.unwrap();
    assert_eq!((old.key.key_id.as_str(), new.key.key_id.as_str()), ("keyring/1", "keyring/2"));
    let reopened = keyring(&path, 3);
    for keys in [&keys, &reopened] {
        assert_eq!(*open(keys, &context(), &old).await.unwrap(), b"old");
        assert_eq!(*open(keys, &context(), &new).await.unwrap(), b"new");
    }
}

#[tokio::test]
async fn a_key_wrapped_by_one_version_does_not_open_as_anothers() {
    let (_directory, path) = place();
    let mut keys = keyring(&path, 1);
    let (_, mut wrapped) = keys.generate(&context()).await.unwrap();
    keys.add_version().unwrap();
    wrapped.key_id = "keyring/2".into();
    assert!(matches!(keys.unwrap(&wrapped, &context()).await, Err(KeyError::Refused)));
    for stranger in ["keyring/3", "keyring/", "arn:aws:kms:eu-central-1:123456789012:key/1"] {
        wrapped.key_id = stranger.into();
        assert!(
            matches!(keys.unwrap(&wrapped, &context()).await, Err(KeyError::Unusable { .. })),
            "{stranger}"
        );
    }
    // The same number, spelled otherwise, is another name.
    wrapped.key_id = "keyring/01".into();
    assert!(matches!(keys.unwrap(&wrapped, &context()).await, Err(KeyError::Refused)));
}

#[test]
fn a_version_added_by_another_process_is_not_lost() {
    let (_directory, path) = place();
    let (mut one, mut other) = (keyring(&path, 1), keyring(&path, 2));
    assert_eq!(one.add_version().unwrap(), 2);
    assert_eq!(other.add_version().unwrap(), 3);
    assert_eq!(keyring(&path, 3).current(), 3);
}

#[test]
fn the_file_is_for_its_owner_alone_and_nothing_is_left_beside_it() {
    let (directory, path) = place();
    keyring(&path, 1).add_version().unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn a_file_that_others_can_read_is_refused() {
    let (_directory, path) = place();
    keyring(&path, 1);
    for mode in [0o640, 0o604, 0o620] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = Keyring::open_or_create(&path, Arc::new(Scrambled::new(1))).unwrap_err();
        assert!(matches!(error, KeyringError::Exposed { mode: found, .. } if found == mode), "{error}");
    }
}

#[test]
fn a_file_that_is_none_of_ours_is_refused_and_left_alone() {
    let (_directory, path) = place();
    let key = "00".repeat(32);
    for text in [
        String::new(),
        "{}".into(),
        r#"{"current":1,"keys":{}}"#.into(),
        r#"{"current":1,"keys":{"1":"canary"}}"#.into(),
        format!(r#"{{"current":2,"keys":{{"1":"{key}"}}}}"#),
        format!(r#"{{"current":1,"keys":{{"1":"{key}"}},"more":1}}"#),
    ] {
        fs::write(&path, &text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let error = Keyring::open_or_create(&path, Arc::new(Scrambled::new(1))).unwrap_err();
        assert!(matches!(error, KeyringError::NotAKeyFile(_)), "{text}");
        assert!(!format!("{error:?}").contains("canary"));
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn a_keyring_is_redacted_when_it_is_debugged() {
    let (_directory, path) = place();
    let keys = keyring(&path, 1);
    let text: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let key = text.pointer("/keys/1").unwrap().as_str().unwrap().to_owned();
    assert_eq!(key.len(), 64);
    assert!(!format!("{keys:?}").contains(&key));
}
