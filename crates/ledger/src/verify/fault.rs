//! What can be wrong with a log, and where.

use thiserror::Error;

use super::SourceError;
use crate::EntryError;
use crate::note::NoteError;
use crate::tile::TilePath;

/// The first thing that is wrong with a log.
#[derive(Debug, Error)]
pub enum Fault {
    /// The checkpoint is not one that the log's key signed.
    #[error("the checkpoint is not to be trusted")]
    Checkpoint(#[source] NoteError),
    /// The checkpoint that was kept is not one that the log's key signed.
    #[error("the checkpoint that was kept is not to be trusted")]
    Since(#[source] NoteError),
    /// There is less than there was: the log was set back.
    #[error("the log was cut back: it had {from} entries, and has {to}")]
    CutBack {
        /// What the checkpoint that was kept says.
        from: u64,
        /// What the checkpoint says.
        to: u64,
    },
    /// Both checkpoints are signed, and the log of one is not the beginning of the other's.
    #[error("the log is a fork: it does not begin with the {size} entries of the checkpoint that was kept")]
    Fork {
        /// What the checkpoint that was kept says.
        size: u64,
    },
    /// The files end before the log does.
    #[error(
        "the log ends before entry {from}, and the checkpoint is of {size}: {path} and what follows is missing"
    )]
    Cut {
        /// The first file that is not there.
        path: TilePath,
        /// The first entry that is not there.
        from: u64,
        /// What the checkpoint says.
        size: u64,
    },
    /// A file is not there.
    #[error("{path} is missing")]
    Missing {
        /// The file.
        path: TilePath,
    },
    /// A tile has more or fewer hashes than its name says.
    #[error("{path} has another length than its name says")]
    Length {
        /// The tile.
        path: TilePath,
    },
    /// A tile does not lead to the hash above it, and what lies below it does or cannot tell.
    #[error("{path} holds other hashes than the log has")]
    Tile {
        /// The tile.
        path: TilePath,
    },
    /// Neither entries nor their tile lead to the hash above them.
    #[error("neither the entries from {from} to {to} nor their hashes in {path} are those of the log")]
    Entries {
        /// The tile.
        path: TilePath,
        /// The first of the entries.
        from: u64,
        /// The last of them.
        to: u64,
    },
    /// An entry is not the one that the log has at its place.
    #[error("entry {sequence} is wrong")]
    Entry {
        /// Its place.
        sequence: u64,
        /// In which way.
        #[source]
        why: WrongEntry,
    },
    /// A bundle has something after its last entry.
    #[error("{path} goes on after entry {last}")]
    Leftover {
        /// The bundle.
        path: TilePath,
        /// Its last entry.
        last: u64,
    },
    /// The files are those of another log than the checkpoint's, or of another history of it.
    #[error("the files do not lead to the root of the checkpoint")]
    Root,
    /// A file reaches beyond the checkpoint.
    #[error("{path} reaches beyond the {size} entries of the checkpoint")]
    Beyond {
        /// The file.
        path: TilePath,
        /// What the checkpoint says.
        size: u64,
    },
    /// A narrower tile or bundle that was left says something else than the one that came after it.
    #[error("{path} contradicts the wider {wider}")]
    Contradiction {
        /// The file that was left.
        path: TilePath,
        /// The one that is right.
        wider: TilePath,
    },
    /// A file that no log has.
    #[error("{path} is no file of a log")]
    Stray {
        /// The file.
        path: String,
    },
    /// A checkpoint of more entries than a log can have.
    #[error("a log cannot have {size} entries")]
    TooLarge {
        /// What the checkpoint says.
        size: u64,
    },
    /// A file could not be read.
    #[error("{path} cannot be read")]
    Source {
        /// The file, or the directory.
        path: String,
        /// Why.
        #[source]
        source: SourceError,
    },
}

/// In which way an entry is wrong.
#[derive(Debug, Error)]
pub enum WrongEntry {
    /// Other bytes than those that the log has at this place.
    #[error("it is not the entry that the log has there")]
    Altered,
    /// The bundle ends before its end.
    #[error("its bundle ends before it")]
    Cut,
    /// It is the one that the log has there, and no entry as entries are.
    #[error("the log has taken in what is no entry")]
    Malformed(#[source] EntryError),
    /// It is the one that the log has there, and says to be another.
    #[error("it says to be number {0}")]
    Sequence(u64),
    /// It was recorded before the one that it follows.
    #[error("it was recorded before the one that it follows")]
    TimeGoesBack,
}

impl Fault {
    /// The entry that is wrong, or the first of those that may be, where it is about entries.
    pub fn sequence(&self) -> Option<u64> {
        match self {
            Self::Entry { sequence, .. } => Some(*sequence),
            Self::Entries { from, .. } | Self::Cut { from, .. } => Some(*from),
            Self::Leftover { last, .. } => last.checked_add(1),
            Self::Beyond { size, .. } => Some(*size),
            _ => None,
        }
    }

    /// The file that is wrong, where it is one of the log's.
    pub fn path(&self) -> Option<&TilePath> {
        match self {
            Self::Cut { path, .. }
            | Self::Missing { path }
            | Self::Length { path }
            | Self::Tile { path }
            | Self::Entries { path, .. }
            | Self::Leftover { path, .. }
            | Self::Beyond { path, .. }
            | Self::Contradiction { path, .. } => Some(path),
            _ => None,
        }
    }
}
