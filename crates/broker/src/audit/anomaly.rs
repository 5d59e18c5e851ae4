//! What can be wrong with the ledger, or with what was to go into it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A sign of tampering, or of a fault that looks like it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Anomaly {
    /// An event that waited to be sealed was changed.
    EventModified {
        /// The event's name.
        id: String,
        /// The SHA-256 of what was there, in lowercase hexadecimal digits.
        before: String,
        /// And of what is there now.
        after: String,
    },
    /// An event that waited to be sealed was taken away.
    EventRemoved {
        /// The event's name.
        id: String,
        /// The SHA-256 of what was there, in lowercase hexadecimal digits.
        sha256: String,
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
        /// Which log.
        origin: String,
        /// How many entries it was known to have.
        remembered: u64,
        /// How many it has.
        found: u64,
    },
    /// The log tells another history than it did.
    HistoryDiffers {
        /// Where: a file, or a checkpoint that was remembered.
        at: String,
    },
    /// An entry does not hash to its leaf.
    EntryMismatch {
        /// Which log.
        origin: String,
        /// Its place there, counted from 0.
        sequence: u64,
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

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EventModified { id, .. } => write!(f, "event {id} was changed before it was sealed"),
            Self::EventRemoved { id, .. } => write!(f, "event {id} was removed before it was sealed"),
            Self::EventQuarantined { id, reason, .. } => write!(f, "event {id} cannot be read: {reason}"),
            Self::CheckpointBehind { origin, remembered, found } => {
                write!(f, "{origin} has {found} entries, and had {remembered}")
            }
            Self::HistoryDiffers { at } => write!(f, "the log is another one than it was: {at}"),
            Self::EntryMismatch { origin, sequence } => {
                write!(f, "entry {sequence} of {origin} is not what the tree says")
            }
        }
    }
}
