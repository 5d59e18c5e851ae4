//! What is told of rotations: in events, and to admins.

use deputize_scope::AgentId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ports::rotation::KeyId;
use crate::request::Purpose;
use crate::stored::record::VersionNumber;

/// One step of a rotation that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum StepTaken {
    /// It began.
    Began,
    /// The next key is about to be asked for.
    Asked,
    /// The next key was made, and sealed.
    Created {
        /// The version.
        version: VersionNumber,
        /// What the provider calls it.
        key: KeyId,
    },
    /// The next key worked, so many times in a row.
    Worked {
        /// How many times.
        in_a_row: u8,
    },
    /// The next key did not work yet.
    NotYet,
    /// Agents are given the next version.
    Distributed {
        /// The version.
        version: VersionNumber,
    },
    /// An agent uses the next version.
    Adopted {
        /// The agent. An event has the owner's name beside it.
        #[serde(rename = "adopted_by")]
        agent: AgentId,
        /// The version.
        version: VersionNumber,
        /// What the agent says of it.
        #[serde(default, skip_serializing_if = "Evidence::is_empty")]
        evidence: Evidence,
    },
    /// Every agent that uses the credential still has adopted the next version.
    AdoptedByAll {
        /// The version.
        version: VersionNumber,
    },
    /// The provider says that the next key is used.
    SeenInUse {
        /// The version.
        version: VersionNumber,
    },
    /// A key was disabled.
    Disabled {
        /// Which.
        key: KeyId,
    },
    /// A key cannot be disabled, and works until it is deleted.
    LeftToSoak {
        /// Which.
        key: KeyId,
    },
    /// A key was deleted.
    Deleted {
        /// Which.
        key: KeyId,
    },
    /// A key that a lost answer left behind was deleted.
    OrphanDeleted {
        /// Which.
        key: KeyId,
    },
    /// The next version was given up, and nothing is left of it.
    RolledBack {
        /// Why.
        reason: Reason,
    },
    /// A step failed, and is tried again.
    Failed {
        /// The provider's code.
        code: String,
    },
    /// It is done.
    Completed,
}

/// What an agent says of its first use of a version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// When it used it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<Timestamp>,
    /// For what, in its words: the id that the provider gave the request, say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_for: Option<Purpose>,
}

impl Evidence {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Why a rotation came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Reason {
    /// The provider refuses to make a key.
    NotMade {
        /// Its code.
        provider: String,
    },
    /// The owner has as many keys as it may have, and not all of them are known here.
    KeyLimit,
    /// What the provider calls the current key is not known, so that it could not be revoked.
    CurrentKeyUnknown,
    /// The new key never worked.
    NeverWorked,
    /// Not every agent has adopted the new version in time.
    NotAdopted,
    /// Another version was imported meanwhile.
    Replaced,
    /// A key cannot be taken away at the provider.
    NotRevoked {
        /// Its code.
        provider: String,
    },
    /// The refresh token was used by somebody else.
    RefreshTokenReused,
    /// The provider refuses to renew.
    NotRenewed {
        /// Its code.
        provider: String,
    },
    /// Nothing says how such a key is renewed at its provider.
    NoConnector,
    /// The connector cannot be used.
    InvalidConnector,
    /// What is stored is got by a secret that this provider's protocol has no way to renew.
    NotRenewable,
}

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Severity {
    /// To be looked at when there is time.
    Medium,
    /// To be looked at now.
    High,
}
