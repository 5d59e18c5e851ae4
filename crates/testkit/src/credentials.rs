//! Stored credentials: what each store of them keeps to, and one that keeps them in memory.

// A broken promise of a store ends the test that tries it.
#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use deputize_broker::Clock as _;
use deputize_broker::audit::{AuditEvent, What};
use deputize_broker::caller::Actor;
use deputize_broker::ports::StoreError;
use deputize_broker::ports::credentials::{ChangeError, CredentialChange, CredentialPage, CredentialStore};
use deputize_broker::ports::keys::WrappedKey;
use deputize_broker::seal::Sealed;
use deputize_broker::stored::{CredentialRecord, Facts, SealedVersion, VersionNumber, VersionState};
use deputize_scope::TenantId;
use deputize_scope::identifier::{CredentialId, CredentialType, Risk};
use futures_util::future::join_all;

use crate::store::{Stores, World};

type Name = (TenantId, CredentialId);

/// Credentials in memory, with the events of their changes.
#[derive(Debug, Default)]
pub struct MemoryCredentials(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    records: BTreeMap<Name, CredentialRecord>,
    versions: BTreeMap<(Name, VersionNumber), SealedVersion>,
    events: Vec<AuditEvent>,
}

impl MemoryCredentials {
    /// What was written down, oldest first.
    pub fn events(&self) -> Vec<What> {
        self.memory().events.iter().map(|event| event.what.clone()).collect()
    }

    /// Puts a version where it does not belong, as somebody with access to the table could.
    pub fn plant(&self, tenant: &TenantId, id: &CredentialId, number: VersionNumber, version: SealedVersion) {
        self.memory().versions.insert(((tenant.clone(), id.clone()), number), version);
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl CredentialStore for MemoryCredentials {
    async fn find(
        &self,
        tenant: &TenantId,
        id: &CredentialId,
    ) -> Result<Option<CredentialRecord>, StoreError> {
        Ok(self.memory().records.get(&(tenant.clone(), id.clone())).cloned())
    }

    async fn version(
        &self,
        tenant: &TenantId,
        id: &CredentialId,
        number: VersionNumber,
    ) -> Result<Option<SealedVersion>, StoreError> {
        Ok(self.memory().versions.get(&((tenant.clone(), id.clone()), number)).cloned())
    }

    async fn list(
        &self,
        tenant: &TenantId,
        after: Option<&CredentialId>,
        limit: u32,
    ) -> Result<CredentialPage, StoreError> {
        let memory = self.memory();
        let later = |record: &&CredentialRecord| {
            record.tenant == *tenant && after.is_none_or(|after| record.id > *after)
        };
        let limit = (limit as usize).max(1);
        let mut records: Vec<_> = memory.records.values().filter(later).take(limit + 1).cloned().collect();
        let more = records.len() > limit;
        records.truncate(limit);
        let next = records.last().map(|record| record.id.clone()).filter(|_| more);
        Ok(CredentialPage { records, next })
    }

    async fn change(&self, change: CredentialChange) -> Result<(), ChangeError> {
        let mut memory = self.memory();
        let CredentialChange { before, after, version, event } = change;
        if memory.events.contains(&event) {
            return Ok(());
        }
        let name = (after.tenant.clone(), after.id.clone());
        let stored = memory.records.get(&name).map(|record| record.revision);
        if stored != before.as_ref().map(|before| before.revision) {
            return Err(ChangeError::Superseded);
        }
        if let Some(version) = version {
            let slot = (name.clone(), version.number);
            if memory.versions.contains_key(&slot) {
                return Err(ChangeError::Superseded);
            }
            memory.versions.insert(slot, version);
        }
        if let Some(before) = before.filter(|before| before.current != after.current)
            && let Some(former) = memory.versions.get_mut(&(name.clone(), before.current))
        {
            former.state = VersionState::Retired;
        }
        memory.records.insert(name, after);
        memory.events.push(event);
        Ok(())
    }
}

fn record(world: &World, id: &str) -> CredentialRecord {
    let now = world.clock.now();
    CredentialRecord {
        id: id.parse().unwrap(),
        tenant: world.tenant.clone(),
        kind: CredentialType::ApiKey,
        agent: "devops".parse().unwrap(),
        risk: Risk::High,
        facts: Facts::ApiKey { key_id: None },
        current: VersionNumber::FIRST,
        pending: None,
        created_at: now,
        updated_at: now,
        refreshing: None,
        compromised_at: None,
        revision: 1,
    }
}

fn version(world: &World, number: VersionNumber, byte: u8) -> SealedVersion {
    let wrapped = WrappedKey { key_id: "keyring/1".into(), ciphertext: vec![byte, 255] };
    SealedVersion {
        number,
        sealed: Sealed { key: wrapped, nonce: [byte; 12], ciphertext: vec![0, byte] },
        created_at: world.clock.now(),
        state: VersionState::Current,
        refreshed: byte > 1,
    }
}

fn change(
    world: &World,
    before: Option<&CredentialRecord>,
    after: CredentialRecord,
    version: Option<SealedVersion>,
) -> CredentialChange {
    let what = What::CredentialImported {
        credential: after.id.clone(),
        agent: after.agent.clone(),
        kind: after.kind,
    };
    let event = AuditEvent::new(&world.tenant, Actor::Broker, what, &world.clock, &world.random);
    CredentialChange { before: before.cloned(), after, version, event }
}

async fn imported(world: &World, store: &dyn CredentialStore, id: &str) -> CredentialRecord {
    let record = record(world, id);
    let first = version(world, VersionNumber::FIRST, 1);
    store.change(change(world, None, record.clone(), Some(first))).await.unwrap();
    record
}

fn with_next(record: &CredentialRecord) -> CredentialRecord {
    CredentialRecord { current: record.current.next(), revision: record.revision + 1, ..record.clone() }
}

/// A credential and its versions come back as they were written; the former version is a retired one.
pub async fn a_version_that_was_added_is_current_and_the_former_retired(store: &dyn Stores) {
    let world = World::of("versions");
    let first = imported(&world, store, "github").await;
    assert_eq!(CredentialStore::find(store, &world.tenant, &first.id).await.unwrap(), Some(first.clone()));
    let second = with_next(&first);
    let sealed = version(&world, second.current, 2);
    store.change(change(&world, Some(&first), second.clone(), Some(sealed.clone()))).await.unwrap();
    assert_eq!(CredentialStore::find(store, &world.tenant, &first.id).await.unwrap(), Some(second.clone()));
    assert_eq!(store.version(&world.tenant, &first.id, second.current).await.unwrap(), Some(sealed));
    let former = store.version(&world.tenant, &first.id, first.current).await.unwrap().unwrap();
    assert_eq!((former.number, former.state), (first.current, VersionState::Retired));
    assert_eq!(store.version(&world.tenant, &first.id, VersionNumber(3)).await.unwrap(), None);
    assert_eq!(world.events(store).await.len(), 2);
}

/// Sixteen add a version at once: one does, and one event tells of it.
pub async fn of_rival_changes_exactly_one_is_written(store: &dyn Stores) {
    let world = World::of("rival-changes");
    let first = imported(&world, store, "github").await;
    let rivals = (0..16).map(|n| {
        let after = with_next(&first);
        let sealed = version(&world, after.current, n);
        store.change(change(&world, Some(&first), after, Some(sealed)))
    });
    let outcomes = join_all(rivals).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let stored = CredentialStore::find(store, &world.tenant, &first.id).await.unwrap().unwrap();
    assert_eq!(stored.revision, 2);
    assert_eq!(world.events(store).await.len(), 2);
    let late = store.change(change(&world, Some(&first), with_next(&first), None)).await;
    assert!(matches!(late, Err(ChangeError::Superseded)), "{late:?}");
    let again = change(&world, None, record(&world, "github"), Some(version(&world, VersionNumber(9), 1)));
    let again = store.change(again).await;
    assert!(matches!(again, Err(ChangeError::Superseded)), "{again:?}");
    assert_eq!(store.version(&world.tenant, &first.id, VersionNumber(9)).await.unwrap(), None);
}

/// As after an answer that was lost on its way.
pub async fn the_same_change_twice_is_one(store: &dyn Stores) {
    let world = World::of("same-change");
    let first = imported(&world, store, "github").await;
    let second = with_next(&first);
    let sealed = version(&world, second.current, 2);
    let change = change(&world, Some(&first), second, Some(sealed));
    store.change(change.clone()).await.unwrap();
    store.change(change).await.expect("a repetition succeeds as the first did");
    assert_eq!(world.events(store).await.len(), 2);
}

/// Pages of three, each name once; another tenant's are not among them.
pub async fn credentials_are_listed_by_name(store: &dyn Stores) {
    let (world, other) = (World::of("listed-credentials"), World::of("other-credentials"));
    imported(&other, store, "aa-first").await;
    let mut names: Vec<String> = (0..11).map(|n| format!("key-{}", n * 7 % 11)).collect();
    for name in &names {
        imported(&world, store, name).await;
    }
    names.sort();
    let (mut listed, mut cursor) = (Vec::new(), None);
    loop {
        let page = CredentialStore::list(store, &world.tenant, cursor.as_ref(), 3).await.unwrap();
        assert!((1..=3).contains(&page.records.len()));
        listed.extend(page.records.into_iter().map(|record| record.id.to_string()));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(listed, names);
}
