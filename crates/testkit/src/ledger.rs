//! Everything that the ledger acts through, in memory, with faults: any write can be lost, or be made and reported as
//! failed, and a worker can die before or after it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use deputize_broker::audit::AuditEvent;
use deputize_broker::ledger::head::Head;
use deputize_broker::ports::StoreError;
use deputize_broker::ports::audit::{AuditOutbox, OutboxKey, Waiting};
use deputize_broker::ports::ledger::{
    AdvanceError, EntryIndex, Indexed, LogHeads, LogObjects, ObjectPath, PutError, Settled, SubjectKey,
    Subjects, Told,
};
use deputize_scope::TenantId;

/// How many shards the outbox is spread over.
const SHARDS: u8 = 4;

/// What is stored. Workers share it.
#[derive(Debug, Default)]
pub struct Stored {
    /// What waits.
    pub outbox: BTreeMap<OutboxKey, Waiting>,
    /// The head.
    pub head: Option<Head>,
    /// How far monitors have been told.
    pub told: BTreeMap<String, Told>,
    /// Entries by names.
    pub index: BTreeMap<String, Indexed>,
    /// Keys of subjects, by name.
    pub subjects: BTreeMap<String, SubjectKey>,
    /// Files.
    pub objects: BTreeMap<ObjectPath, Vec<u8>>,
}

/// What becomes of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is made.
    None,
    /// It is not made, and reported as failed.
    Lost,
    /// It is made, and reported as failed.
    Unreported,
    /// The worker dies before it.
    DeadBefore,
    /// The worker dies after it.
    DeadAfter,
}

/// Decides what becomes of a worker's write of this number, from 0.
pub type Plan = Box<dyn Fn(u64) -> Fault + Send + Sync>;

/// One worker's access to what is stored.
pub struct MemoryLedger {
    stored: Arc<Mutex<Stored>>,
    plan: Plan,
    pause: Box<dyn Fn() -> u32 + Send + Sync>,
    writes: AtomicU64,
    is_dead: AtomicBool,
}

impl std::fmt::Debug for MemoryLedger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryLedger").field("writes", &self.writes).finish_non_exhaustive()
    }
}

impl MemoryLedger {
    /// A worker whose writes fare as the plan says, and that lets others go first as often as `pause` says, each time.
    pub fn new(
        stored: Arc<Mutex<Stored>>,
        plan: impl Fn(u64) -> Fault + Send + Sync + 'static,
        pause: impl Fn() -> u32 + Send + Sync + 'static,
    ) -> Arc<Self> {
        let (plan, pause) = (Box::new(plan), Box::new(pause));
        Arc::new(Self { stored, plan, pause, writes: AtomicU64::new(0), is_dead: AtomicBool::new(false) })
    }

    /// A worker to whom nothing happens.
    pub fn faultless(stored: Arc<Mutex<Stored>>) -> Arc<Self> {
        Self::new(stored, |_| Fault::None, || 0)
    }

    /// How many writes it has tried.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }

    /// Whether it has died.
    pub fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::Relaxed)
    }

    async fn read<T>(&self, read: impl FnOnce(&Stored) -> T) -> Result<T, StoreError> {
        self.give_way().await;
        if self.is_dead() {
            return Err(failed());
        }
        Ok(read(&self.locked()))
    }

    async fn write<T>(&self, write: impl FnOnce(&mut Stored) -> T) -> Result<T, StoreError> {
        self.give_way().await;
        if self.is_dead() {
            return Err(failed());
        }
        match (self.plan)(self.writes.fetch_add(1, Ordering::Relaxed)) {
            Fault::None => Ok(write(&mut self.locked())),
            Fault::Lost => Err(failed()),
            Fault::Unreported => {
                write(&mut self.locked());
                Err(failed())
            }
            Fault::DeadBefore => {
                self.is_dead.store(true, Ordering::Relaxed);
                Err(failed())
            }
            Fault::DeadAfter => {
                write(&mut self.locked());
                self.is_dead.store(true, Ordering::Relaxed);
                Err(failed())
            }
        }
    }

    async fn give_way(&self) {
        for _ in 0..(self.pause)() {
            tokio::task::yield_now().await;
        }
    }

    fn locked(&self) -> MutexGuard<'_, Stored> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failed() -> StoreError {
    StoreError::Unavailable("as the test has it".into())
}

/// Where an event waits.
fn key_of(event: &AuditEvent) -> OutboxKey {
    let name = event.id.to_string();
    let shard = name.bytes().last().unwrap_or_default() % SHARDS;
    OutboxKey { shard, name }
}

/// Puts an event into the outbox, as a store does with what it tells of.
pub fn put_event(stored: &mut Stored, event: &AuditEvent) {
    let key = key_of(event);
    // A repetition of what was written before is none.
    if !stored.index.contains_key(&key.name) {
        let waiting =
            Waiting::Event { key: key.clone(), event: Box::new(event.clone()), sha256: key.name.clone() };
        stored.outbox.entry(key).or_insert(waiting);
    }
}

#[async_trait]
impl AuditOutbox for MemoryLedger {
    async fn record(&self, event: &AuditEvent) -> Result<(), StoreError> {
        self.write(|stored| put_event(stored, event)).await
    }

    async fn pending(
        &self,
        _: &TenantId,
        shard: u8,
        after: Option<&OutboxKey>,
        limit: u32,
    ) -> Result<Vec<Waiting>, StoreError> {
        self.read(|stored| {
            let waiting = stored.outbox.values().filter(|one| one.key().shard == shard);
            let later = waiting.filter(|one| after.is_none_or(|after| one.key() > after));
            later.take(limit as usize).cloned().collect()
        })
        .await
    }

    fn shards(&self) -> u8 {
        SHARDS
    }
}

#[async_trait]
impl LogHeads for MemoryLedger {
    async fn head(&self, _: &TenantId) -> Result<Option<Head>, StoreError> {
        self.read(|stored| stored.head.clone()).await
    }

    async fn advance(&self, _: &TenantId, to: &Head) -> Result<(), AdvanceError> {
        let advanced = self.write(|stored| {
            let version = stored.head.as_ref().map_or(0, |head| head.version);
            if stored.head.as_ref() == Some(to) {
                return true;
            }
            let follows = to.version == version + 1;
            if follows {
                stored.head = Some(to.clone());
            }
            follows
        });
        if advanced.await? { Ok(()) } else { Err(AdvanceError::Superseded) }
    }

    async fn told(&self, _: &TenantId, monitor: &str) -> Result<Option<Told>, StoreError> {
        self.read(|stored| stored.told.get(monitor).copied()).await
    }

    async fn remember_told(&self, _: &TenantId, monitor: &str, told: Told) -> Result<(), StoreError> {
        self.write(|stored| stored.told.insert(monitor.to_owned(), told)).await.map(|_| ())
    }
}

#[async_trait]
impl EntryIndex for MemoryLedger {
    /// One event at a time, so that a fault can come between any two.
    async fn settle(&self, _: &TenantId, settled: &[Settled]) -> Result<(), StoreError> {
        for one in settled {
            let id = one.entry.id.to_string();
            let waited = one.key.as_ref().map(|key| key.name.clone());
            for name in [Some(id), waited].into_iter().flatten() {
                self.write(|stored| stored.index.insert(name, one.entry.clone())).await?;
            }
        }
        for key in settled.iter().filter_map(|one| one.key.as_ref()) {
            self.write(|stored| stored.outbox.remove(key)).await?;
        }
        Ok(())
    }

    async fn find(&self, _: &TenantId, name: &str) -> Result<Option<Indexed>, StoreError> {
        self.read(|stored| stored.index.get(name).cloned()).await
    }
}

#[async_trait]
impl Subjects for MemoryLedger {
    async fn subject(&self, _: &TenantId, name: &str) -> Result<Option<SubjectKey>, StoreError> {
        self.read(|stored| stored.subjects.get(name).cloned()).await
    }

    async fn by_pseudonym(&self, _: &TenantId, pseudonym: &str) -> Result<Option<SubjectKey>, StoreError> {
        self.read(|stored| stored.subjects.values().find(|key| key.pseudonym == pseudonym).cloned()).await
    }

    async fn add(&self, _: &TenantId, name: &str, key: &SubjectKey) -> Result<SubjectKey, StoreError> {
        self.write(|stored| stored.subjects.entry(name.to_owned()).or_insert_with(|| key.clone()).clone())
            .await
    }

    async fn erase(&self, _: &TenantId, name: &str, _: &str, event: &AuditEvent) -> Result<(), StoreError> {
        self.write(|stored| {
            stored.subjects.remove(name);
            put_event(stored, event);
        })
        .await
    }
}

#[async_trait]
impl LogObjects for MemoryLedger {
    async fn put(&self, path: &ObjectPath, bytes: &[u8]) -> Result<(), PutError> {
        let is_it = self.write(|stored| {
            stored.objects.entry(path.clone()).or_insert_with(|| bytes.to_vec()).as_slice() == bytes
        });
        if is_it.await? { Ok(()) } else { Err(PutError::Different(path.clone())) }
    }

    async fn replace(&self, path: &ObjectPath, bytes: &[u8]) -> Result<(), StoreError> {
        self.write(|stored| stored.objects.insert(path.clone(), bytes.to_vec())).await.map(|_| ())
    }

    async fn get(&self, path: &ObjectPath) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|stored| stored.objects.get(path).cloned()).await
    }

    async fn remove(&self, path: &ObjectPath) -> Result<(), StoreError> {
        self.write(|stored| stored.objects.remove(path)).await.map(|_| ())
    }
}
