//! The ledger's head: the one thing in it that changes.

use deputize_ledger::{Edge, SignedCheckpoint};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ports::ledger::ObjectPath;

/// Where a tenant's ledger stands. What it says is so from the moment that it is written: the files that belong to it are
/// staged before, and put in their places after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Counts the heads there were, from 1.
    pub version: u64,
    /// The year of the current log.
    pub year: i16,
    /// The right edge of its tree.
    pub edge: Edge,
    /// Its checkpoint, signed.
    #[serde(serialize_with = "to_note", deserialize_with = "from_note")]
    pub checkpoint: SignedCheckpoint,
    /// When it was signed.
    pub signed_at: Timestamp,
    /// When the last entry was recorded; time does not go back in a log.
    pub recorded_at: Timestamp,
    /// Whether its last entry closes it.
    pub is_closed: bool,
    /// What is yet to be put in its place.
    pub staged: Option<Staged>,
    /// The files that the next ones contain, and that nobody needs once those are there.
    pub superseded: Vec<ObjectPath>,
    /// The entries of the bundle that is not full yet which are not what the tree says; each was told once.
    pub mismatched: Vec<u64>,
}

/// What is yet to be put in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staged {
    /// The file that holds it; its name is given once, so that nobody else's batch is taken for it.
    pub path: ObjectPath,
    /// Its SHA-256, in lowercase hexadecimal digits.
    pub sha256: String,
}

fn to_note<S: Serializer>(checkpoint: &SignedCheckpoint, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(checkpoint)
}

fn from_note<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SignedCheckpoint, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}
