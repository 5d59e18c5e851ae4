//! Why things came about that have more than one reason to.

use serde::{Deserialize, Serialize};

/// Why a lease came to nothing, though nobody refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbandonCause {
    /// The cloud gave no answer, or none that could be used.
    CloudUnavailable,
    /// What was minted could not be written down, and was dropped.
    NotRecorded,
    /// It was pending for too long: whoever asked is gone.
    #[default]
    NoOutcome,
}

/// Where another version of a stored credential came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VersionCause {
    /// An admin imported it.
    Imported,
    /// The provider gave it for the one before.
    Refreshed,
}
