//! What should not happen: an outbox that is changed by others, a ledger that is behind what was seen of it.

use deputize_ledger::{ConsistencyProof, SignedCheckpoint};

use super::LedgerError;
use super::files::read;
use super::sequencer::Sequencer;
use crate::audit::{Anomaly, AuditEvent, What};

/// A change of a row of the outbox, as the table's stream tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutboxChange {
    /// An event was written: something waits.
    Written,
    /// A row was changed. Nothing ever does that.
    Modified {
        /// The event's name.
        name: String,
        /// The SHA-256 that stood beside it before.
        before: String,
        /// And the one that does now.
        after: String,
    },
    /// A row was removed. The ledger does that with what it holds.
    Removed {
        /// The event's name.
        name: String,
        /// The SHA-256 of the event that was there.
        sha256: String,
    },
}

/// Whether a change was as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disturbance {
    /// Yes.
    None,
    /// No: an entry will say so.
    Told,
}

impl Disturbance {
    /// Whether an entry will say what was found.
    pub fn is_told(self) -> bool {
        self == Self::Told
    }
}

impl Sequencer {
    /// Looks at a change of the outbox. Looking twice at one that should not be says so twice.
    ///
    /// # Errors
    /// [`LedgerError`] where it could not be looked at.
    pub async fn watch(&self, change: &OutboxChange) -> Result<Disturbance, LedgerError> {
        let anomaly = match change {
            OutboxChange::Written => return Ok(Disturbance::None),
            OutboxChange::Modified { name, before, after } => {
                Anomaly::EventModified { id: name.clone(), before: before.clone(), after: after.clone() }
            }
            OutboxChange::Removed { name, sha256 } => {
                if self.holds(name, sha256).await? {
                    return Ok(Disturbance::None);
                }
                Anomaly::EventRemoved { id: name.clone(), sha256: sha256.clone() }
            }
        };
        self.tell(anomaly).await?;
        Ok(Disturbance::Told)
    }

    /// Whether the ledger holds what was there: by the index, and by the entry itself.
    async fn holds(&self, name: &str, sha256: &str) -> Result<bool, LedgerError> {
        let Some(indexed) = self.ports.index.find(&self.settings.tenant, name).await? else {
            return Ok(false);
        };
        // The row leaves the outbox before the checkpoint is published; its files are there by then.
        let Some(head) = self.ports.heads.head(&self.settings.tenant).await? else { return Ok(false) };
        let size = if head.year == indexed.year {
            head.edge.size()
        } else {
            self.files.checkpoint(indexed.year).await?.map_or(0, |note| note.unverified().size)
        };
        let path = self.files.of(indexed.year, "entries")?;
        let Some(bytes) = self.files.entry(indexed.year, indexed.sequence, size).await? else {
            return Ok(false);
        };
        let event: AuditEvent = match serde_json::from_value(read(&path, &bytes)?.event) {
            Ok(event) => event,
            Err(_) => return Ok(false),
        };
        Ok(match event.what {
            What::LedgerAnomaly { anomaly: Anomaly::EventQuarantined { id, .. }, .. } if id == name => true,
            _ => event.id.to_string() == name && indexed.sha256 == sha256,
        })
    }

    /// Looks whether the ledger still has all that was seen of it: the checkpoint that it published, and the one that is
    /// remembered elsewhere.
    ///
    /// # Errors
    /// [`LedgerError::Disturbed`] where it has not.
    pub(super) async fn look_back(&self) -> Result<(), LedgerError> {
        let Some(head) = self.ports.heads.head(&self.settings.tenant).await? else { return Ok(()) };
        let published = self.files.checkpoint(head.year).await?;
        let remembered = match &self.ports.memory {
            Some(memory) => memory.recall(&self.settings.tenant).await.map_err(LedgerError::Memory)?,
            None => None,
        };
        let remembered = remembered.and_then(|text| text.parse::<SignedCheckpoint>().ok());
        for seen in published.iter().chain(&remembered) {
            self.compare(seen, &head).await?;
        }
        Ok(())
    }

    async fn compare(&self, seen: &SignedCheckpoint, head: &super::head::Head) -> Result<(), LedgerError> {
        let now = head.checkpoint.unverified();
        let then = seen.unverified();
        let key = self.ports.log_key(&then.origin).await?;
        if seen.verify(&key).is_err() {
            // Whoever wrote this was not us: it proves nothing, and it is not what we wrote.
            return self
                .disturbed(Anomaly::HistoryDiffers { at: format!("{} of {}", then.size, then.origin) })
                .await;
        }
        if then.origin != now.origin {
            let year = then.origin.as_str().rsplit('/').next().and_then(|year| year.parse::<i16>().ok());
            return match year {
                Some(year) if year > head.year => self.disturbed(behind(seen, head)).await,
                _ => Ok(()),
            };
        }
        if then.size > now.size {
            return self.disturbed(behind(seen, head)).await;
        }
        let is_same = if then.size == now.size {
            then.root == now.root
        } else if head.staged.is_some() {
            // Its files are not all in their places.
            return Ok(());
        } else {
            self.is_prefix(seen, head).await?
        };
        if is_same {
            return Ok(());
        }
        self.disturbed(Anomaly::HistoryDiffers { at: format!("{} of {}", then.size, then.origin) }).await
    }

    async fn is_prefix(
        &self,
        seen: &SignedCheckpoint,
        head: &super::head::Head,
    ) -> Result<bool, LedgerError> {
        let (then, now) = (seen.unverified(), head.checkpoint.unverified());
        let mut tiles = std::collections::BTreeMap::new();
        for tile in ConsistencyProof::needs(then.size, now.size) {
            let Some(bytes) = self.files.tile_of(head.year, &tile, now.size).await? else { return Ok(false) };
            tiles.insert(tile, bytes);
        }
        let proof = ConsistencyProof::build(then.size, now.size, |tile| tiles.get(tile).cloned())?;
        Ok(proof.verify(then.root, now.root).is_ok())
    }
}

fn behind(seen: &SignedCheckpoint, head: &super::head::Head) -> Anomaly {
    let (then, now) = (seen.unverified(), head.checkpoint.unverified());
    Anomaly::CheckpointBehind { origin: then.origin.to_string(), remembered: then.size, found: now.size }
}
