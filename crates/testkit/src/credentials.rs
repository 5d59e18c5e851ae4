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
use deputize_broker::ports::rotation::{ConnectorStore, ConnectorText};
use deputize_broker::rotation::Rotation;
use deputize_broker::scopes::ScopesVersion;
use deputize_broker::seal::Sealed;
use deputize_broker::stored::{CredentialRecord, Facts, SealedVersion, VersionNumber, VersionState};
use deputize_scope::TenantId;
use deputize_scope::document::StoredCredential;
use deputize_scope::identifier::{CredentialId, CredentialType, Risk};
use futures_util::future::join_all;
use jiff::Timestamp;

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
    scheduled: BTreeMap<TenantId, ScopesVersion>,
    connectors: BTreeMap<(TenantId, String), ConnectorText>,
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
impl ConnectorStore for MemoryCredentials {
    async fn find(&self, tenant: &TenantId, name: &str) -> Result<Option<ConnectorText>, StoreError> {
        Ok(self.memory().connectors.get(&(tenant.clone(), name.to_owned())).cloned())
    }

    async fn list(&self, tenant: &TenantId) -> Result<Vec<ConnectorText>, StoreError> {
        let memory = self.memory();
        let own = memory.connectors.iter().filter(|((of, _), _)| of == tenant);
        Ok(own.map(|(_, connector)| connector.clone()).collect())
    }

    async fn put(
        &self,
        tenant: &TenantId,
        connector: &ConnectorText,
        event: &AuditEvent,
    ) -> Result<(), StoreError> {
        let mut memory = self.memory();
        memory.connectors.insert((tenant.clone(), connector.name.clone()), connector.clone());
        memory.events.push(event.clone());
        Ok(())
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
        if event.as_ref().is_some_and(|event| memory.events.contains(event)) {
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
            if let Some(current) = memory.versions.get_mut(&(name.clone(), after.current)) {
                current.state = VersionState::Current;
            }
        }
        memory.records.insert(name, after);
        memory.events.extend(event);
        Ok(())
    }

    async fn due_rotations(
        &self,
        tenant: &TenantId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<CredentialId>, StoreError> {
        let memory = self.memory();
        let of_tenant = memory.records.values().filter(|record| record.tenant == *tenant);
        let mut due: Vec<_> = of_tenant
            .filter_map(|record| Some((record.rotation.due.filter(|due| *due <= now)?, record.id.clone())))
            .collect();
        due.sort();
        due.truncate(limit as usize);
        Ok(due.into_iter().map(|(_, id)| id).collect())
    }

    async fn scheduled_by(&self, tenant: &TenantId) -> Result<Option<ScopesVersion>, StoreError> {
        Ok(self.memory().scheduled.get(tenant).copied())
    }

    async fn set_scheduled_by(&self, tenant: &TenantId, version: ScopesVersion) -> Result<(), StoreError> {
        self.memory().scheduled.insert(tenant.clone(), version);
        Ok(())
    }
}

fn record(world: &World, id: &str) -> CredentialRecord {
    let declared = StoredCredential {
        id: id.parse().unwrap(),
        kind: CredentialType::ApiKey,
        agent: "devops".parse().unwrap(),
        consumers: None,
        rotate: None,
        risk: Risk::High,
    };
    let facts = Facts::ApiKey { key_id: None };
    CredentialRecord::first(&world.tenant, &declared, facts, world.clock.now())
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
    CredentialChange { before: before.cloned(), after, version, event: Some(event) }
}

async fn imported(world: &World, store: &dyn CredentialStore, id: &str) -> CredentialRecord {
    let record = record(world, id);
    let first = version(world, VersionNumber::FIRST, 1);
    store.change(change(world, None, record.clone(), Some(first))).await.unwrap();
    record
}

fn with_next(record: &CredentialRecord) -> CredentialRecord {
    CredentialRecord {
        current: record.current.next(),
        newest: record.newest.next(),
        revision: record.revision + 1,
        ..record.clone()
    }
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

fn due_at(record: &CredentialRecord, due: Option<Timestamp>) -> CredentialRecord {
    let rotation = Rotation { due, ..record.rotation.clone() };
    CredentialRecord { rotation, revision: record.revision + 1, ..record.clone() }
}

/// Those that wait longest come first; what has no time is never due, and what was put off is not due any more.
pub async fn rotations_are_due_at_their_time_and_not_before(store: &dyn Stores) {
    let (world, other) = (World::of("due-rotations"), World::of("other-due-rotations"));
    let now = world.clock.now();
    let at = |seconds: i64| now + jiff::SignedDuration::from_secs(seconds);
    let of_other = imported(&other, store, "aa").await;
    store.change(change(&other, Some(&of_other), due_at(&of_other, Some(at(-9))), None)).await.unwrap();
    for (name, due) in
        [("never", None), ("later", Some(at(60))), ("now", Some(at(0))), ("before", Some(at(-5)))]
    {
        let record = imported(&world, store, name).await;
        store.change(change(&world, Some(&record), due_at(&record, due), None)).await.unwrap();
    }
    let names = |ids: Vec<CredentialId>| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
    let due = names(store.due_rotations(&world.tenant, now, 10).await.unwrap());
    assert_eq!(due, ["before", "now"]);
    assert_eq!(names(store.due_rotations(&world.tenant, now, 1).await.unwrap()), ["before"]);
    let all = names(store.due_rotations(&world.tenant, at(60), 10).await.unwrap());
    assert_eq!(all, ["before", "now", "later"]);

    let found =
        CredentialStore::find(store, &world.tenant, &"before".parse().unwrap()).await.unwrap().unwrap();
    store.change(change(&world, Some(&found), due_at(&found, Some(at(120))), None)).await.unwrap();
    assert_eq!(names(store.due_rotations(&world.tenant, now, 10).await.unwrap()), ["now"]);
}

/// Sixteen take up the same rotation at once: one does, and nothing is written down.
pub async fn of_rival_workers_one_takes_a_rotation_up(store: &dyn Stores) {
    let world = World::of("rival-workers");
    let record = imported(&world, store, "github").await;
    let taken = due_at(&record, Some(world.clock.now() + jiff::SignedDuration::from_secs(60)));
    let change = CredentialChange { before: Some(record), after: taken.clone(), version: None, event: None };
    let outcomes = join_all((0..16).map(|_| store.change(change.clone()))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    assert_eq!(CredentialStore::find(store, &world.tenant, &taken.id).await.unwrap(), Some(taken));
    assert_eq!(world.events(store).await.len(), 1);
}

/// A version that was added beforehand becomes the current one.
pub async fn a_pending_version_becomes_current(store: &dyn Stores) {
    let world = World::of("promotion");
    let first = imported(&world, store, "github").await;
    let added = CredentialRecord { newest: first.newest.next(), revision: 2, ..first.clone() };
    let pending = SealedVersion { state: VersionState::Pending, ..version(&world, added.newest, 2) };
    store.change(change(&world, Some(&first), added.clone(), Some(pending))).await.unwrap();
    let second = CredentialRecord { current: added.newest, revision: 3, ..added.clone() };
    store.change(change(&world, Some(&added), second.clone(), None)).await.unwrap();
    let state = async |number| store.version(&world.tenant, &first.id, number).await.unwrap().unwrap().state;
    assert_eq!(state(first.current).await, VersionState::Retired);
    assert_eq!(state(second.current).await, VersionState::Current);
}

/// Which document the schedules were set by.
pub async fn the_document_that_schedules_were_set_by_is_kept(store: &dyn Stores) {
    let world = World::of("schedules");
    assert_eq!(store.scheduled_by(&world.tenant).await.unwrap(), None);
    for version in [ScopesVersion(3), ScopesVersion(4)] {
        store.set_scheduled_by(&world.tenant, version).await.unwrap();
        assert_eq!(store.scheduled_by(&world.tenant).await.unwrap(), Some(version));
    }
}

/// Connectors are found and listed by name; the one of a name is replaced, and each time it is told.
pub async fn connectors_are_kept_by_name(store: &dyn Stores) {
    let (world, other) = (World::of("connectors"), World::of("other-connectors"));
    let connector = |name: &str, text: &str| ConnectorText { name: name.to_owned(), text: text.to_owned() };
    let put = async |world: &World, connector: &ConnectorText| {
        let what = What::ConnectorChanged { name: connector.name.clone(), sha256: "00".to_owned() };
        let event = AuditEvent::new(&world.tenant, Actor::Broker, what, &world.clock, &world.random);
        ConnectorStore::put(store, &world.tenant, connector, &event).await.unwrap();
        ConnectorStore::put(store, &world.tenant, connector, &event).await.expect("a repetition succeeds");
    };
    put(&other, &connector("connectors/a.yaml", "theirs")).await;
    put(&world, &connector("connectors/b.yaml", "b")).await;
    put(&world, &connector("connectors/a.yaml", "first")).await;
    put(&world, &connector("connectors/a.yaml", "second")).await;
    let listed = ConnectorStore::list(store, &world.tenant).await.unwrap();
    assert_eq!(listed, [connector("connectors/a.yaml", "second"), connector("connectors/b.yaml", "b")]);
    let found = ConnectorStore::find(store, &world.tenant, "connectors/b.yaml").await.unwrap();
    assert_eq!(found, Some(connector("connectors/b.yaml", "b")));
    assert_eq!(ConnectorStore::find(store, &world.tenant, "connectors").await.unwrap(), None);
    assert_eq!(world.events(store).await.len(), 3);
}
