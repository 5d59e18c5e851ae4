//! Entries of what waits: numbered, in canonical bytes, without what may be about a person.

use deputize_ledger::{ENTRY_LIMIT, Entry, EntryError};
use deputize_scope::TenantId;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::files::Files;
use super::stage::{File, hash};
use super::subjects::Keys;
use super::{LedgerError, LedgerPorts};
use crate::audit::{Anomaly, AuditEvent, Personal, What};
use crate::caller::Actor;
use crate::ports::audit::{OutboxKey, Waiting};
use crate::ports::ledger::{Indexed, Settled};
use crate::rotation::told::Severity;

/// After how many bytes of entries a batch takes no more.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// Entries to append.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) entries: Vec<Vec<u8>>,
    pub(super) settled: Vec<Settled>,
    /// What is too large for an entry, or could not be read.
    pub(super) files: Vec<File>,
    /// What somebody has to be told of at once.
    pub(super) alarming: Vec<AuditEvent>,
    bytes: usize,
}

/// Where the entries of a batch go.
#[derive(Clone, Copy)]
pub(super) struct Destination<'a> {
    pub(super) tenant: &'a TenantId,
    pub(super) year: i16,
    /// The number of the first.
    pub(super) from: u64,
    pub(super) at: Timestamp,
    pub(super) files: &'a Files,
    pub(super) ports: &'a LedgerPorts,
}

impl Batch {
    /// Makes entries of what waits, as far as they fit.
    pub(super) async fn of(
        waiting: Vec<Waiting>,
        to: Destination<'_>,
        keys: &mut Keys,
    ) -> Result<Self, LedgerError> {
        let mut batch = Self::default();
        for one in waiting {
            if batch.bytes > MOST_BYTES {
                break;
            }
            match one {
                Waiting::Event { key, event, sha256 } => {
                    batch.add(*event, Some(key), sha256, to, keys).await?;
                }
                Waiting::Unreadable { key, bytes, problem } => {
                    batch.quarantine(key, bytes, problem, to, keys).await?;
                }
            }
        }
        Ok(batch)
    }

    /// An event of the ledger's own, which never waited.
    pub(super) async fn of_own(
        what: What,
        to: Destination<'_>,
        keys: &mut Keys,
    ) -> Result<Self, LedgerError> {
        let mut batch = Self::default();
        let event = own(what, to);
        let sha256 = text_hash(&event)?;
        batch.add(event, None, sha256, to, keys).await?;
        Ok(batch)
    }

    async fn add(
        &mut self,
        event: AuditEvent,
        key: Option<OutboxKey>,
        sha256: String,
        to: Destination<'_>,
        keys: &mut Keys,
    ) -> Result<(), LedgerError> {
        if matches!(event.what, What::LedgerAnomaly { .. }) {
            self.alarming.push(event.clone());
        }
        let id = event.id;
        let (event, commitment, personal) = match Personal::of(&event) {
            Some(personal) => {
                let (commitment, sealed) = keys.seal(to.tenant, id, personal, to.ports).await?;
                (event.split_personal(&sealed.pseudonym).0, Some(commitment), Some(sealed))
            }
            None => (event, None, None),
        };
        let sequence = to.from + self.entries.len() as u64;
        let entry = Entry {
            sequence,
            recorded_at: to.at,
            event: serde_json::to_value(&event).map_err(EntryError::Json)?,
            personal: commitment,
        };
        let bytes = self.fitting(entry, to)?;
        self.bytes += bytes.len();
        self.entries.push(bytes);
        self.settled.push(Settled { key, entry: Indexed { id, year: to.year, sequence, sha256, personal } });
        Ok(())
    }

    /// The entry's bytes; of an event that is too large for one, those that say where all of it is.
    fn fitting(&mut self, mut entry: Entry, to: Destination<'_>) -> Result<Vec<u8>, LedgerError> {
        let error = match entry.to_bytes() {
            Ok(bytes) => return Ok(bytes),
            Err(error) => error,
        };
        let whole = serde_json::to_vec(&entry.event).map_err(EntryError::Json)?;
        if whole.len() < ENTRY_LIMIT / 2 {
            return Err(error.into());
        }
        let sha256 = hash(&whole);
        let Value::Object(event) = &mut entry.event else { return Err(error.into()) };
        event.retain(|name, value| {
            matches!(name.as_str(), "id" | "tenant" | "at" | "event") || is_short(value)
        });
        event.insert("whole".to_owned(), json!({ "sha256": sha256, "bytes": whole.len() }));
        let path = to.files.beside(&format!("large/{sha256}"))?;
        self.files.push(File { path, bytes: whole });
        Ok(entry.to_bytes()?)
    }

    /// What cannot be read is kept as it is, and an entry in its place says so.
    async fn quarantine(
        &mut self,
        key: OutboxKey,
        bytes: Vec<u8>,
        problem: String,
        to: Destination<'_>,
        keys: &mut Keys,
    ) -> Result<(), LedgerError> {
        let sha256 = hash(&bytes);
        let path = to.files.beside(&format!("quarantine/{sha256}"))?;
        let anomaly = Anomaly::EventQuarantined {
            id: key.name.clone(),
            sha256: sha256.clone(),
            bytes: bytes.len() as u64,
            reason: problem,
        };
        self.files.push(File { path, bytes });
        let event = own(What::LedgerAnomaly { anomaly, severity: Severity::High }, to);
        let sha256 = text_hash(&event)?;
        self.add(event, Some(key), sha256, to, keys).await
    }
}

/// Whether a member of an event that is too large may stay.
fn is_short(value: &Value) -> bool {
    match value {
        Value::String(text) => text.len() <= 256,
        Value::Array(_) | Value::Object(_) => false,
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

fn own(what: What, to: Destination<'_>) -> AuditEvent {
    AuditEvent::new(to.tenant, Actor::Broker, what, &*to.ports.clock, &*to.ports.random)
}

fn text_hash(event: &AuditEvent) -> Result<String, LedgerError> {
    Ok(hash(&serde_json::to_vec(event).map_err(EntryError::Json)?))
}
