//! Checkpoints: how large a log is, and the root over all of it.

use crate::note::NoteError;
use crate::{Hash, Origin, SIZE_LIMIT};

/// What a log says about itself (c2sp.org/tlog-checkpoint). These logs have no extension lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: Origin,
    /// How many entries it has.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

impl Checkpoint {
    /// What the log's key signs: the text of the note, with its last newline.
    pub fn message(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root)
    }

    /// Reads the text of a note.
    pub(crate) fn parse(text: &str) -> Result<Self, NoteError> {
        let read =
            tlog_tiles::Checkpoint::from_bytes(text.as_bytes()).map_err(|_| NoteError::NotACheckpoint)?;
        let origin = read.origin().parse().map_err(|_| NoteError::NotACheckpoint)?;
        let checkpoint = Self { origin, size: read.size(), root: Hash(read.hash().0) };
        // Extension lines, and whatever the reader may be lenient about, would be lost.
        let is_all = checkpoint.size <= SIZE_LIMIT && checkpoint.message() == text;
        if is_all { Ok(checkpoint) } else { Err(NoteError::NotACheckpoint) }
    }
}

/// What a witness signs (c2sp.org/tlog-cosignature): that at this time, in seconds since 1970, this was the largest
/// checkpoint of the log that it knew, and consistent with all before.
pub fn cosignature_message(checkpoint: &Checkpoint, at: u64) -> Vec<u8> {
    message_at(&checkpoint.message(), at).into_bytes()
}

pub(crate) fn message_at(note: &str, at: u64) -> String {
    format!("cosignature/v1\ntime {at}\n{note}")
}
