//! What is written down, read from the state that a dead process left behind.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use deputize_broker::Random;
use deputize_broker::audit::AuditEvent;
use deputize_broker::lease::Lease;
use deputize_broker::ledger::{LedgerPorts, LedgerSettings, Sequencer};
use deputize_broker::ports::leases::LeaseStore;
use deputize_broker::ports::ledger::{LogHeads, LogObjects, ObjectPath};
use deputize_dynamodb::{Embedded, Store};
use deputize_host::{LogAlerts, OsRandom, SystemClock};
use deputize_keyring::{Keyring, LogKeyring};
use deputize_ledger::{Entry, TilePath, bundle};
use deputize_scope::TenantId;

/// All leases and all events of a tenant.
pub(crate) struct Records {
    pub(crate) leases: Vec<Lease>,
    pub(crate) events: Vec<AuditEvent>,
}

/// Reads everything. The process must not be running.
pub(crate) async fn read(state: &Path) -> Records {
    let database = Embedded::open(&state.join("deputize.db")).unwrap();
    let store = deputize_dynamodb::store(database.client(), "deputize");
    let tenant: TenantId = "acme".parse().unwrap();
    let mut records = Records { leases: Vec::new(), events: Vec::new() };
    let mut before = None;
    loop {
        let page = store.list(&tenant, None, before, 100).await.unwrap();
        records.leases.extend(page.leases);
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    records.events = sealed(state, &store, &tenant).await;
    records
}

/// Has the ledger take in what still waits, as the next process would, and reads all of its entries.
async fn sealed(state: &Path, store: &Store, tenant: &TenantId) -> Vec<AuditEvent> {
    let store = Arc::new(store.clone());
    let random: Arc<dyn Random> = Arc::new(OsRandom);
    let ports = LedgerPorts {
        outbox: store.clone(),
        heads: store.clone(),
        index: store.clone(),
        subjects: store.clone(),
        objects: store.clone(),
        keys: Arc::new(Keyring::open_or_create(state.join("keyring.json"), random.clone()).unwrap()),
        signer: Arc::new(LogKeyring::open(state.join("ledger.key")).unwrap()),
        monitors: Vec::new(),
        memory: None,
        alerts: Arc::new(LogAlerts),
        clock: Arc::new(SystemClock::start()),
        random,
    };
    let settings = LedgerSettings::new(tenant.clone(), "deputize".to_owned()).unwrap();
    Sequencer::new(settings, ports).seal(Duration::MAX).await.unwrap();
    let head = store.head(tenant).await.unwrap().unwrap();
    let mut events = Vec::new();
    for tile in TilePath::of_entries(head.edge.size()) {
        let path = ObjectPath::parse(&format!("{tenant}/{}/{tile}", head.year)).unwrap();
        let bytes = LogObjects::get(&*store, &path).await.unwrap().unwrap();
        let entries =
            bundle::decode(&bytes).unwrap().into_iter().map(|entry| Entry::from_bytes(entry).unwrap());
        events.extend(entries.map(|entry| serde_json::from_value::<AuditEvent>(entry.event).unwrap()));
    }
    events
}

impl Records {
    /// How many events of a kind tell of a lease.
    pub(crate) fn count(&self, lease: &Lease, kind: &str) -> usize {
        let told = |event: &&AuditEvent| event.what.lease() == Some(lease.id) && self.kind(event) == kind;
        self.events.iter().filter(told).count()
    }

    /// An event's kind, as it is stored.
    pub(crate) fn kind(&self, event: &AuditEvent) -> String {
        serde_json::to_value(event).unwrap()["event"].as_str().unwrap().to_owned()
    }
}
