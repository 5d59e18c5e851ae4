//! The ledger of this process: kept in its database, signed with a key in its state directory, and remembered in a file
//! beside the database, so that a database which was put back is found out.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use async_trait::async_trait;
use deputize_broker::ledger::{LedgerPorts, LedgerSettings};
use deputize_broker::ports::Source;
use deputize_broker::ports::keys::KeyKeeper;
use deputize_broker::ports::ledger::{CheckpointMemory, Monitor};
use deputize_dynamodb::Store;
use deputize_host::LogAlerts;
use deputize_keyring::LogKeyring;
use deputize_ledger::CosignerKey;
use deputize_nats::{NatsMonitor, NatsSettings};
use deputize_scope::TenantId;

use super::state::{State, read, write};
use super::wiring::Host;
use crate::settings::Settings;

/// What the ledger acts through, and whose it is.
pub(super) fn open(
    settings: &Settings,
    state: &State,
    tenant: &TenantId,
    store: &Arc<Store>,
    keys: &Arc<dyn KeyKeeper>,
    host: &Host,
) -> anyhow::Result<(LedgerSettings, LedgerPorts)> {
    let audit = &settings.clouds.value.audit;
    let mut monitors: Vec<Arc<dyn Monitor>> = Vec::new();
    if let Some(nats) = &audit.nats {
        let nats: NatsSettings = serde_json::from_value(nats.clone()).context("audit.nats")?;
        monitors.push(Arc::new(NatsMonitor::new(nats)));
    }
    let ports = LedgerPorts {
        outbox: Arc::clone(store) as _,
        heads: Arc::clone(store) as _,
        index: Arc::clone(store) as _,
        subjects: Arc::clone(store) as _,
        objects: Arc::clone(store) as _,
        keys: Arc::clone(keys),
        signer: Arc::new(LogKeyring::open(state.log_key())?),
        monitors,
        memory: Some(Arc::new(CheckpointFile(state.checkpoint()))),
        alerts: Arc::new(LogAlerts),
        clock: Arc::clone(&host.clock),
        random: Arc::clone(&host.random),
    };
    Ok((LedgerSettings::new(tenant.clone(), audit.origin.clone())?, ports))
}

/// The witnesses whose cosignatures are taken.
pub(super) fn witnesses(settings: &Settings) -> anyhow::Result<Vec<CosignerKey>> {
    let keys = settings.clouds.value.audit.witnesses.iter();
    keys.map(|key| key.parse().with_context(|| format!("audit.witnesses: {key:?}"))).collect()
}

/// The last checkpoint, in a file.
struct CheckpointFile(PathBuf);

#[async_trait]
impl CheckpointMemory for CheckpointFile {
    async fn recall(&self, _: &TenantId) -> Result<Option<String>, Source> {
        let path = self.0.clone();
        let text = tokio::task::spawn_blocking(move || read(&path)).await??;
        Ok(text.map(|text| text.reveal().to_owned()))
    }

    async fn remember(&self, _: &TenantId, checkpoint: &str) -> Result<(), Source> {
        let (path, text) = (self.0.clone(), checkpoint.to_owned());
        Ok(tokio::task::spawn_blocking(move || write(&path, &text)).await??)
    }
}
