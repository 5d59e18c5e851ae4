//! The audit ledger: what an entry is, the Merkle tree over all of them (RFC 6962), the files that a log is published
//! as (c2sp.org/tlog-tiles), what its key signs (c2sp.org/tlog-checkpoint), and how anybody checks all of it.
//!
//! Pure: no clock, no randomness, no key, and no file or network but through [`verify::TileSource`]. It runs in the
//! audit function that grows a log, at the auditor who trusts nobody, and in a browser.

#![warn(missing_docs)]

mod canonical;

pub mod bundle;
#[cfg(feature = "directory")]
pub mod directory;
pub mod edge;
pub mod entry;
pub mod hash;
pub mod note;
pub mod origin;
pub mod proof;
pub mod tile;
pub mod verify;

pub use canonical::NotCanonical;
pub use edge::{Edge, HashTile};
pub use entry::{Commitment, ENTRY_LIMIT, Entry, EntryError};
pub use hash::{Hash, leaf_hash, node_hash};
pub use note::{Checkpoint, CosignerKey, NoteError, SignedCheckpoint, VerifierKey};
pub use origin::Origin;
pub use proof::{ConsistencyProof, InclusionProof, ProofError, verify_entry};
pub use tile::TilePath;
pub use verify::{Fault, Options, Report, TileSource, verify_log};

/// How many entries a log can have: what every reader of JSON can count to (RFC 7493, section 2.2).
pub const SIZE_LIMIT: u64 = (1 << 53) - 1;
