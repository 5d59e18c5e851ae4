//! The issuer: its documents, and how it treats the keeper of its keys.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use deputize_broker::Clock as _;
use deputize_broker::audit::What;
use deputize_broker::issuer::{Issuer, IssuerSettings, Schedule, Subject};
use deputize_broker::ports::identity::{IdentityError, IdentityTokens as _};
use deputize_broker::ports::signing::{KeyId, NewKey, PublicKey, SigningError, SigningKey, SigningKeys};
use deputize_testkit::keys::Scrambled;
use deputize_testkit::outbox::MemoryOutbox;
use deputize_testkit::signing::MovedClock;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::dangerous::insecure_decode;
use serde_json::{Value, json};

const URL: &str = "https://broker.example.com/deputize";

/// Keys of which only the numbers are there, and what they were asked for.
#[derive(Default)]
struct Recording {
    keys: Mutex<Vec<SigningKey>>,
    calls: Mutex<Vec<String>>,
    signs: Mutex<Option<SigningError>>,
    longest: Mutex<usize>,
    made: AtomicU8,
}

impl Recording {
    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }
}

#[async_trait]
impl SigningKeys for Recording {
    async fn keys(&self) -> Result<Vec<SigningKey>, SigningError> {
        self.calls.lock().unwrap().push("keys".into());
        Ok(self.keys.lock().unwrap().clone())
    }

    async fn add(&self, order: &NewKey) -> Result<Vec<SigningKey>, SigningError> {
        let mut keys = self.keys.lock().unwrap();
        self.calls.lock().unwrap().push(format!("add at {}", order.signs_from));
        let made = self.made.fetch_add(1, Ordering::Relaxed);
        keys.retain(|key| !order.ended.contains(key.public.id()));
        let public = PublicKey::rsa(&[0x80 + made; 256], &[1, 0, 1]).unwrap();
        keys.push(SigningKey { public, signs_from: order.signs_from });
        Ok(keys.clone())
    }

    async fn sign(&self, _: &KeyId, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        let mut longest = self.longest.lock().unwrap();
        *longest = message.len().max(*longest);
        self.signs.lock().unwrap().take().map_or_else(|| Ok(vec![7; 256]), Err)
    }
}

struct World {
    issuer: Issuer,
    keys: Arc<Recording>,
    clock: Arc<MovedClock>,
}

fn world() -> World {
    let start: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
    let (keys, clock) = (Arc::new(Recording::default()), Arc::new(MovedClock::new(start)));
    let settings = IssuerSettings {
        url: URL.parse().unwrap(),
        subject: Subject::of(&"acme".parse().unwrap()),
        schedule: Schedule::default(),
    };
    let issuer = Issuer::new(settings, keys.clone(), clock.clone(), Arc::new(Scrambled::new(3)));
    World { issuer, keys, clock }
}

#[tokio::test]
async fn the_documents_say_where_the_keys_are_and_which() {
    let World { issuer, keys, .. } = world();
    let discovery = issuer.discovery();
    let document: Value = serde_json::from_str(&discovery.body).unwrap();
    assert_eq!(document["issuer"], URL);
    assert_eq!(document["jwks_uri"], format!("{URL}/.well-known/jwks.json"));
    assert_eq!(document["id_token_signing_alg_values_supported"], json!(["RS256"]));

    let set = issuer.key_set().await.unwrap();
    let document: Value = serde_json::from_str(&set.body).unwrap();
    let key = keys.keys.lock().unwrap()[0].public.clone();
    let expected = json!({ "keys": [{
        "kty": "RSA", "use": "sig", "alg": "RS256", "kid": key.id().as_str(), "n": key.modulus(), "e": "AQAB",
    }] });
    assert_eq!(document, expected);
    assert_eq!((set.max_age.get(), discovery.max_age.get()), (3_600, 3_600));
    assert_ne!(set.etag, discovery.etag);
}

#[tokio::test]
async fn in_an_overlap_the_last_the_present_and_the_next_key_are_published_at_once() {
    let World { issuer, keys, clock } = world();
    let key = |number: u8, signs_from: i64| SigningKey {
        public: PublicKey::rsa(&[number; 256], &[1, 0, 1]).unwrap(),
        signs_from: clock.now() + SignedDuration::from_secs(signs_from),
    };
    // Keys of an operator's own: the schedule itself makes one when the last but one has long been gone.
    let [last, present, next] = [key(0x80, -86_400), key(0x81, -100), key(0x82, 3_600)];
    let ids = [&last, &present, &next].map(|key| key.public.id().as_str().to_owned());
    *keys.keys.lock().unwrap() = vec![last, present, next];
    let published = async || {
        let document: Value = serde_json::from_str(&issuer.key_set().await.unwrap().body).unwrap();
        let names = document["keys"].as_array().unwrap().iter();
        names.map(|key| key["kid"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let signer = async || {
        let token = issuer.token("audience").await.unwrap().token;
        jsonwebtoken::decode_header(token.reveal()).unwrap().kid.unwrap()
    };
    assert_eq!((published().await, signer().await), (ids.to_vec(), ids[1].clone()));
    // The last one's tokens have ended, for clocks too that are five minutes behind.
    clock.advance(SignedDuration::from_secs(500));
    assert_eq!((published().await, signer().await), (ids[1..].to_vec(), ids[1].clone()));
    clock.advance(SignedDuration::from_secs(3_100));
    assert_eq!((published().await, signer().await), (ids[1..].to_vec(), ids[2].clone()));
    assert_eq!(keys.taken().iter().filter(|call| call.starts_with("add")).count(), 0);
}

#[tokio::test]
async fn a_token_names_its_key_and_everything_that_relying_parties_ask_for() {
    let World { issuer, keys, .. } = world();
    let token = issuer.token("sts.amazonaws.com").await.unwrap();
    let decoded = insecure_decode::<Value>(token.token.reveal()).unwrap();
    let key = keys.keys.lock().unwrap()[0].public.id().to_string();
    assert_eq!((decoded.header.kid, decoded.header.typ.as_deref()), (Some(key), Some("JWT")));
    let claims = decoded.claims;
    let jti = claims["jti"].clone();
    assert_eq!(
        claims,
        json!({
            "iss": URL, "sub": "deputize:acme", "aud": "sts.amazonaws.com", "jti": jti,
            "iat": 1_795_435_200, "nbf": 1_795_435_200, "exp": 1_795_435_500,
        })
    );
    assert_eq!(token.expires_at.as_second(), 1_795_435_500);
}

#[tokio::test]
async fn keys_are_read_once_a_minute_and_when_the_schedule_changes_something() {
    let World { issuer, keys, clock } = world();
    for _ in 0..3 {
        issuer.token("a").await.unwrap();
        issuer.key_set().await.unwrap();
    }
    assert_eq!(keys.taken(), ["keys", "add at 2026-11-23T12:00:00Z"]);
    clock.advance(SignedDuration::from_secs(60));
    issuer.key_set().await.unwrap();
    assert_eq!(keys.taken(), ["keys"]);
    clock.advance(SignedDuration::from_hours(29 * 24) - SignedDuration::from_secs(61));
    issuer.key_set().await.unwrap();
    assert_eq!(keys.taken(), ["keys"]);
    // A second later, although the minute is not over: the next key is due.
    clock.advance(SignedDuration::from_secs(1));
    issuer.key_set().await.unwrap();
    assert_eq!(keys.taken(), ["keys", "add at 2026-12-23T12:00:00Z"]);
}

#[tokio::test]
async fn an_audience_is_one_that_fits_a_token_and_the_longest_token_fits_a_signature() {
    let World { keys, clock, .. } = world();
    let settings = IssuerSettings {
        url: format!("https://{}", "a".repeat(247)).parse().unwrap(),
        subject: "\\".repeat(127).parse().unwrap(),
        schedule: Schedule::default(),
    };
    let issuer = Issuer::new(settings, keys.clone(), clock, Arc::new(Scrambled::new(3)));
    for audience in ["", "two words", "ü", "\u{1}", &"a".repeat(1_001)] {
        let error = issuer.token(audience).await.unwrap_err();
        assert!(
            matches!(&error, IdentityError::Refused { code, .. } if code == "issuer_audience"),
            "{error:?}"
        );
    }
    issuer.token(&"\\".repeat(1_000)).await.unwrap();
    // What KMS signs at most.
    let longest = *keys.longest.lock().unwrap();
    assert!((3_000..=4_096).contains(&longest), "{longest}");
}

#[tokio::test]
async fn a_key_that_is_not_to_be_used_is_a_refusal_and_silence_is_not() {
    let World { issuer, keys, .. } = world();
    let unusable = SigningError::Unusable { key: "arn:1".into(), source: "disabled".into() };
    *keys.signs.lock().unwrap() = Some(unusable);
    let error = issuer.token("a").await.unwrap_err();
    assert!(matches!(error, IdentityError::Refused { code, .. } if code == "issuer_key_unusable"));
    *keys.signs.lock().unwrap() = Some(SigningError::Unavailable("no answer".into()));
    assert!(matches!(issuer.token("a").await.unwrap_err(), IdentityError::Unavailable(_)));
    issuer.token("a").await.unwrap();
}

#[tokio::test]
async fn keys_that_are_made_and_forgotten_are_written_down_sooner_or_later() {
    let World { issuer, keys, clock } = world();
    let outbox = Arc::new(MemoryOutbox::default());
    let issuer = issuer.recording("acme".parse().unwrap(), outbox.clone());
    let ids = || keys.keys.lock().unwrap().iter().map(|key| key.public.id().to_string()).collect::<Vec<_>>();

    issuer.token("a").await.unwrap();
    let first = ids().remove(0);
    let signs_from = clock.now();
    let added = What::SigningKeyAdded { issuer: URL.to_owned(), key: first.clone(), signs_from };
    assert_eq!(outbox.events(), [added]);

    // The next one is made while nothing can be written down: it is told of as soon as something can.
    outbox.fail();
    clock.advance(SignedDuration::from_hours(29 * 24));
    issuer.token("a").await.unwrap();
    assert_eq!((ids().len(), outbox.events().len()), (2, 1));
    outbox.mend();
    clock.advance(SignedDuration::from_mins(2));
    issuer.token("a").await.unwrap();
    assert!(matches!(&outbox.events()[1..], [What::SigningKeyAdded { key, .. }] if *key == ids()[1]));

    // With the one after that the first is forgotten.
    clock.advance(SignedDuration::from_hours(30 * 24));
    issuer.token("a").await.unwrap();
    let told = outbox.events();
    let [What::SigningKeyAdded { key: added, .. }, What::SigningKeyRetired { issuer, key: retired }] =
        &told[2..]
    else {
        unreachable!("one key more, one less: {told:?}")
    };
    assert_eq!((issuer.as_str(), retired), (URL, &first));
    assert_eq!(ids().last(), Some(added));
}
