//! What each store keeps to. [`contract`] tries all of it on one store; each property has a tenant of its own.

// A broken promise of a store ends the test that tries it.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

use deputize_broker::Clock;
use deputize_broker::audit::{AuditEvent, What};
use deputize_broker::caller::{Actor, Role};
use deputize_broker::idempotency::{Answer, Claim, Fingerprint};
use deputize_broker::lease::{Enforcement, Lease, LeaseId, LeaseScope, LeaseState, Outcome};
use deputize_broker::ports::audit::{AuditOutbox, Waiting};
use deputize_broker::ports::credentials::CredentialStore;
use deputize_broker::ports::keys::WrappedKey;
use deputize_broker::ports::leases::{BeginError, Intent, LeaseStore, SettleError, Settlement};
use deputize_broker::ports::rotation::ConnectorStore;
use deputize_broker::ports::scopes::{Publication, PublishError, ScopeStore};
use deputize_broker::ports::tokens::TokenStore;
use deputize_broker::scopes::{Etag, ScopesHead, ScopesVersion};
use deputize_broker::seal::Sealed;
use deputize_broker::token::TokenRecord;
use deputize_scope::identifier::CredentialType;
use deputize_scope::{AgentId, Budget, Seconds, TenantId};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use crate::credentials;
use crate::keys::Scrambled;
use crate::time::SteppingClock;

/// All stores in one.
pub trait Stores:
    LeaseStore + ScopeStore + CredentialStore + ConnectorStore + AuditOutbox + TokenStore
{
}
impl<S: LeaseStore + ScopeStore + CredentialStore + ConnectorStore + AuditOutbox + TokenStore> Stores for S {}

/// Tries everything that a store must keep to.
pub async fn contract(store: &dyn Stores) {
    a_lease_that_was_begun_is_found(store).await;
    the_budget_of_live_leases_is_never_overshot(store).await;
    the_budget_per_minute_is_never_overshot(store).await;
    live_is_given_back_exactly_once(store).await;
    an_idempotency_key_is_taken_by_exactly_one(store).await;
    a_key_that_lapsed_can_be_claimed_again(store).await;
    a_kept_answer_is_found_and_a_forgotten_key_is_free(store).await;
    a_settlement_of_a_lost_key_leaves_the_new_owner_alone(store).await;
    a_superseded_settlement_writes_nothing(store).await;
    the_same_intent_twice_is_one_lease_and_one_event(store).await;
    leases_are_listed_newest_first_by_cursor(store).await;
    what_is_due_comes_oldest_first(store).await;
    a_scope_document_is_replaced_only_as_it_was_read(store).await;
    a_token_is_found_as_it_was_put(store).await;
    tenants_are_apart(store).await;
    credentials::a_version_that_was_added_is_current_and_the_former_retired(store).await;
    credentials::of_rival_changes_exactly_one_is_written(store).await;
    credentials::the_same_change_twice_is_one(store).await;
    credentials::rotations_are_due_at_their_time_and_not_before(store).await;
    credentials::of_rival_workers_one_takes_a_rotation_up(store).await;
    credentials::a_pending_version_becomes_current(store).await;
    credentials::the_document_that_schedules_were_set_by_is_kept(store).await;
    credentials::connectors_are_kept_by_name(store).await;
    credentials::credentials_are_listed_by_name(store).await;
}

/// A tenant with what makes its leases and events.
pub(crate) struct World {
    pub(crate) tenant: TenantId,
    pub(crate) clock: SteppingClock,
    pub(crate) random: Scrambled,
}

impl World {
    pub(crate) fn of(tenant: &str) -> Self {
        let start = "2026-03-01T12:00:00Z".parse().unwrap();
        let seed = tenant.bytes().fold(7, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
        Self {
            tenant: tenant.parse().unwrap(),
            clock: SteppingClock::new(start),
            random: Scrambled::new(seed),
        }
    }

    fn lease(&self, agent: &str) -> Lease {
        Lease {
            id: LeaseId::fresh(&self.clock, &self.random),
            tenant: self.tenant.clone(),
            agent: agent.parse().unwrap(),
            kind: CredentialType::AwsIamRole,
            scope: LeaseScope {
                target: "arn:aws:iam::123456789012:role/agent".into(),
                permissions: vec!["s3:GetObject".into()],
                resources: vec!["*".into()],
                regions: Vec::new(),
            },
            granted: None,
            lineage: Vec::new(),
            scope_version: ScopesVersion(1),
            enforcement: Enforcement::SessionPolicy,
            purpose: None,
            context: Default::default(),
            duration: Seconds::new(900),
            requested_at: self.clock.now(),
            idempotency_key: None,
            state: LeaseState::Pending,
        }
    }

    fn event(&self, lease: &Lease) -> AuditEvent {
        let what = What::LeaseExpired { lease: lease.id, agent: lease.agent.clone() };
        AuditEvent::new(&self.tenant, Actor::Broker, what, &self.clock, &self.random)
    }

    fn intent(&self, lease: Lease, budget: &Budget) -> Intent {
        Intent { event: self.event(&lease), lease, budget: budget.clone(), claim: None }
    }

    /// An intent under the key `retry`, claimed for a minute from when the lease is asked for.
    fn claiming(&self, mut lease: Lease) -> Intent {
        let key: deputize_broker::idempotency::IdempotencyKey = "retry".parse().unwrap();
        lease.idempotency_key = Some(key.clone());
        let until = lease.requested_at + SignedDuration::from_secs(60);
        let claim = Claim { key, fingerprint: Fingerprint::of(b"request"), until };
        Intent { claim: Some(claim), ..self.intent(lease, &WIDE) }
    }

    fn settlement(&self, before: &Lease, next: LeaseState, answer: Answer) -> Settlement {
        let after = before.become_state(next).unwrap();
        Settlement { event: self.event(before), before: before.clone(), after, answer }
    }

    async fn begun(&self, store: &dyn Stores, agent: &str) -> Lease {
        let lease = self.lease(agent);
        store.begin(self.intent(lease.clone(), &WIDE)).await.unwrap();
        lease
    }

    pub(crate) async fn events(&self, store: &dyn Stores) -> Vec<AuditEvent> {
        let mut events = Vec::new();
        for shard in 0..store.shards() {
            let mut after = None;
            // Pages of two, so that the cursor is tried too.
            loop {
                let page = store.pending(&self.tenant, shard, after.as_ref(), 2).await.unwrap();
                assert!(page.is_sorted_by_key(Waiting::key));
                let Some(last) = page.last() else { break };
                after = Some(last.key().clone());
                events.extend(page.into_iter().filter_map(|waiting| match waiting {
                    Waiting::Event { event, .. } => Some(*event),
                    Waiting::Unreadable { .. } => None,
                }));
            }
        }
        events
    }
}

const WIDE: Budget = Budget { live_leases: 1_000, per_minute: 1_000 };

fn outcome(lease: &Lease, seconds: i64) -> Outcome {
    let expires_at = lease.requested_at + SignedDuration::from_secs(seconds);
    Outcome { expires_at, session: None, packed_policy_size: Some(3) }
}

async fn find(store: &dyn Stores, lease: &Lease) -> Option<Lease> {
    LeaseStore::find(store, &lease.tenant, lease.id).await.unwrap()
}

/// A lease is found as it was begun, and as it was settled.
pub async fn a_lease_that_was_begun_is_found(store: &dyn Stores) {
    let world = World::of("found");
    let lease = world.lease("devops");
    assert_eq!(find(store, &lease).await, None);
    store.begin(world.intent(lease.clone(), &WIDE)).await.unwrap();
    assert_eq!(find(store, &lease).await, Some(lease.clone()));
    let settlement = world.settlement(&lease, LeaseState::Active(outcome(&lease, 900)), Answer::Unchanged);
    store.settle(settlement.clone()).await.unwrap();
    assert_eq!(find(store, &lease).await, Some(settlement.after));
    assert_eq!(world.events(store).await.len(), 2);
}

/// 64 begins at once, a budget of 5.
pub async fn the_budget_of_live_leases_is_never_overshot(store: &dyn Stores) {
    let world = World::of("live");
    let budget = Budget { live_leases: 5, per_minute: 1_000 };
    let begins = (0..64).map(|_| store.begin(world.intent(world.lease("devops"), &budget)));
    let (mut begun, mut refused) = (0, 0);
    for outcome in join_all(begins).await {
        match outcome {
            Ok(()) => begun += 1,
            Err(BeginError::LiveLeasesExhausted) => refused += 1,
            Err(other) => assert!(matches!(other, BeginError::Store(_)), "{other:?}"),
        }
    }
    assert_eq!(begun, 5, "{refused} were refused");
    assert_eq!(world.events(store).await.len(), 5);
    store.begin(world.intent(world.lease("other"), &budget)).await.expect("another agent has its own budget");
}

/// Three a minute, and three more in the next.
pub async fn the_budget_per_minute_is_never_overshot(store: &dyn Stores) {
    let world = World::of("rate");
    let budget = Budget { live_leases: 1_000, per_minute: 3 };
    for minute in 0..2 {
        for n in 0..5 {
            let mut lease = world.lease("devops");
            lease.requested_at += SignedDuration::from_secs(60 * minute);
            let outcome = store.begin(world.intent(lease, &budget)).await;
            match n {
                0..3 => outcome.unwrap(),
                _ => assert!(matches!(outcome, Err(BeginError::RateExhausted)), "{outcome:?}"),
            }
        }
    }
    assert_eq!(world.events(store).await.len(), 6);
}

/// Eight settle the same lease at once: one succeeds, and one place is free afterwards, not eight.
pub async fn live_is_given_back_exactly_once(store: &dyn Stores) {
    let world = World::of("given-back");
    let budget = Budget { live_leases: 2, per_minute: 1_000 };
    let lease = world.lease("devops");
    store.begin(world.intent(lease.clone(), &budget)).await.unwrap();
    store.begin(world.intent(world.lease("devops"), &budget)).await.unwrap();
    let settles =
        (0..8).map(|_| store.settle(world.settlement(&lease, LeaseState::Abandoned, Answer::Unchanged)));
    let settled = join_all(settles).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(settled, 1);
    store.begin(world.intent(world.lease("devops"), &budget)).await.unwrap();
    let beyond = store.begin(world.intent(world.lease("devops"), &budget)).await;
    assert!(matches!(beyond, Err(BeginError::LiveLeasesExhausted)), "{beyond:?}");
    assert_eq!(world.events(store).await.len(), 4);
}

/// 50 begins at once under one key.
pub async fn an_idempotency_key_is_taken_by_exactly_one(store: &dyn Stores) {
    let world = World::of("key");
    let begins = (0..50).map(|_| store.begin(world.claiming(world.lease("devops"))));
    let begun = join_all(begins).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(begun, 1);
    assert_eq!(world.events(store).await.len(), 1);
    let again = store.begin(world.claiming(world.lease("devops"))).await;
    assert!(matches!(again, Err(BeginError::KeyTaken)), "{again:?}");
    store.begin(world.claiming(world.lease("other"))).await.expect("another agent's key is another key");
}

/// As of the request, not of the wall clock.
pub async fn a_key_that_lapsed_can_be_claimed_again(store: &dyn Stores) {
    let world = World::of("lapsed");
    let first = world.claiming(world.lease("devops"));
    let claim = first.claim.clone().unwrap();
    let agent = first.lease.agent.clone();
    store.begin(first.clone()).await.unwrap();
    let just_before = claim.until - SignedDuration::from_nanos(1);
    let kept = store.find_key(&world.tenant, &agent, &claim.key, just_before).await.unwrap().unwrap();
    assert_eq!((kept.lease, kept.answer, kept.until), (first.lease.id, None, claim.until));
    assert_eq!(kept.fingerprint, claim.fingerprint);
    assert_eq!(store.find_key(&world.tenant, &agent, &claim.key, claim.until).await.unwrap(), None);
    let mut lease = world.lease("devops");
    lease.requested_at = claim.until;
    store.begin(world.claiming(lease)).await.unwrap();
}

/// An answer is kept beyond the claim; a key of which nothing came is free at once.
pub async fn a_kept_answer_is_found_and_a_forgotten_key_is_free(store: &dyn Stores) {
    let world = World::of("answer");
    let intent = world.claiming(world.lease("devops"));
    let key = intent.claim.clone().unwrap().key;
    let lease = intent.lease.clone();
    store.begin(intent).await.unwrap();
    let until = lease.requested_at + SignedDuration::from_secs(600);
    let wrapped = WrappedKey { key_id: "keyring/1".into(), ciphertext: vec![0, 255] };
    let sealed = Sealed { key: wrapped, nonce: [9; 12], ciphertext: vec![1, 2, 3] };
    let keep = Answer::Keep { sealed: sealed.clone(), until };
    store.settle(world.settlement(&lease, LeaseState::Active(outcome(&lease, 900)), keep)).await.unwrap();
    let record =
        store.find_key(&world.tenant, &lease.agent, &key, lease.requested_at).await.unwrap().unwrap();
    assert_eq!((record.answer, record.until), (Some(sealed), until));

    let other = world.claiming(world.lease("other"));
    store.begin(other.clone()).await.unwrap();
    let refused = LeaseState::Refused { code: "AccessDenied".into() };
    store.settle(world.settlement(&other.lease, refused, Answer::Forget)).await.unwrap();
    let now = other.lease.requested_at;
    assert_eq!(store.find_key(&world.tenant, &other.lease.agent, &key, now).await.unwrap(), None);
}

/// The key lapsed and is another lease's: the first one settles all the same, and does not touch it.
pub async fn a_settlement_of_a_lost_key_leaves_the_new_owner_alone(store: &dyn Stores) {
    let world = World::of("lost-key");
    let first = world.claiming(world.lease("devops"));
    let claim = first.claim.clone().unwrap();
    store.begin(first.clone()).await.unwrap();
    let mut lease = world.lease("devops");
    lease.requested_at = claim.until;
    let second = world.claiming(lease);
    store.begin(second.clone()).await.unwrap();
    store.settle(world.settlement(&first.lease, LeaseState::Abandoned, Answer::Forget)).await.unwrap();
    let owner = store.find_key(&world.tenant, &second.lease.agent, &claim.key, claim.until).await.unwrap();
    assert_eq!(owner.map(|record| record.lease), Some(second.lease.id));
    assert_eq!(world.events(store).await.len(), 3);
}

/// Nothing: neither lease nor event.
pub async fn a_superseded_settlement_writes_nothing(store: &dyn Stores) {
    let world = World::of("superseded");
    let lease = world.begun(store, "devops").await;
    store.settle(world.settlement(&lease, LeaseState::Abandoned, Answer::Unchanged)).await.unwrap();
    let late = world.settlement(&lease, LeaseState::Active(outcome(&lease, 900)), Answer::Unchanged);
    let outcome = store.settle(late).await;
    assert!(matches!(outcome, Err(SettleError::Superseded)), "{outcome:?}");
    assert_eq!(find(store, &lease).await.unwrap().state, LeaseState::Abandoned);
    assert_eq!(world.events(store).await.len(), 2);
}

/// As after an answer that was lost on its way.
pub async fn the_same_intent_twice_is_one_lease_and_one_event(store: &dyn Stores) {
    let world = World::of("twice");
    let intent = world.claiming(world.lease("devops"));
    store.begin(intent.clone()).await.unwrap();
    store.begin(intent).await.expect("a repetition succeeds as the first did");
    assert_eq!(world.events(store).await.len(), 1);
}

/// Pages of three, of one agent and of all.
pub async fn leases_are_listed_newest_first_by_cursor(store: &dyn Stores) {
    let world = World::of("listed");
    let mut begun = Vec::new();
    for n in 0..11 {
        begun.push(world.begun(store, if n % 3 == 0 { "one" } else { "two" }).await);
    }
    begun.reverse();
    let one: AgentId = "one".parse().unwrap();
    for agent in [None, Some(&one)] {
        let expected: Vec<_> =
            begun.iter().filter(|lease| agent.is_none_or(|agent| lease.agent == *agent)).collect();
        let (mut listed, mut cursor) = (Vec::new(), None);
        loop {
            let page = LeaseStore::list(store, &world.tenant, agent, cursor, 3).await.unwrap();
            assert!((1..=3).contains(&page.leases.len()));
            listed.extend(page.leases);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(listed.iter().collect::<Vec<_>>(), expected);
    }
}

/// Pending past their deadline and active past their end; nothing that is final, nothing of later.
pub async fn what_is_due_comes_oldest_first(store: &dyn Stores) {
    let world = World::of("due");
    let mut active = Vec::new();
    for (n, seconds) in [30, 10, 20, 900].into_iter().enumerate() {
        let lease = world.begun(store, if n == 1 { "two" } else { "one" }).await;
        let settlement =
            world.settlement(&lease, LeaseState::Active(outcome(&lease, seconds)), Answer::Unchanged);
        store.settle(settlement.clone()).await.unwrap();
        active.push(settlement.after);
    }
    let pending = world.begun(store, "one").await;
    let over = world.begun(store, "one").await;
    store.settle(world.settlement(&over, LeaseState::Abandoned, Answer::Unchanged)).await.unwrap();
    let now = pending.due().unwrap();
    let ids = |leases: Vec<Lease>| leases.into_iter().map(|lease| lease.id).collect::<Vec<_>>();
    let (ten, twenty, thirty) = (active[1].id, active[2].id, active[0].id);
    let all = store.due(&world.tenant, None, now, 100).await.unwrap();
    assert_eq!(ids(all), [ten, twenty, thirty, pending.id]);
    assert_eq!(ids(store.due(&world.tenant, None, now, 2).await.unwrap()), [ten, twenty]);
    let one: AgentId = "one".parse().unwrap();
    assert_eq!(ids(store.due(&world.tenant, Some(&one), now, 1).await.unwrap()), [twenty]);
    let earlier = now - SignedDuration::from_nanos(1);
    let earlier = store.due(&world.tenant, Some(&one), earlier, 100).await.unwrap();
    assert_eq!(ids(earlier), [twenty, thirty]);
}

/// The head changes only from what was read, and the text of each version remains.
pub async fn a_scope_document_is_replaced_only_as_it_was_read(store: &dyn Stores) {
    let world = World::of("scopes");
    let publish = |replaces: Option<u64>, text: &str| {
        let head = ScopesHead {
            version: ScopesVersion(replaces.unwrap_or(0) + 1),
            etag: Etag::of(text),
            published_at: world.clock.now(),
        };
        let what = What::ScopesChanged {
            version: head.version,
            after: head.etag.clone(),
            before: None,
            changes: None,
        };
        let event = AuditEvent::new(&world.tenant, Actor::Broker, what, &world.clock, &world.random);
        let (tenant, replaces) = (world.tenant.clone(), replaces.map(ScopesVersion));
        Publication { tenant, replaces, head, text: text.to_owned(), event }
    };
    assert_eq!(store.head(&world.tenant).await.unwrap(), None);
    let first = publish(None, "first");
    store.publish(first.clone()).await.unwrap();
    assert_eq!(store.head(&world.tenant).await.unwrap(), Some(first.head.clone()));
    let rivals = (0..8).map(|n| store.publish(publish(Some(1), &format!("rival {n}"))));
    assert_eq!(join_all(rivals).await.into_iter().filter(Result::is_ok).count(), 1);
    for stale in [publish(None, "late"), publish(Some(1), "late"), publish(Some(7), "late")] {
        let outcome = store.publish(stale).await;
        assert!(matches!(outcome, Err(PublishError::Superseded)), "{outcome:?}");
    }
    let head = store.head(&world.tenant).await.unwrap().unwrap();
    assert_eq!(head.version, ScopesVersion(2));
    let old = store.text(&world.tenant, first.head.version, &first.head.etag).await.unwrap();
    assert_eq!(old.as_deref(), Some("first"));
    let current = store.text(&world.tenant, head.version, &head.etag).await.unwrap().unwrap();
    assert_eq!(Etag::of(&current), head.etag);
    assert_eq!(world.events(store).await.len(), 2);
}

/// And replaced by one of the same name.
pub async fn a_token_is_found_as_it_was_put(store: &dyn Stores) {
    let world = World::of("token");
    let (_, mut record) = TokenRecord::fresh(Role::Admin, &world.random);
    assert_eq!(TokenStore::find(store, &world.tenant, &record.id).await.unwrap(), None);
    for role in [Role::Admin, Role::Agent { agent: "devops".parse().unwrap() }] {
        record.role = role;
        TokenStore::put(store, &world.tenant, &record).await.unwrap();
        assert_eq!(TokenStore::find(store, &world.tenant, &record.id).await.unwrap(), Some(record.clone()));
    }
}

/// What one tenant has, another does not see.
pub async fn tenants_are_apart(store: &dyn Stores) {
    let (ours, theirs) = (World::of("ours"), World::of("theirs"));
    let lease = ours.begun(store, "devops").await;
    assert_eq!(LeaseStore::find(store, &theirs.tenant, lease.id).await.unwrap(), None);
    assert!(LeaseStore::list(store, &theirs.tenant, None, None, 10).await.unwrap().leases.is_empty());
    assert!(store.due(&theirs.tenant, None, Timestamp::MAX, 10).await.unwrap().is_empty());
    assert!(theirs.events(store).await.is_empty());
}
