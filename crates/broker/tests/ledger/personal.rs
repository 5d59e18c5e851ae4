//! What may be about a person is not in the entries, and can be forgotten.

use deputize_broker::caller::{Actor, Role};

use crate::world::World;

fn somebody() -> Actor {
    Actor::Caller { role: Role::Admin, identity: "https://id.example.com#ada@example.com".to_owned() }
}

#[tokio::test]
async fn an_identity_is_kept_outside_of_the_entry_and_shown_beside_it() {
    let world = World::new();
    let (one, other) = (world.happens(somebody()), world.happens(somebody()));
    world.seal().await;
    let entries = world.verified(2026);
    for bytes in world.stored.lock().unwrap().objects.values() {
        assert!(!String::from_utf8_lossy(bytes).contains("ada@example.com"));
    }
    let subjects: Vec<_> =
        entries[1..].iter().map(|entry| entry.personal.as_ref().unwrap().subject.clone()).collect();
    assert_eq!(subjects[0], subjects[1], "the same person has the same pseudonym");
    for event in [one, other] {
        let found = world.reader().entry(event).await.unwrap().unwrap();
        let disclosed = found.personal.unwrap();
        let told = serde_json::to_value(&disclosed.fields).unwrap();
        // Anybody who is shown it can hold it against the entry.
        assert!(found.entry.personal.unwrap().opens(&disclosed.salt, &told));
        let told = told.to_string();
        assert!(told.contains("ada@example.com"), "{told}");
    }
}

#[tokio::test]
async fn who_was_forgotten_is_in_no_entry_and_every_proof_stays_valid() {
    let world = World::new();
    let event = world.happens(somebody());
    world.seal().await;
    let before = world.reader().prove(event).await.unwrap().unwrap();
    let subject = before.found.entry.personal.clone().unwrap().subject;

    let forgotten =
        world.reader().forget(Actor::Broker, "https://id.example.com#ada@example.com").await.unwrap();
    assert_eq!(forgotten, Some(subject));
    world.seal().await;
    let after = world.reader().prove(event).await.unwrap().unwrap();
    assert_eq!(after.found.personal, None);
    assert_eq!(after.found.bytes, before.found.bytes);
    for proven in [before, after] {
        let checkpoint = proven.checkpoint.to_string();
        deputize_ledger::verify_entry(&proven.found.bytes, &proven.proof, &checkpoint, &world.key(2026))
            .unwrap();
    }
    let last = world.verified(2026).pop().unwrap();
    assert_eq!(last.event["event"], "personal_data_erased");
    // Who comes back is somebody else.
    let again = world.happens(somebody());
    world.seal().await;
    let again = world.reader().entry(again).await.unwrap().unwrap();
    assert_ne!(again.entry.personal.unwrap().subject, forgotten.unwrap());
    assert_eq!(world.reader().forget(Actor::Broker, "nobody").await.unwrap(), None);
}
