//! The file of signing keys, and an issuer that has it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Barrier};

use async_trait::async_trait;
use deputize_broker::Clock as _;
use deputize_broker::issuer::{Issuer, IssuerSettings, Schedule, Subject};
use deputize_broker::ports::identity::IdentityTokens as _;
use deputize_broker::ports::signing::{KeyId, NewKey, SigningError, SigningKey, SigningKeys};
use deputize_keyring::{KeyringError, SigningKeyring};
use deputize_scope::Seconds;
use deputize_testkit::keys::Scrambled;
use deputize_testkit::signing::{MovedClock, relied_on, signing_keys_contract};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tempfile::TempDir;

const URL: &str = "https://broker.example.com";
const AUDIENCE: &str = "api://AzureADTokenExchange";

fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("signing.json");
    (directory, path)
}

fn noon() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn issuer(path: &Path, clock: &Arc<MovedClock>) -> Issuer {
    let settings = IssuerSettings {
        url: URL.parse().unwrap(),
        subject: Subject::of(&"acme".parse().unwrap()),
        schedule: Schedule::default(),
    };
    let keys = Arc::new(SigningKeyring::open(path).unwrap());
    Issuer::new(settings, keys, Arc::clone(clock) as _, Arc::new(Scrambled::new(1)))
}

/// The names of the keys in a key set.
fn names(key_set: &str) -> Vec<String> {
    let set: Value = serde_json::from_str(key_set).unwrap();
    set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn it_keeps_signing_keys_as_every_keeper_does() {
    let (_directory, path) = place();
    let keys = SigningKeyring::open(&path).unwrap();
    signing_keys_contract(&keys).await.unwrap();
    // The same again with two keys, one of them made by another process.
    let first = keys.keys().await.unwrap()[0].public.id().clone();
    let order = NewKey { after: Some(first), signs_from: noon(), ended: Vec::new() };
    SigningKeyring::open(&path).unwrap().add(&order).await.unwrap();
    assert_eq!(keys.keys().await.unwrap().len(), 2);
    signing_keys_contract(&keys).await.unwrap();
}

#[tokio::test]
async fn a_token_signed_before_a_rotation_verifies_after_it() {
    let (_directory, path) = place();
    let clock = Arc::new(MovedClock::new(noon()));
    let issuer = issuer(&path, &clock);
    let first_set = issuer.key_set().await.unwrap().body;
    assert_eq!(names(&first_set).len(), 1);

    // A day before the end of its time the next key is published, and does not sign yet.
    clock.advance(SignedDuration::from_hours(29 * 24));
    let ahead_set = issuer.key_set().await.unwrap().body;
    let published = names(&ahead_set);
    assert_eq!((published.len(), &published[0]), (2, &names(&first_set)[0]));
    clock.advance(SignedDuration::from_hours(24) - SignedDuration::from_secs(10));
    let old = issuer.token(AUDIENCE).await.unwrap();
    assert!(relied_on(old.token.reveal(), &first_set, URL, AUDIENCE, clock.now()).is_ok());

    // Whoever fetched the keys when the next one appeared knows both tokens, a day later.
    clock.advance(SignedDuration::from_secs(20));
    let new = issuer.token(AUDIENCE).await.unwrap();
    let later_set = issuer.key_set().await.unwrap().body;
    for set in [&ahead_set, &later_set] {
        for token in [&old, &new] {
            let claims = relied_on(token.token.reveal(), set, URL, AUDIENCE, clock.now()).unwrap();
            assert_eq!(claims["sub"], "deputize:acme");
        }
    }
    assert!(relied_on(new.token.reveal(), &first_set, URL, AUDIENCE, clock.now()).is_err());

    // Once the old key's tokens have ended, it is not published; with the key after that, it is gone from the file.
    clock.advance(SignedDuration::from_mins(11));
    assert_eq!(names(&issuer.key_set().await.unwrap().body), published[1..]);
    assert!(relied_on(old.token.reveal(), &later_set, URL, AUDIENCE, clock.now()).is_err());
    clock.advance(SignedDuration::from_hours(29 * 24));
    assert_eq!(names(&issuer.key_set().await.unwrap().body).len(), 2);
    let kept = SigningKeyring::open(&path).unwrap().keys().await.unwrap();
    assert_eq!(kept[0].public.id().as_str(), published[1]);
    assert_eq!(kept.len(), 2);
}

#[tokio::test]
async fn a_token_says_who_for_whom_and_until_when_and_no_two_are_the_same() {
    let (_directory, path) = place();
    let clock = Arc::new(MovedClock::new(noon() + SignedDuration::from_millis(700)));
    let issuer = issuer(&path, &clock);
    let [one, other] = [issuer.token(AUDIENCE).await.unwrap(), issuer.token(AUDIENCE).await.unwrap()];
    assert_eq!(one.expires_at, noon() + SignedDuration::from_mins(5));
    let set = issuer.key_set().await.unwrap().body;
    let [one, other] =
        [one, other].map(|token| relied_on(token.token.reveal(), &set, URL, AUDIENCE, clock.now()).unwrap());
    let times = ["iat", "nbf", "exp"].map(|name| one[name].as_i64().unwrap() - noon().as_second());
    assert_eq!(times, [0, 0, 300]);
    assert_eq!((&one["iss"], &one["aud"]), (&URL.into(), &AUDIENCE.into()));
    assert_ne!(one["jti"], other["jti"]);
}

#[test]
fn those_that_start_at_once_make_one_key() {
    let (_directory, path) = place();
    let start = Arc::new(Barrier::new(4));
    let sets: Vec<Vec<String>> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..4)
            .map(|_| {
                let (start, path) = (Arc::clone(&start), &path);
                scope.spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                    let issuer = issuer(path, &Arc::new(MovedClock::new(noon())));
                    start.wait();
                    names(&runtime.block_on(issuer.key_set()).unwrap().body)
                })
            })
            .collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(sets[0].len(), 1);
    assert!(sets.iter().all(|set| *set == sets[0]), "{sets:?}");
}

#[tokio::test]
async fn a_restart_changes_no_key() {
    let (_directory, path) = place();
    let clock = Arc::new(MovedClock::new(noon()));
    let before = issuer(&path, &clock).key_set().await.unwrap();
    assert_eq!(issuer(&path, &clock).key_set().await.unwrap(), before);
}

#[tokio::test]
async fn the_file_is_for_its_owner_alone_and_is_refused_where_it_is_not() {
    let (directory, path) = place();
    let clock = Arc::new(MovedClock::new(noon()));
    let issuer = issuer(&path, &clock);
    issuer.token(AUDIENCE).await.unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    for mode in [0o640, 0o604, 0o620] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = SigningKeyring::open(&path).unwrap_err();
        assert!(matches!(error, KeyringError::Exposed { mode: found, .. } if found == mode), "{error}");
        // Also where it is opened to others later on.
        clock.advance(SignedDuration::from_mins(2));
        assert!(issuer.token(AUDIENCE).await.is_err());
    }
}

#[tokio::test]
async fn what_is_no_file_of_signing_keys_is_refused_and_left_as_it_is() {
    let (_directory, path) = place();
    let short = "00".repeat(64);
    for content in [
        String::new(),
        "{}".into(),
        r#"{"signing_keys":[{"signs_from":"2026-11-23T12:00:00Z","pkcs8":"canary"}]}"#.into(),
        format!(r#"{{"signing_keys":[{{"signs_from":"2026-11-23T12:00:00Z","pkcs8":"{short}"}}]}}"#),
        r#"{"current":1,"keys":{}}"#.into(),
    ] {
        fs::write(&path, &content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let error = SigningKeyring::open(&path).unwrap_err();
        assert!(matches!(error, KeyringError::NotAKeyFile(_)), "{error}");
        assert!(!format!("{error:?}").contains("canary"));
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
}

#[tokio::test]
async fn where_no_key_can_be_made_the_one_that_signs_goes_on() {
    let (_directory, path) = place();
    let clock = Arc::new(MovedClock::new(noon()));
    let keys = SigningKeyring::open(&path).unwrap();
    let settings = IssuerSettings {
        url: URL.parse().unwrap(),
        subject: "broker".parse().unwrap(),
        schedule: Schedule::new(Seconds::new(60), Seconds::new(60), Seconds::new(120), Seconds::new(900))
            .unwrap(),
    };
    let frozen = Arc::new(Frozen(keys));
    let issuer = Issuer::new(settings, frozen, Arc::clone(&clock) as _, Arc::new(Scrambled::new(1)));
    let error = issuer.key_set().await.unwrap_err();
    assert!(matches!(error, SigningError::Unavailable(_)), "{error:?}");
    let first = NewKey { after: None, signs_from: noon(), ended: Vec::new() };
    SigningKeyring::open(&path).unwrap().add(&first).await.unwrap();
    clock.advance(SignedDuration::from_hours(10));
    let token = issuer.token(AUDIENCE).await.unwrap();
    let set = issuer.key_set().await.unwrap().body;
    assert!(relied_on(token.token.reveal(), &set, URL, AUDIENCE, clock.now()).is_ok());
}

/// Signs, and adds nothing.
struct Frozen(SigningKeyring);

#[async_trait]
impl SigningKeys for Frozen {
    async fn keys(&self) -> Result<Vec<SigningKey>, SigningError> {
        self.0.keys().await
    }

    async fn add(&self, _: &NewKey) -> Result<Vec<SigningKey>, SigningError> {
        Err(SigningError::Unavailable("the disk is full".into()))
    }

    async fn sign(&self, key: &KeyId, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        self.0.sign(key, message).await
    }
}

#[tokio::test]
async fn nothing_that_is_shown_holds_a_private_half() {
    let (_directory, path) = place();
    let clock = Arc::new(MovedClock::new(noon()));
    let issuer = issuer(&path, &clock);
    let token = issuer.token(AUDIENCE).await.unwrap();
    let file: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let private = file["signing_keys"][0]["pkcs8"].as_str().unwrap();
    let keys = SigningKeyring::open(&path).unwrap();
    let set = issuer.key_set().await.unwrap();
    let shown = format!("{keys:?} {issuer:?} {token:?} {set:?} {:?} {}", issuer.discovery(), set.body);
    // Whole parts: what is left at the end may be two letters, which are anywhere.
    for part in private.as_bytes().chunks_exact(64).skip(1).map(|part| std::str::from_utf8(part).unwrap()) {
        assert!(!shown.contains(part));
    }
    for secret in [token.token.reveal(), "\"d\":", "\"p\":"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}
