//! A ledger in memory, its workers, and what has to hold of it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use deputize_broker::audit::{AuditEvent, EventId, What};
use deputize_broker::caller::Actor;
use deputize_broker::ledger::{LedgerPorts, LedgerReader, LedgerSettings, Sequencer};
use deputize_broker::ports::Source;
use deputize_broker::ports::audit::AuditOutbox;
use deputize_broker::ports::ledger::{LogSigner, Monitor};
use deputize_broker::ports::rotation::Alerts;
use deputize_broker::ports::signing::SigningError;
use deputize_broker::{Clock, Random};
use deputize_ledger::{Entry, Options, SignedCheckpoint, TileSource, VerifierKey, verify_log};
use deputize_scope::TenantId;
use deputize_testkit::keys::{MemoryKeys, Scrambled};
use deputize_testkit::ledger::{Fault, MemoryLedger, Stored, put_event};
use deputize_testkit::time::FixedClock;
use ed25519_dalek::{Signer as _, SigningKey};
use jiff::Timestamp;

/// A day in a year.
pub(crate) const NOON: &str = "2026-06-01T12:00:00Z";

/// A key that signs.
pub(crate) struct LocalSigner(pub(crate) SigningKey);

impl Default for LocalSigner {
    fn default() -> Self {
        Self(SigningKey::from_bytes(&[7; 32]))
    }
}

#[async_trait]
impl LogSigner for LocalSigner {
    async fn public_key(&self) -> Result<[u8; 32], SigningError> {
        Ok(self.0.verifying_key().to_bytes())
    }

    async fn sign(&self, message: &[u8]) -> Result<[u8; 64], SigningError> {
        Ok(self.0.sign(message).to_bytes())
    }
}

/// Alerts that were raised.
#[derive(Default)]
pub(crate) struct Raised(pub(crate) Mutex<Vec<AuditEvent>>);

#[async_trait]
impl Alerts for Raised {
    async fn raise(&self, event: &AuditEvent) -> Result<(), Source> {
        self.0.lock().unwrap().push(event.clone());
        Ok(())
    }
}

/// What is stored, and what workers of it share.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) stored: Arc<Mutex<Stored>>,
    pub(crate) tenant: TenantId,
    pub(crate) now: Timestamp,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) keys: Arc<MemoryKeys>,
    pub(crate) raised: Arc<Raised>,
    pub(crate) monitors: Vec<Arc<dyn Monitor>>,
    pub(crate) memory: Option<Arc<dyn deputize_broker::ports::ledger::CheckpointMemory>>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::seeded(1)
    }

    pub(crate) fn seeded(seed: u64) -> Self {
        Self {
            stored: Arc::default(),
            tenant: "acme".parse().unwrap(),
            now: NOON.parse().unwrap(),
            random: Arc::new(Scrambled::new(seed)),
            keys: Arc::new(MemoryKeys::default()),
            raised: Arc::default(),
            monitors: Vec::new(),
            memory: None,
        }
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(FixedClock(self.now))
    }

    pub(crate) fn ports(&self, worker: &Arc<MemoryLedger>) -> LedgerPorts {
        LedgerPorts {
            outbox: worker.clone(),
            heads: worker.clone(),
            index: worker.clone(),
            subjects: worker.clone(),
            objects: worker.clone(),
            keys: self.keys.clone(),
            signer: Arc::new(LocalSigner::default()),
            monitors: self.monitors.clone(),
            memory: self.memory.clone(),
            alerts: self.raised.clone(),
            clock: self.clock(),
            random: self.random.clone(),
        }
    }

    pub(crate) fn settings(&self) -> LedgerSettings {
        LedgerSettings::new(self.tenant.clone(), "deputize.test".to_owned()).unwrap()
    }

    pub(crate) fn worker(&self) -> Arc<MemoryLedger> {
        MemoryLedger::faultless(self.stored.clone())
    }

    pub(crate) fn sequencer(&self, worker: &Arc<MemoryLedger>) -> Sequencer {
        Sequencer::new(self.settings(), self.ports(worker))
    }

    pub(crate) fn reader(&self) -> LedgerReader {
        LedgerReader::new(self.settings(), self.ports(&self.worker()))
    }

    /// Seals with a worker to whom nothing happens.
    pub(crate) async fn seal(&self) -> deputize_broker::ledger::Sealed {
        self.sequencer(&self.worker()).seal(std::time::Duration::from_secs(1)).await.unwrap()
    }

    /// Puts events into the outbox; their names.
    pub(crate) fn happen(&self, many: usize) -> Vec<EventId> {
        (0..many).map(|_| self.happens(Actor::Broker)).collect()
    }

    pub(crate) fn happens(&self, by: Actor) -> EventId {
        let what = What::ConnectorChanged { name: "github".to_owned(), sha256: "00".repeat(32) };
        let event = AuditEvent::new(&self.tenant, by, what, &FixedClock(self.now), &*self.random);
        put_event(&mut self.stored.lock().unwrap(), &event);
        event.id
    }

    pub(crate) fn origin(&self, year: i16) -> deputize_ledger::Origin {
        deputize_ledger::Origin::of("deputize.test", "acme", year).unwrap()
    }

    pub(crate) fn key(&self, year: i16) -> VerifierKey {
        VerifierKey::new(self.origin(year), &LocalSigner::default().0.verifying_key().to_bytes()).unwrap()
    }

    pub(crate) fn checkpoint(&self, year: i16) -> SignedCheckpoint {
        let stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        let path = format!("acme/{year}/checkpoint").try_into().unwrap();
        String::from_utf8(stored.objects[&path].clone()).unwrap().parse().unwrap()
    }

    /// Verifies the whole log as an auditor does, and reads it.
    pub(crate) fn verified(&self, year: i16) -> Vec<Entry> {
        let checkpoint = self.checkpoint(year);
        let source = Log { stored: self.stored.clone(), year };
        verify_log(&source, &checkpoint, &self.key(year), &Options::default()).unwrap();
        source.entries(checkpoint.unverified().size)
    }

    /// What a worker had staged when it met a fault is no part of the log.
    pub(crate) fn forget_leftovers(&self) {
        self.stored.lock().unwrap().objects.retain(|path, _| !path.as_str().contains("/staging/"));
    }

    /// What has to hold once nothing waits: the log verifies, and has each event once.
    pub(crate) fn holds_each_once(&self, events: &[EventId]) -> Vec<Entry> {
        let entries = self.verified(2026);
        let names = entries.iter().map(|entry| entry.event["id"].as_str().unwrap().to_owned());
        let names: Vec<String> = names.collect();
        let unique: BTreeSet<&String> = names.iter().collect();
        assert_eq!(unique.len(), names.len(), "an event is there twice");
        for event in events {
            assert!(unique.contains(&event.to_string()), "{event} is missing");
        }
        let stored = self.stored.lock().unwrap();
        assert!(stored.outbox.is_empty(), "something still waits");
        for (place, entry) in entries.iter().enumerate() {
            assert_eq!(entry.sequence, place as u64);
            let name = entry.event["id"].as_str().unwrap();
            assert_eq!(stored.index[name].sequence, place as u64, "{name} is indexed elsewhere");
        }
        assert!(
            !stored.objects.keys().any(|path| path.as_str().contains("/staging/")),
            "something is still staged"
        );
        entries
    }
}

/// The files of a year's log, as an auditor's copy has them.
pub(crate) struct Log {
    pub(crate) stored: Arc<Mutex<Stored>>,
    pub(crate) year: i16,
}

impl Log {
    fn entries(&self, size: u64) -> Vec<Entry> {
        let mut entries = Vec::new();
        for tile in deputize_ledger::TilePath::of_entries(size) {
            let bytes = self.read(&tile.to_string()).unwrap().unwrap();
            let bundle = deputize_ledger::bundle::decode(&bytes).unwrap();
            entries.extend(bundle.into_iter().map(|entry| Entry::from_bytes(entry).unwrap()));
        }
        entries
    }
}

impl TileSource for Log {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Source> {
        let path = format!("acme/{}/{path}", self.year).try_into().unwrap();
        Ok(self.stored.lock().unwrap_or_else(PoisonError::into_inner).objects.get(&path).cloned())
    }
}

/// Runs a worker until it is done or dead, as a function that is called again and again.
pub(crate) async fn run(sequencer: &Sequencer, worker: &MemoryLedger) {
    for _ in 0..64 {
        if worker.is_dead() {
            return;
        }
        if sequencer.seal(std::time::Duration::from_secs(1)).await.is_ok() {
            return;
        }
    }
    panic!("a worker did not come to an end");
}

/// A plan by which one write fares like this.
pub(crate) fn at(write: u64, fault: Fault) -> impl Fn(u64) -> Fault + Send + Sync {
    move |number| if number == write { fault } else { Fault::None }
}

/// Records an event by the port, as the broker does.
pub(crate) async fn record(world: &World, event: &AuditEvent) {
    AuditOutbox::record(&*world.worker(), event).await.unwrap();
}
