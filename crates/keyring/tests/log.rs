//! The file with a log's key.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Barrier};

use deputize_broker::ports::ledger::LogSigner as _;
use deputize_keyring::{KeyringError, LogKeyring};
use deputize_testkit::log_signer::{log_signer_contract, verifies};
use serde_json::Value;
use tempfile::TempDir;

fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log.json");
    (directory, path)
}

#[tokio::test]
async fn it_signs_as_every_signer_of_a_log_does() {
    let (_directory, path) = place();
    let signer = LogKeyring::open(&path).unwrap();
    log_signer_contract(&signer).await.unwrap();
    let signature = signer.sign(b"").await.unwrap();
    assert!(verifies(&signer.public_key().await.unwrap(), b"", &signature));
}

#[tokio::test]
async fn a_restart_changes_no_key() {
    let (_directory, path) = place();
    let [before, after] = [LogKeyring::open(&path).unwrap(), LogKeyring::open(&path).unwrap()];
    assert_eq!(before.public_key().await.unwrap(), after.public_key().await.unwrap());
    assert_eq!(before.sign(b"a").await.unwrap(), after.sign(b"a").await.unwrap());
}

#[test]
fn those_that_start_at_once_make_one_key() {
    let (_directory, path) = place();
    let start = Arc::new(Barrier::new(4));
    let keys: Vec<[u8; 32]> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..4)
            .map(|_| {
                let (start, path) = (Arc::clone(&start), &path);
                scope.spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                    start.wait();
                    runtime.block_on(LogKeyring::open(path).unwrap().public_key()).unwrap()
                })
            })
            .collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

#[test]
fn the_file_is_for_its_owner_alone_and_is_refused_where_it_is_not() {
    let (directory, path) = place();
    LogKeyring::open(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    for mode in [0o640, 0o604, 0o620] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = LogKeyring::open(&path).unwrap_err();
        assert!(matches!(error, KeyringError::Exposed { mode: found, .. } if found == mode), "{error}");
    }
}

#[test]
fn what_is_no_file_of_a_logs_key_is_refused_and_left_as_it_is() {
    let (_directory, path) = place();
    LogKeyring::open(&path).unwrap();
    let sound = fs::read_to_string(&path).unwrap();
    // In the private half, behind the header: what is left of a key is no key.
    let halved = format!("{}\"}}", &sound[..60]);
    for content in [
        String::new(),
        "{}".into(),
        r#"{"log_key":"canary"}"#.into(),
        format!(r#"{{"log_key":"{}"}}"#, "00".repeat(83)),
        r#"{"signing_keys":[]}"#.into(),
        halved,
        format!("{sound}{sound}"),
    ] {
        fs::write(&path, &content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let error = LogKeyring::open(&path).unwrap_err();
        assert!(matches!(error, KeyringError::NotAKeyFile(_)), "{error}");
        assert!(!format!("{error:?}").contains("canary"));
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
}

#[test]
fn a_private_half_that_is_not_the_public_ones_is_no_key() {
    let (_directory, path) = place();
    LogKeyring::open(&path).unwrap();
    let mut file: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let mut digits = file["log_key"].as_str().unwrap().to_owned();
    // The private half begins behind the 16 bytes of its header.
    let digit = if &digits[40..41] == "0" { "1" } else { "0" };
    digits.replace_range(40..41, digit);
    file["log_key"] = digits.into();
    fs::write(&path, file.to_string()).unwrap();
    assert!(matches!(LogKeyring::open(&path).unwrap_err(), KeyringError::NotAKeyFile(_)));
}

#[test]
fn nothing_that_is_shown_holds_the_private_half() {
    let (_directory, path) = place();
    let signer = LogKeyring::open(&path).unwrap();
    let file: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let private = &file["log_key"].as_str().unwrap()[32..96];
    assert!(!format!("{signer:?}").contains(private));
}
