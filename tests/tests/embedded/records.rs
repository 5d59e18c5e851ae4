//! What is written down, read from the state that a dead process left behind.

use std::path::Path;

use deputize_broker::audit::AuditEvent;
use deputize_broker::lease::Lease;
use deputize_broker::ports::audit::{AuditOutbox, Waiting};
use deputize_broker::ports::leases::LeaseStore;
use deputize_dynamodb::Embedded;
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
    for shard in 0..store.shards() {
        let mut after = None;
        loop {
            let page = store.pending(&tenant, shard, after.as_ref(), 100).await.unwrap();
            after = page.last().map(|waiting| waiting.key().clone());
            records.events.extend(page.into_iter().map(|waiting| match waiting {
                Waiting::Event { event, .. } => *event,
                Waiting::Unreadable { key, problem, .. } => panic!("{key:?}: {problem}"),
            }));
            if after.is_none() {
                break;
            }
        }
    }
    records
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
