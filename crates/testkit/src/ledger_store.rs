//! What the stores of a ledger keep to. [`contract`] tries all of it on one store; each property has a tenant of its own.

// A broken promise of a store ends the test that tries it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use deputize_broker::audit::{AuditEvent, EventId, What};
use deputize_broker::caller::Actor;
use deputize_broker::ledger::head::{Head, Staged};
use deputize_broker::ports::audit::{AuditOutbox, OutboxKey, Waiting};
use deputize_broker::ports::keys::WrappedKey;
use deputize_broker::ports::ledger::{
    AdvanceError, EntryIndex, Indexed, LogHeads, LogObjects, ObjectPath, SealedPersonal, Settled, SubjectKey,
    Subjects, Told,
};
use deputize_ledger::{Checkpoint, Edge, Origin, SignedCheckpoint, VerifierKey};
use ed25519_dalek::{Signer as _, SigningKey};
use futures_util::future::join_all;

use crate::log_objects::log_objects_contract;
use crate::store::World;

/// All stores of a ledger in one.
pub trait LedgerStores: AuditOutbox + LogHeads + EntryIndex + Subjects + LogObjects {}
impl<S: AuditOutbox + LogHeads + EntryIndex + Subjects + LogObjects> LedgerStores for S {}

/// Tries everything that a ledger's store must keep to.
///
/// # Panics
/// Where the store breaks the contract: it is called by tests.
pub async fn contract(store: &dyn LedgerStores) {
    a_head_follows_only_the_version_before_it(store).await;
    of_rival_heads_exactly_one_is_written(store).await;
    how_far_a_monitor_was_told_is_remembered(store).await;
    an_event_that_is_recorded_twice_waits_once(store).await;
    what_is_settled_is_found_and_waits_no_more(store).await;
    an_event_that_was_settled_does_not_come_back(store).await;
    what_waited_by_another_name_is_found_by_both(store).await;
    a_subject_is_the_one_that_was_added_first(store).await;
    a_forgotten_subject_is_gone_and_an_event_says_so(store).await;
    tenants_are_apart(store).await;
    log_objects_contract(store).await;
}

/// How many events are settled at once: more than any store writes in one request.
const MANY: usize = 130;

fn head(version: u64, staged: Option<&str>) -> Head {
    let origin = Origin::of("ledger.example.com", "acme", 2026).unwrap();
    let signer = SigningKey::from_bytes(&[7; 32]);
    let key = VerifierKey::new(origin.clone(), &signer.verifying_key().to_bytes()).unwrap();
    let mut edge = Edge::default();
    edge.append((0..version).map(|leaf| deputize_ledger::leaf_hash(&leaf.to_be_bytes())));
    let checkpoint = Checkpoint { origin, size: edge.size(), root: edge.root() };
    let signature = signer.sign(checkpoint.message().as_bytes()).to_bytes();
    let path = |name: &str| ObjectPath::parse(&format!("acme/{name}")).unwrap();
    Head {
        version,
        year: 2026,
        edge,
        checkpoint: SignedCheckpoint::sign_with(checkpoint, &key, signature).unwrap(),
        signed_at: "2026-03-01T12:00:00.123456789Z".parse().unwrap(),
        recorded_at: "2026-03-01T12:00:00Z".parse().unwrap(),
        is_closed: version.is_multiple_of(2),
        staged: staged.map(|name| Staged { path: path(name), sha256: "0f".repeat(32) }),
        superseded: vec![path("2026/tile/0/000.p/1")],
        mismatched: vec![version],
    }
}

/// Only from one version to the next; and the very same head again is no error.
async fn a_head_follows_only_the_version_before_it(store: &dyn LedgerStores) {
    let tenant = World::of("heads").tenant;
    let advance = async |head: &Head| store.advance(&tenant, head).await;
    assert_eq!(store.head(&tenant).await.unwrap(), None);
    assert!(matches!(advance(&head(2, None)).await, Err(AdvanceError::Superseded)), "there is no first one");
    for version in 1..=4 {
        let staged = (version % 2 == 1).then_some("staging/one");
        let next = head(version, staged);
        advance(&next).await.unwrap();
        advance(&next).await.unwrap();
        assert_eq!(store.head(&tenant).await.unwrap(), Some(next));
    }
    let rivals = [
        head(1, None),
        head(3, Some("staging/one")),
        head(4, Some("staging/other")),
        head(6, None),
        head(7, None),
    ];
    for rival in rivals {
        let refused = advance(&rival).await;
        assert!(matches!(refused, Err(AdvanceError::Superseded)), "{}: {refused:?}", rival.version);
    }
    assert_eq!(store.head(&tenant).await.unwrap(), Some(head(4, None)));
}

/// Eight write the next head at once, each its own.
async fn of_rival_heads_exactly_one_is_written(store: &dyn LedgerStores) {
    let tenant = World::of("rival-heads").tenant;
    for version in 1..=3 {
        let rivals: Vec<Head> =
            (0..8).map(|rival| head(version, Some(&format!("staging/{rival}")))).collect();
        let outcomes = join_all(rivals.iter().map(|rival| store.advance(&tenant, rival))).await;
        let there = store.head(&tenant).await.unwrap();
        for (rival, outcome) in rivals.iter().zip(outcomes) {
            match outcome {
                Ok(()) => assert_eq!(there.as_ref(), Some(rival), "who was told so, wrote it"),
                Err(AdvanceError::Superseded) => assert_ne!(there.as_ref(), Some(rival)),
                // May or may not have written: nothing is promised.
                Err(AdvanceError::Store(_)) => {}
            }
        }
        assert_eq!(there.map(|head| head.version), Some(version), "one of them is there");
    }
}

/// Of each monitor by itself.
async fn how_far_a_monitor_was_told_is_remembered(store: &dyn LedgerStores) {
    let tenant = World::of("told").tenant;
    assert_eq!(store.told(&tenant, "nats").await.unwrap(), None);
    for told in [Told { year: 2026, next: 9 }, Told { year: 2027, next: 0 }] {
        store.remember_told(&tenant, "nats", told).await.unwrap();
        assert_eq!(store.told(&tenant, "nats").await.unwrap(), Some(told));
    }
    assert_eq!(store.told(&tenant, "eventbridge").await.unwrap(), None);
    assert_eq!(store.head(&tenant).await.unwrap(), None);
}

impl World {
    fn happening(&self) -> AuditEvent {
        let what = What::ConnectorChanged { name: "connectors/example.yaml".into(), sha256: "0f".repeat(32) };
        AuditEvent::new(&self.tenant, Actor::Broker, what, &self.clock, &self.random)
    }

    async fn recorded(&self, store: &dyn LedgerStores, many: usize) -> Vec<AuditEvent> {
        let events: Vec<AuditEvent> = (0..many).map(|_| self.happening()).collect();
        for event in &events {
            store.record(event).await.unwrap();
        }
        events
    }

    /// All that waits, in pages of seven.
    async fn waiting(&self, store: &dyn LedgerStores) -> Vec<Waiting> {
        let mut waiting = Vec::new();
        for shard in 0..store.shards() {
            let mut after: Option<OutboxKey> = None;
            loop {
                let page = store.pending(&self.tenant, shard, after.as_ref(), 7).await.unwrap();
                assert!(page.len() <= 7 && page.is_sorted_by_key(Waiting::key));
                assert!(page.iter().all(|one| one.key().shard == shard && after.as_ref() < Some(one.key())));
                let Some(last) = page.last() else { break };
                after = Some(last.key().clone());
                waiting.extend(page);
            }
        }
        waiting
    }

    /// The same as entries, numbered from 0.
    async fn settled(&self, store: &dyn LedgerStores) -> Vec<Settled> {
        let waiting = self.waiting(store).await;
        let sealed = SealedPersonal { pseudonym: "p".into(), nonce: [3; 12], ciphertext: "0a".into() };
        let entries = waiting.into_iter().enumerate().map(|(place, one)| match one {
            Waiting::Event { key, event, sha256 } => {
                let personal = place.is_multiple_of(2).then(|| sealed.clone());
                settled(Some(key), event.id, place as u64, sha256, personal)
            }
            Waiting::Unreadable { key, problem, .. } => unreachable(&key, &problem),
        });
        entries.collect()
    }
}

#[allow(clippy::panic, reason = "a store that cannot read what it wrote breaks the contract")]
fn unreachable(key: &OutboxKey, problem: &str) -> ! {
    panic!("{key:?} is unreadable: {problem}")
}

fn settled(
    key: Option<OutboxKey>,
    id: EventId,
    sequence: u64,
    sha256: String,
    personal: Option<SealedPersonal>,
) -> Settled {
    Settled { key, entry: Indexed { id, year: 2026, sequence, sha256, personal } }
}

/// And as it was recorded.
async fn an_event_that_is_recorded_twice_waits_once(store: &dyn LedgerStores) {
    let world = World::of("recorded");
    let mut events = world.recorded(store, 40).await;
    for event in &events {
        store.record(event).await.unwrap();
    }
    let mut waiting: Vec<AuditEvent> = Vec::new();
    for one in world.waiting(store).await {
        match one {
            Waiting::Event { key, event, .. } => {
                assert_eq!(key.name, event.id.to_string());
                waiting.push(*event);
            }
            Waiting::Unreadable { key, problem, .. } => unreachable(&key, &problem),
        }
    }
    waiting.sort_by_key(|event| event.id.to_string());
    events.sort_by_key(|event| event.id.to_string());
    assert_eq!(waiting, events);
    assert_eq!(store.find(&world.tenant, &events[0].id.to_string()).await.unwrap(), None, "it only waits");
}

/// Doing it again changes nothing, also where half of it was done before.
async fn what_is_settled_is_found_and_waits_no_more(store: &dyn LedgerStores) {
    let world = World::of("settled");
    world.recorded(store, MANY).await;
    let mut all = world.settled(store).await;
    assert_eq!(all.len(), MANY);
    // The ledger's own events never waited.
    let own = world.happening();
    all.push(settled(None, own.id, MANY as u64, "0f".repeat(32), None));
    let later = world.recorded(store, 3).await;
    store.settle(&world.tenant, &all[..40]).await.unwrap();
    for _ in 0..2 {
        store.settle(&world.tenant, &all).await.unwrap();
        for one in &all {
            let found = store.find(&world.tenant, &one.entry.id.to_string()).await.unwrap();
            assert_eq!(found.as_ref(), Some(&one.entry));
        }
        assert_eq!(world.waiting(store).await.len(), later.len(), "what came later waits");
    }
    store.settle(&world.tenant, &[]).await.unwrap();
}

/// Whoever did not hear that it was recorded records it again, at any time.
async fn an_event_that_was_settled_does_not_come_back(store: &dyn LedgerStores) {
    let world = World::of("moved");
    let events = world.recorded(store, 3).await;
    let all = world.settled(store).await;
    store.settle(&world.tenant, &all).await.unwrap();
    for event in &events {
        store.record(event).await.unwrap();
    }
    assert!(world.waiting(store).await.is_empty(), "an event that the ledger holds waits again");
    for one in &all {
        let found = store.find(&world.tenant, &one.entry.id.to_string()).await.unwrap();
        assert_eq!(found.as_ref(), Some(&one.entry));
    }
}

/// What was quarantined waited by a name, and has an entry of another.
async fn what_waited_by_another_name_is_found_by_both(store: &dyn LedgerStores) {
    let world = World::of("quarantined");
    let event = world.recorded(store, 1).await.remove(0);
    let key = world.waiting(store).await.remove(0).key().clone();
    let anomaly = world.happening();
    let one = settled(Some(key), anomaly.id, 0, "0f".repeat(32), None);
    for _ in 0..2 {
        store.settle(&world.tenant, std::slice::from_ref(&one)).await.unwrap();
        for name in [event.id, anomaly.id] {
            let found = store.find(&world.tenant, &name.to_string()).await.unwrap();
            assert_eq!(found.as_ref(), Some(&one.entry));
        }
        assert!(world.waiting(store).await.is_empty());
    }
}

fn subject(pseudonym: &str) -> SubjectKey {
    let key = WrappedKey { key_id: "key".into(), ciphertext: pseudonym.as_bytes().to_vec() };
    SubjectKey { pseudonym: pseudonym.to_owned(), key }
}

/// Whoever else adds it, at the same time or later, is told of that one.
async fn a_subject_is_the_one_that_was_added_first(store: &dyn LedgerStores) {
    let tenant = World::of("subjects").tenant;
    assert_eq!(store.subject(&tenant, "ada").await.unwrap(), None);
    assert_eq!(store.by_pseudonym(&tenant, "p0").await.unwrap(), None);
    let rivals: Vec<SubjectKey> = (0..8).map(|rival| subject(&format!("p{rival}"))).collect();
    let added = join_all(rivals.iter().map(|rival| store.add(&tenant, "ada", rival))).await;
    let there = store.subject(&tenant, "ada").await.unwrap().unwrap();
    assert!(rivals.contains(&there));
    assert!(added.into_iter().flatten().all(|added| added == there), "all of them are told of one");
    for late in rivals.iter().chain([&subject("late")]) {
        assert_eq!(store.add(&tenant, "ada", late).await.unwrap(), there);
    }
    assert_eq!(store.subject(&tenant, "ada").await.unwrap().as_ref(), Some(&there));
    assert_eq!(store.by_pseudonym(&tenant, &there.pseudonym).await.unwrap(), Some(there));
    assert_eq!(store.subject(&tenant, "grace").await.unwrap(), None);
}

/// And may be added anew, as somebody whom nobody knows.
async fn a_forgotten_subject_is_gone_and_an_event_says_so(store: &dyn LedgerStores) {
    let world = World::of("erased");
    let tenant = &world.tenant;
    for name in ["ada", "grace"] {
        store.add(tenant, name, &subject(&format!("of-{name}"))).await.unwrap();
    }
    let what = What::PersonalDataErased { subject: "of-ada".into() };
    let event = AuditEvent::new(tenant, Actor::Broker, what, &world.clock, &world.random);
    for _ in 0..2 {
        store.erase(tenant, "ada", "of-ada", &event).await.unwrap();
        assert_eq!(store.subject(tenant, "ada").await.unwrap(), None);
        assert_eq!(store.by_pseudonym(tenant, "of-ada").await.unwrap(), None);
        let waiting = world.waiting(store).await;
        let names: Vec<&str> = waiting.iter().map(|one| one.key().name.as_str()).collect();
        assert_eq!(names, [event.id.to_string()]);
    }
    store.settle(tenant, &world.settled(store).await).await.unwrap();
    store.erase(tenant, "ada", "of-ada", &event).await.unwrap();
    assert!(world.waiting(store).await.is_empty(), "an event that the ledger holds waits again");
    assert_eq!(store.subject(tenant, "grace").await.unwrap(), Some(subject("of-grace")));
    assert_eq!(store.by_pseudonym(tenant, "of-grace").await.unwrap(), Some(subject("of-grace")));
    let anew = subject("anew");
    assert_eq!(store.add(tenant, "ada", &anew).await.unwrap(), anew);
}

/// Nothing of one tenant's is another's.
async fn tenants_are_apart(store: &dyn LedgerStores) {
    let (one, other) = (World::of("ledger-one"), World::of("ledger-other"));
    let event = one.recorded(store, 1).await.remove(0);
    assert!(other.waiting(store).await.is_empty());
    store.settle(&one.tenant, &one.settled(store).await).await.unwrap();
    assert_eq!(store.find(&other.tenant, &event.id.to_string()).await.unwrap(), None);
    store.advance(&one.tenant, &head(1, None)).await.unwrap();
    assert_eq!(store.head(&other.tenant).await.unwrap(), None);
    store.remember_told(&one.tenant, "nats", Told { year: 2026, next: 1 }).await.unwrap();
    assert_eq!(store.told(&other.tenant, "nats").await.unwrap(), None);
    store.add(&one.tenant, "ada", &subject("of-ada")).await.unwrap();
    assert_eq!(store.subject(&other.tenant, "ada").await.unwrap(), None);
    assert_eq!(store.by_pseudonym(&other.tenant, "of-ada").await.unwrap(), None);
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::ledger::MemoryLedger;

    /// It knows one tenant, so that each property has a store of its own.
    #[test]
    fn the_one_in_memory_keeps_to_the_contract() {
        macro_rules! each {
            ($($property:ident),*) => {
                $($property(&*MemoryLedger::faultless(Default::default())).now_or_never().unwrap();)*
            };
        }
        each!(
            a_head_follows_only_the_version_before_it,
            of_rival_heads_exactly_one_is_written,
            how_far_a_monitor_was_told_is_remembered,
            an_event_that_is_recorded_twice_waits_once,
            what_is_settled_is_found_and_waits_no_more,
            an_event_that_was_settled_does_not_come_back,
            what_waited_by_another_name_is_found_by_both,
            a_subject_is_the_one_that_was_added_first,
            a_forgotten_subject_is_gone_and_an_event_says_so
        );
        let objects = MemoryLedger::faultless(Default::default());
        log_objects_contract(&*objects).now_or_never().unwrap();
    }
}
