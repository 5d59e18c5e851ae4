//! A ledger in memory, in which nothing is sealed yet.

use std::sync::Arc;

use async_trait::async_trait;
use deputize_api::AuditRoutes;
use deputize_broker::audit::AuditEvent;
use deputize_broker::ledger::{LedgerPorts, LedgerReader, LedgerSettings};
use deputize_broker::ports::Source;
use deputize_broker::ports::rotation::Alerts;
use deputize_testkit::ledger::MemoryLedger;
use deputize_testkit::log_signer::MemoryLogKey;

use super::World;

pub(crate) fn routes(world: &Arc<World>) -> AuditRoutes {
    let ledger = MemoryLedger::faultless(Arc::default());
    let ports = LedgerPorts {
        outbox: world.clone(),
        heads: ledger.clone(),
        index: ledger.clone(),
        subjects: ledger.clone(),
        objects: ledger,
        keys: world.clone(),
        signer: Arc::new(MemoryLogKey::default()),
        monitors: Vec::new(),
        memory: None,
        alerts: Arc::new(Nobody),
        clock: world.clone(),
        random: world.clone(),
    };
    let whose = LedgerSettings::new("acme".parse().unwrap(), "deputize.test".to_owned()).unwrap();
    AuditRoutes { reader: LedgerReader::new(whose, ports), witnesses: Vec::new() }
}

struct Nobody;

#[async_trait]
impl Alerts for Nobody {
    async fn raise(&self, _: &AuditEvent) -> Result<(), Source> {
        Ok(())
    }
}
