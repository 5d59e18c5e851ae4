//! What can be wrong with the ledger, or with what was to go into it.

use serde::{Deserialize, Serialize};

use super::EventId;

/// A sign of tampering, or of a fault that looks like it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Anomaly {
    /// An event that waited to be sealed was changed.
    EventModified {
        /// The event.
        id: EventId,
    },
    /// An event that waited to be sealed was taken away.
    EventRemoved {
        /// The event.
        id: EventId,
    },
    /// An event that waited to be sealed cannot be read. Its hash is sealed in its place.
    EventQuarantined {
        /// Its name, as its row has it.
        id: String,
        /// The SHA-256 of its bytes, in lowercase hexadecimal digits.
        sha256: String,
        /// How many bytes it has.
        bytes: u64,
        /// Why it cannot be read.
        reason: String,
    },
    /// The log is shorter than it was.
    CheckpointBehind {
        /// How many entries it was known to have.
        remembered: u64,
        /// How many it has.
        found: u64,
    },
    /// The log tells another history than it did.
    HistoryDiffers {
        /// The size at which it was remembered.
        size: u64,
        /// The root of that size as it was remembered, in lowercase hexadecimal digits.
        remembered: String,
        /// The root as the log has it now.
        found: String,
    },
    /// An entry does not hash to its leaf.
    EntryMismatch {
        /// Its place in the log, counted from 0.
        index: u64,
        /// The leaf that the tree has, in lowercase hexadecimal digits.
        expected: String,
        /// The leaf that the entry hashes to.
        found: String,
    },
}

impl Anomaly {
    /// Its name, as it is written.
    pub fn name(&self) -> &'static str {
        match self {
            Self::EventModified { .. } => "event_modified",
            Self::EventRemoved { .. } => "event_removed",
            Self::EventQuarantined { .. } => "event_quarantined",
            Self::CheckpointBehind { .. } => "checkpoint_behind",
            Self::HistoryDiffers { .. } => "history_differs",
            Self::EntryMismatch { .. } => "entry_mismatch",
        }
    }
}
