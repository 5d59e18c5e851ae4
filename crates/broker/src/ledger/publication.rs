//! Monitoring is told of every entry, at least once, and never waited for.

use std::time::Duration;

use deputize_ledger::tile::FULL;
use deputize_ledger::{Entry, Origin};
use serde_json::{Value, json};

use super::LedgerError;
use super::files::read;
use super::sequencer::Sequencer;
use crate::audit::ocsf::Sealed;
use crate::audit::{AuditEvent, Kind};
use crate::ports::ledger::{Monitor, Publication, Told};

/// What monitors were told of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// How many entries, of all monitors together.
    pub entries: u64,
    /// The monitors that could not be told.
    pub failed: Vec<&'static str>,
}

impl Sequencer {
    /// Tells each monitor of what it has not been told, until the time `until`. One that cannot be told is told later, and
    /// keeps nobody else waiting.
    pub(super) async fn publish(&self, until: Duration) -> Result<Published, LedgerError> {
        let mut published = Published::default();
        for monitor in &self.ports.monitors {
            match self.publish_to(&**monitor, until).await {
                Ok(entries) => published.entries += entries,
                Err(Trouble::Monitor(error)) => {
                    tracing::warn!(
                        error = &*error as &dyn std::error::Error,
                        monitor = monitor.name(),
                        "a monitor could not be told"
                    );
                    published.failed.push(monitor.name());
                }
                Err(Trouble::Ledger(error)) => return Err(error),
            }
        }
        Ok(published)
    }

    async fn publish_to(&self, monitor: &dyn Monitor, until: Duration) -> Result<u64, Trouble> {
        let tenant = &self.settings.tenant;
        let heads = &self.ports.heads;
        let Some(head) = heads.head(tenant).await.map_err(LedgerError::from)? else { return Ok(0) };
        let told = heads.told(tenant, monitor.name()).await.map_err(LedgerError::from)?;
        let mut told = told.unwrap_or(Told { year: head.year, next: 0 });
        let mut entries = 0;
        while told.year <= head.year && self.ports.clock.monotonic() < until {
            // What a checkpoint says is in its place; a head may be ahead of it.
            let checkpoint = self.files.checkpoint(told.year).await?;
            let size = checkpoint.map_or(0, |checkpoint| checkpoint.unverified().size);
            if told.next >= size {
                if told.year == head.year {
                    break;
                }
                told = Told { year: told.year + 1, next: 0 };
                continue;
            }
            let width = u64::from(FULL);
            let bundle = self.files.bundle(told.year, told.next / width, size).await?;
            let place = usize::try_from(told.next % width).unwrap_or_default();
            let origin = self.settings.origin(told.year)?;
            let path = self.files.of(told.year, "entries")?;
            let mut publications = Vec::new();
            for bytes in bundle.iter().skip(place) {
                // What somebody has changed is no event; verification names it.
                match read(&path, bytes) {
                    Ok(entry) => publications.extend(publication(&origin, &entry)),
                    Err(error) => tracing::error!(%error, "an entry cannot be told of"),
                }
            }
            monitor.publish(&publications).await.map_err(Trouble::Monitor)?;
            let many = bundle.len().saturating_sub(place) as u64;
            told.next += many;
            entries += many;
            heads.remember_told(tenant, monitor.name(), told).await.map_err(LedgerError::from)?;
        }
        Ok(entries)
    }
}

enum Trouble {
    Monitor(crate::ports::Source),
    Ledger(LedgerError),
}

impl From<LedgerError> for Trouble {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

/// What is told of an entry.
fn publication(origin: &Origin, entry: &Entry) -> Option<Publication> {
    let Ok(event) = serde_json::from_value::<AuditEvent>(entry.event.clone()) else {
        return cut(origin, entry);
    };
    let sealed = Sealed {
        event: &event,
        origin: origin.as_str(),
        sequence: entry.sequence,
        recorded_at: entry.recorded_at,
    };
    Some(Publication { id: event.id, kind: event.what.kind().name(), cloud_event: sealed.cloud_event() })
}

/// Of one that was too large, so that its entry says no more than where all of it is.
fn cut(origin: &Origin, entry: &Entry) -> Option<Publication> {
    let text = |name: &str| entry.event.get(name).and_then(Value::as_str);
    let (id, kind) = (text("id")?.parse().ok()?, text("event")?.parse::<Kind>().ok()?);
    let cloud_event = json!({
        "specversion": "1.0",
        "id": text("id")?,
        "source": origin.as_str(),
        "type": format!("dev.deputize.{}.v1", kind.name()),
        "time": text("at")?,
        "datacontenttype": "application/json",
        "data": { "metadata": { "sequence": entry.sequence, "log_name": origin.as_str() }, "unmapped": entry.event },
    });
    Some(Publication { id, kind: kind.name(), cloud_event })
}
