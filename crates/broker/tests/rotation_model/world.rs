//! The state of the model: the record, the provider's keys, two workers, the agents, and what the next fault may be.
//!
//! The present is always [`NOW`]: what passes is that everything else moves into the past. Worlds that differ in nothing
//! but the date are so the same one.

use deputize_broker::ports::rotation::{KeyId, OperationId};
use deputize_broker::rotation::machine::{Effect, Event};
use deputize_broker::rotation::state::{Phase, Removal, Rotation};
use deputize_broker::stored::{Facts, VersionNumber};
use jiff::{SignedDuration, Timestamp};

/// The present.
pub(crate) const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// Everything there is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) record: Record,
    /// The keys at the provider, disabled ones included.
    pub(crate) keys: Vec<Key>,
    /// How many were ever made there.
    pub(crate) made: u8,
    pub(crate) workers: [Worker; 2],
    /// Calls whose callers are not waiting any more, and that may be carried out all the same.
    pub(crate) late: Vec<Late>,
    pub(crate) agents: Vec<Agent>,
    /// How many rotations were begun.
    pub(crate) begun: u8,
    /// What may still happen.
    pub(crate) left: Faults,
    /// The key that agents were last told to leave, and when.
    pub(crate) untold: Option<(u8, Timestamp)>,
    /// What the last step broke.
    pub(crate) broken: Option<Invariant>,
}

/// What rotation reads and writes of a credential's record, in one piece.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Record {
    pub(crate) rotation: Rotation,
    pub(crate) current: VersionNumber,
    /// The key of each version.
    pub(crate) versions: Vec<u8>,
}

/// A key at the provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) number: u8,
    pub(crate) operation: Option<OperationId>,
    /// Whether it is for rotation to look after: the current one is, and those that rotation made.
    pub(crate) is_ours: bool,
    pub(crate) is_enabled: bool,
    /// How many probes it has passed in a row.
    pub(crate) passed: u8,
}

/// Where a worker is in its loop.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Worker {
    /// Not there, or not at this credential.
    Idle,
    /// Something has happened that it is about to write down.
    Knows { seen: Record, event: Event },
    /// It has written down what it is about to do.
    Asks { seen: Record, effect: Effect },
}

/// A call that was given up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Late {
    pub(crate) effect: Effect,
    pub(crate) operation: Option<OperationId>,
    /// When it has come to an end, one way or the other.
    pub(crate) until: Timestamp,
}

/// An agent. Prompt, slow and silent ones differ only in when they do something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Agent {
    /// The version that it uses.
    pub(crate) holds: VersionNumber,
    /// The version that it used before.
    pub(crate) before: VersionNumber,
    /// The version that it has said to use, as long as it was not told another.
    pub(crate) adopted: Option<VersionNumber>,
}

/// How often each thing may still happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Faults {
    /// Rotations.
    pub(crate) rotations: u8,
    /// A worker dies.
    pub(crate) crashes: u8,
    /// A call is given up, and carried out or not.
    pub(crate) losses: u8,
    /// The provider says no.
    pub(crate) refusals: u8,
    /// Something does not answer that is needed before the provider is asked.
    pub(crate) troubles: u8,
    /// A new key does not work yet.
    pub(crate) misses: u8,
    /// An agent that has adopted a version goes back to the one before.
    pub(crate) flaps: u8,
    /// Somebody imports another key.
    pub(crate) imports: u8,
    /// Somebody wants it renewed now.
    pub(crate) wants: u8,
    /// A worker is held up until its claim has lapsed, and goes on then.
    pub(crate) delays: u8,
    /// No worker is there for two hours.
    pub(crate) outages: u8,
}

/// What always holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Invariant {
    /// Who reads the credential gets a version that works.
    Works,
    /// There are never more than two keys of ours.
    TwoKeys,
    /// A version that is handed out has worked several times in a row.
    Tried,
    /// No key is taken from an agent that was told to use it and has not said to use another.
    NotCutOff,
    /// Keys of others stay as they are.
    LeavesOthersAlone,
    /// Once quiet, there is one key of ours: the current one, and it works.
    NoOrphan,
    /// Each phase follows one that it may follow, and is told of.
    Told,
    /// Without faults it comes to rest.
    Rests,
}

impl Record {
    /// The key of a version.
    pub(crate) fn key(&self, version: VersionNumber) -> u8 {
        self.versions[usize::try_from(version.0).unwrap() - 1]
    }

    /// As the broker gives it to agents.
    pub(crate) fn version_to_use(&self) -> VersionNumber {
        self.rotation.phase.told().unwrap_or(self.current)
    }

    pub(crate) fn newest(&self) -> VersionNumber {
        VersionNumber(self.versions.len() as u64)
    }
}

impl World {
    pub(crate) fn key(&self, number: u8) -> Option<&Key> {
        self.keys.iter().find(|key| key.number == number)
    }

    pub(crate) fn is_in_hand(&self) -> bool {
        self.workers.iter().any(|worker| *worker != Worker::Idle)
    }

    pub(crate) fn works(&self, number: u8) -> bool {
        self.key(number).is_some_and(|key| key.is_enabled)
    }

    /// Nothing is under way, and nothing will come late.
    pub(crate) fn is_quiet(&self) -> bool {
        matches!(self.record.rotation.phase, Phase::Steady | Phase::Failed { .. })
            && self.record.rotation.claim.is_none()
            && !self.is_in_hand()
            && self.late.is_empty()
    }

    /// Time passes.
    pub(crate) fn pass(&mut self, by: SignedDuration) {
        move_back(&mut self.record.rotation, by);
        for worker in &mut self.workers {
            match worker {
                Worker::Idle => {}
                Worker::Knows { seen, .. } | Worker::Asks { seen, .. } => move_back(&mut seen.rotation, by),
            }
        }
        self.late.iter_mut().for_each(|late| late.until -= by);
        if let Some((_, since)) = &mut self.untold {
            *since -= by;
        }
    }
}

fn move_back(rotation: &mut Rotation, by: SignedDuration) {
    rotation.due.iter_mut().for_each(|due| *due -= by);
    rotation.claim.iter_mut().for_each(|claim| claim.until -= by);
    rotation.renewed_at -= by;
    match &mut rotation.phase {
        Phase::Steady | Phase::Failed { .. } => {}
        Phase::Generating { operation, .. } => operation.began -= by,
        Phase::Distributing { operation, since, .. } => {
            operation.began -= by;
            *since -= by;
        }
        Phase::Verifying { operation, since, deadline, .. } => {
            operation.began -= by;
            *since -= by;
            *deadline -= by;
        }
        Phase::Revoking { operation, removal } | Phase::RollingBack { operation, removal, .. } => {
            operation.began -= by;
            if let Removal::Soaking { until } = removal {
                *until -= by;
            }
        }
    }
}

/// What the provider calls a key.
pub(crate) fn id(number: u8) -> KeyId {
    KeyId::new(format!("k{number}"))
}

/// The key of that name.
pub(crate) fn number(id: &KeyId) -> u8 {
    id.as_str()[1..].parse().unwrap()
}

/// What may be told of a version with this key.
pub(crate) fn facts(number: u8) -> Facts {
    Facts::ApiKey { key_id: Some(id(number).to_string()) }
}
