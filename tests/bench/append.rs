//! Growing the ledger on the embedded engine: events that wait become entries, each write durable before the next step.
//! Beside it, how many rows one after the other are written in the same minute, each durable by itself.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deputize_broker::audit::AuditEvent;
use deputize_broker::caller::{Actor, Role};
use deputize_broker::ledger::{LedgerPorts, LedgerSettings, Sequencer};
use deputize_broker::ports::ledger::{LogHeads as _, Told};
use deputize_broker::{Clock, Random};
use deputize_dynamodb::{Embedded, Store, create_table, store};
use deputize_e2e::{HarnessError, StoreRequests};
use deputize_host::{LogAlerts, OsRandom, SystemClock};
use deputize_keyring::{Keyring, LogKeyring};
use deputize_scope::TenantId;
use serde_json::{Value, json};

use crate::table::Table;

const TABLE: &str = "deputize";
/// How many events wait.
const EVENTS: usize = 50_000;
/// Whom they tell of.
const AGENTS: usize = 97;
/// How often it is measured.
const ROUNDS: usize = 3;
/// How many rows the yardstick writes.
const ROWS: u64 = 1_000;

pub(crate) async fn run() -> Result<Table, HarnessError> {
    let columns = ["per second", "seconds", "requests", "database, MB"];
    let mut table = Table::new("entries appended", &columns);
    for round in 1..=ROUNDS {
        let directory = tempfile::tempdir().map_err(HarnessError::part("making a directory"))?;
        let outbox = Outbox::fill(directory.path()).await?;
        if table.is_empty() {
            let time = outbox.write_rows().await?;
            table.row("rows, one after the other", &[ROWS as f64 / time, time, ROWS as f64, 0.0]);
        }
        outbox.requests.take();
        let time = outbox.seal().await?;
        let requests: u64 = outbox.requests.take().values().sum();
        let size = size(directory.path()).map_err(HarnessError::part("reading a directory"))?;
        let row = [EVENTS as f64 / time, time, requests as f64, size as f64 / 1e6];
        table.row(&format!("{EVENTS} events, round {round}"), &row);
    }
    Ok(table)
}

/// A full outbox, and what seals it.
struct Outbox {
    store: Store,
    requests: StoreRequests,
    sequencer: Sequencer,
    tenant: TenantId,
}

impl Outbox {
    async fn fill(directory: &Path) -> Result<Self, HarnessError> {
        let database = Embedded::open(&directory.join("deputize.db"));
        let database = database.map_err(HarnessError::part("opening a store"))?;
        let requests = StoreRequests::default();
        let client = requests.counted(&database.client());
        create_table(&client, TABLE).await.map_err(HarnessError::part("making a table"))?;
        let store = Arc::new(store(client, TABLE));
        let random: Arc<dyn Random> = Arc::new(OsRandom);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let keys = Keyring::open_or_create(directory.join("keyring"), Arc::clone(&random));
        let signer = LogKeyring::open(directory.join("log-key"));
        let tenant: TenantId = "acme".parse().map_err(HarnessError::part("naming a tenant"))?;
        let settings = LedgerSettings::new(tenant.clone(), "ledger.example.com".to_owned());
        let settings = settings.map_err(HarnessError::part("naming a log"))?;
        let waiting = (0..EVENTS).map(|number| event(&tenant, number, &*clock, &*random));
        let waiting = waiting.collect::<Result<Vec<_>, _>>().map_err(HarnessError::part("making events"))?;
        store.fill_outbox(&waiting).await.map_err(HarnessError::part("filling the outbox"))?;
        let ports = LedgerPorts {
            outbox: store.clone(),
            heads: store.clone(),
            index: store.clone(),
            subjects: store.clone(),
            objects: store.clone(),
            keys: Arc::new(keys.map_err(HarnessError::part("making a keyring"))?),
            signer: Arc::new(signer.map_err(HarnessError::part("making a key"))?),
            monitors: Vec::new(),
            memory: None,
            alerts: Arc::new(LogAlerts),
            clock,
            random,
        };
        let sequencer = Sequencer::new(settings, ports);
        Ok(Self { store: (*store).clone(), requests, sequencer, tenant })
    }

    /// Seals until nothing waits; how many seconds it took.
    #[expect(clippy::disallowed_methods, reason = "this measures time")]
    async fn seal(&self) -> Result<f64, HarnessError> {
        let start = Instant::now();
        let sealed = self.sequencer.seal(Duration::MAX).await.map_err(HarnessError::part("sealing"))?;
        let time = start.elapsed().as_secs_f64();
        // One says that the log was opened.
        if sealed.appended != EVENTS as u64 + 1 {
            let message = format!("{EVENTS} events waited, and this was done: {sealed:?}");
            return Err(HarnessError::Function { kind: "ledger".to_owned(), message });
        }
        Ok(time)
    }

    #[expect(clippy::disallowed_methods, reason = "this measures time")]
    async fn write_rows(&self) -> Result<f64, HarnessError> {
        let start = Instant::now();
        for next in 0..ROWS {
            let written = self.store.remember_told(&self.tenant, "nobody", Told { year: 2026, next });
            written.await.map_err(HarnessError::part("writing a row"))?;
        }
        Ok(start.elapsed().as_secs_f64())
    }
}

/// An event as issuing a credential leaves it: asked for, or issued.
pub(crate) fn event(
    tenant: &TenantId,
    number: usize,
    clock: &dyn Clock,
    random: &dyn Random,
) -> Result<AuditEvent, serde_json::Error> {
    let agent = format!("report-writer-{}", number % AGENTS);
    let lease = format!("01936f0a-7c1e-7001-8000-{:012x}", number / 2);
    let what: Value = if number.is_multiple_of(2) {
        json!({
            "event": "credential_requested",
            "lease": lease,
            "agent": agent,
            "kind": "aws_iam_role",
            "scope": {
                "target": format!("arn:aws:iam::111122223333:role/{agent}"),
                "permissions": ["s3:GetObject", "s3:ListBucket"],
                "resources": ["arn:aws:s3:::acme-reports/2026/*"],
                "regions": ["eu-central-1"],
            },
            "scope_version": 12,
            "purpose": "the monthly report",
        })
    } else {
        json!({
            "event": "credential_issued",
            "lease": lease,
            "agent": agent,
            "expires_at": "2026-11-24T03:05:00Z",
            "session": format!("AROAEXAMPLE:{lease}"),
            "packed_policy_size": 12,
        })
    };
    let identity = format!("arn:aws:sts::111122223333:assumed-role/{agent}/i-0123456789abcdef0");
    let role = Role::Agent { agent: serde_json::from_value(agent.into())? };
    let by = Actor::Caller { role, identity };
    Ok(AuditEvent::new(tenant, by, serde_json::from_value(what)?, clock, random))
}

fn size(directory: &Path) -> std::io::Result<u64> {
    std::fs::read_dir(directory)?.map(|entry| Ok(entry?.metadata()?.len())).sum()
}
