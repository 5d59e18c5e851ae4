//! Where a rotation stands. It is part of the credential's record, so that a change of it and what it tells of are one
//! write.

use std::collections::BTreeSet;

use deputize_scope::AgentId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::told::Reason;
use crate::lease::fresh_uuid;
use crate::ports::clock::{Clock, Random};
use crate::ports::rotation::{KeyId, OperationId};
use crate::stored::facts::Facts;
use crate::stored::record::VersionNumber;

/// Where a rotation stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rotation {
    /// Its phase.
    pub phase: Phase,
    /// When it next wants attention; `None`: never, until somebody does something.
    pub due: Option<Timestamp>,
    /// How often the present step has failed in a row.
    #[serde(default)]
    pub failures: u32,
    /// The worker that has it in hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// When the current version came to be, by rotation or import: intervals count from it.
    pub renewed_at: Timestamp,
}

impl Rotation {
    /// Of a credential that has just been imported.
    pub fn steady(renewed_at: Timestamp, due: Option<Timestamp>) -> Self {
        Self { phase: Phase::Steady, due, failures: 0, claim: None, renewed_at }
    }

    /// In a worker's hand: nobody else takes it up before the claim lapses, and then somebody does.
    #[must_use]
    pub fn held(self, claim: Claim) -> Self {
        Self { due: Some(claim.until), claim: Some(claim), ..self }
    }

    /// Whether a worker may take it up.
    pub fn is_free(&self, now: Timestamp) -> bool {
        self.due.is_some_and(|due| due <= now) && self.claim.is_none_or(|claim| claim.until <= now)
    }
}

/// A worker's claim on a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Claim {
    /// Whose it is.
    pub worker: WorkerId,
    /// When it lapses, where nothing is heard of the worker again.
    pub until: Timestamp,
}

impl Claim {
    /// How long a claim stands that nothing is heard of.
    pub const LIFE: SignedDuration = SignedDuration::from_secs(60);
    /// How soon after it was made the provider has to be asked: that leaves 20 s for the call, and [`super::machine::LATE`]
    /// for what is still carried out of one that was given up.
    const BEGIN_WITHIN: SignedDuration = SignedDuration::from_secs(10);

    /// A worker's, from now on.
    pub fn of(worker: WorkerId, now: Timestamp) -> Self {
        Self { worker, until: now.saturating_add(Self::LIFE).unwrap_or(Timestamp::MAX) }
    }

    /// Whether the provider may still be asked for something under it. Who was held up for longer leaves it: somebody else
    /// could have it in hand before the call has come to an end.
    pub fn may_begin(&self, now: Timestamp) -> bool {
        self.until.duration_since(now) >= Self::LIFE - Self::BEGIN_WITHIN
    }
}

/// The name of one worker, for as long as it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkerId(Uuid);

impl WorkerId {
    /// A fresh name.
    pub fn fresh(clock: &dyn Clock, random: &dyn Random) -> Self {
        Self(fresh_uuid(clock, random))
    }

    /// The name of which this is the number, as tests name workers.
    pub const fn from_u128(number: u128) -> Self {
        Self(Uuid::from_u128(number))
    }
}

/// The phases.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Phase {
    /// Nothing is under way.
    Steady,
    /// The next key is being made.
    Generating {
        /// Which rotation.
        operation: Operation,
        /// What comes next.
        making: Making,
    },
    /// The next version is sealed, and tried until it works everywhere.
    Distributing {
        /// Which rotation.
        operation: Operation,
        /// The next version.
        next: Next,
        /// Since when.
        since: Timestamp,
        /// How many calls with it have succeeded in a row.
        in_a_row: u8,
    },
    /// The next version is the one that agents are given; they are to say that they use it.
    Verifying {
        /// Which rotation.
        operation: Operation,
        /// The next version.
        next: Next,
        /// Since when.
        since: Timestamp,
        /// Until when.
        deadline: Timestamp,
        /// Who has.
        adopted: BTreeSet<AgentId>,
    },
    /// Everybody uses the new version, which is the current one now; the former key is taken away.
    Revoking {
        /// Which rotation.
        operation: Operation,
        /// How far that is.
        removal: Removal,
    },
    /// The next version is given up, and its key taken away.
    RollingBack {
        /// Which rotation.
        operation: Operation,
        /// Why.
        reason: Reason,
        /// The version, where it came that far.
        next: Option<Next>,
        /// How far that is.
        removal: Removal,
    },
    /// The last rotation came to nothing. The former version is the current one.
    Failed {
        /// Why.
        reason: Reason,
    },
}

/// The names of the phases, as they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseName {
    /// Nothing is under way.
    Steady,
    /// The next key is being made.
    Generating,
    /// The next version is tried.
    Distributing,
    /// Agents adopt the next version.
    Verifying,
    /// The former key is taken away.
    Revoking,
    /// The next key is taken away.
    RollingBack,
    /// The last rotation came to nothing.
    Failed,
}

impl Phase {
    /// Its name.
    pub fn name(&self) -> PhaseName {
        match self {
            Self::Steady => PhaseName::Steady,
            Self::Generating { .. } => PhaseName::Generating,
            Self::Distributing { .. } => PhaseName::Distributing,
            Self::Verifying { .. } => PhaseName::Verifying,
            Self::Revoking { .. } => PhaseName::Revoking,
            Self::RollingBack { .. } => PhaseName::RollingBack,
            Self::Failed { .. } => PhaseName::Failed,
        }
    }

    /// The rotation that is under way.
    pub fn operation(&self) -> Option<&Operation> {
        match self {
            Self::Steady | Self::Failed { .. } => None,
            Self::Generating { operation, .. }
            | Self::Distributing { operation, .. }
            | Self::Verifying { operation, .. }
            | Self::Revoking { operation, .. }
            | Self::RollingBack { operation, .. } => Some(operation),
        }
    }

    /// The version that is not the current one yet.
    pub fn next(&self) -> Option<&Next> {
        match self {
            Self::Distributing { next, .. } | Self::Verifying { next, .. } => Some(next),
            Self::RollingBack { next, .. } => next.as_ref(),
            Self::Steady | Self::Generating { .. } | Self::Revoking { .. } | Self::Failed { .. } => None,
        }
    }

    /// The version that agents are given although it is not the current one yet.
    pub fn told(&self) -> Option<VersionNumber> {
        match self {
            Self::Verifying { next, .. } => Some(next.version),
            _ => None,
        }
    }
}

/// One rotation, from its first step to its last.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Operation {
    /// Its name.
    pub id: OperationId,
    /// When it began.
    pub began: Timestamp,
    /// The key that it replaces, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former: Option<KeyId>,
    /// The keys that are accounted for: those that there were before it, where keys carry no label, and the one that was
    /// made and handed in.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub known: BTreeSet<KeyId>,
    /// Whether a key may have been made whose answer was lost: then it is looked for, now and in the end.
    #[serde(default)]
    pub lost: bool,
}

/// How far the making of a key is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Making {
    /// The keys that there are, are listed.
    Listing,
    /// The provider is asked for a key. Who finds it so without having asked itself does not know whether it was made.
    Creating,
    /// What may have been made is looked for.
    Reconciling,
}

/// The version that is to follow.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Next {
    /// Its number.
    pub version: VersionNumber,
    /// What the provider calls its key.
    pub key: KeyId,
    /// What may be told of it.
    pub facts: Facts,
}

/// How far the removal of a key is: disabled, left so for a while in which it could be enabled again by hand, deleted; then
/// what a lost answer may have left is looked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Removal {
    /// Agents that were told of it come back from it first.
    Leaving,
    /// It is to be disabled.
    Disabling,
    /// It is left alone until then.
    Soaking {
        /// Until when.
        until: Timestamp,
    },
    /// It is to be deleted.
    Deleting,
    /// What else there may be is looked for.
    Sweeping,
}
