//! What a log's key signs: checkpoints (c2sp.org/tlog-checkpoint) as signed notes (c2sp.org/signed-note), with the
//! cosignatures of witnesses (c2sp.org/tlog-cosignature).

mod checkpoint;
mod key;
mod signed;

use thiserror::Error;

pub use checkpoint::{Checkpoint, cosignature_message};
pub use key::{CosignerKey, InvalidKey, VerifierKey};
pub use signed::SignedCheckpoint;

use crate::Origin;

/// Why a checkpoint is not believed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoteError {
    /// The bytes are no signed note.
    #[error("not a signed note")]
    Malformed,
    /// The note's text is no checkpoint: a name, a size, a root, and nothing more.
    #[error("the note holds no checkpoint")]
    NotACheckpoint,
    /// The note is of another log than the key.
    #[error("a checkpoint of {found}, and the key is that of {expected}")]
    OtherLog {
        /// Whose key it is.
        expected: Origin,
        /// Which log the checkpoint is of.
        found: Origin,
    },
    /// The key has not signed it.
    #[error("not signed by the key {0}")]
    NotSigned(String),
    /// There is a signature that says to be of this key, and is not.
    #[error("the signature of the key {0} is wrong")]
    WrongSignature(String),
    /// More signatures than anybody reads.
    #[error("a note takes no more than {LIMIT} signatures", LIMIT = signed::SIGNATURE_LIMIT)]
    TooManySignatures,
}
