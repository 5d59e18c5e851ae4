//! Proofs: that an entry is in a log, and that a log only grew (RFC 6962, sections 2.1.1 and 2.1.2).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use tlog_tiles::{HashReader, Tile};

use crate::entry::Head;
use crate::note::{NoteError, SignedCheckpoint, VerifierKey};
use crate::tile::{FULL, Kind, TilePath};
use crate::{EntryError, Hash, SIZE_LIMIT, leaf_hash};

/// That an entry is in the log of a size: the hashes beside its way up to the root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InclusionProof {
    /// The entry's place.
    pub sequence: u64,
    /// How many entries the log has that it is proved to be in.
    pub size: u64,
    /// From the leaf's neighbour up.
    pub hashes: Vec<Hash>,
}

/// That the log of a size began as the log of an earlier size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsistencyProof {
    /// The earlier size.
    pub from: u64,
    /// The later size.
    pub to: u64,
    /// The nodes that both are put together from.
    pub hashes: Vec<Hash>,
}

/// Why something is not proved.
#[derive(Debug, Error)]
pub enum ProofError {
    /// The checkpoint is not believed.
    #[error("the checkpoint is not to be trusted")]
    Checkpoint(#[from] NoteError),
    /// The bytes are no entry.
    #[error("what is to be proved is no entry of a ledger")]
    Entry(#[from] EntryError),
    /// The proof is of another entry.
    #[error("the entry says that it is number {entry}, and the proof is that of {proof}")]
    OtherEntry {
        /// What the entry says.
        entry: u64,
        /// What the proof says.
        proof: u64,
    },
    /// The proof is for a log of another size.
    #[error("the proof is for a log of {proof} entries, and the checkpoint is that of one of {checkpoint}")]
    OtherSize {
        /// What the proof says.
        proof: u64,
        /// What the checkpoint says.
        checkpoint: u64,
    },
    /// There can be no proof of it.
    #[error("a log of {size} entries has none with number {sequence}")]
    NoSuchEntry {
        /// The entry's number.
        sequence: u64,
        /// The log's size.
        size: u64,
    },
    /// A log does not become smaller.
    #[error("a log of {from} entries does not become one of {to}")]
    Shrinks {
        /// The earlier size.
        from: u64,
        /// The later size.
        to: u64,
    },
    /// The hashes do not lead to the root.
    #[error("the proof does not lead to the root of the log")]
    OtherRoot,
}

impl ProofError {
    /// The reason, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Checkpoint(NoteError::Malformed | NoteError::NotACheckpoint) => "malformed_checkpoint",
            Self::Checkpoint(NoteError::TooManySignatures) => "malformed_checkpoint",
            Self::Checkpoint(NoteError::OtherLog { .. }) => "other_log",
            Self::Checkpoint(NoteError::NotSigned(_)) => "not_signed",
            Self::Checkpoint(NoteError::WrongSignature(_)) => "wrong_signature",
            Self::Entry(_) => "malformed_entry",
            Self::OtherEntry { .. } => "other_entry",
            Self::OtherSize { .. } => "other_size",
            Self::NoSuchEntry { .. } => "no_such_entry",
            Self::Shrinks { .. } => "shrinks",
            Self::OtherRoot => "other_root",
        }
    }
}

/// Why no proof was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BuildError {
    /// The log has no such entry, or no such earlier size.
    #[error("a log of {size} entries has nothing to prove at {at}")]
    Beyond {
        /// The entry's number, or the earlier size.
        at: u64,
        /// The log's size.
        size: u64,
    },
    /// A tile is missing.
    #[error("{0} is missing")]
    Missing(TilePath),
    /// A tile has not the length that its name says.
    #[error("{0} has another length than its name says")]
    Length(TilePath),
}

/// Checks that an entry is in the log that a checkpoint is of: all that an auditor needs beside the log's key.
pub fn verify_entry(
    entry: &[u8],
    proof: &InclusionProof,
    checkpoint: &str,
    key: &VerifierKey,
) -> Result<(), ProofError> {
    let checkpoint = checkpoint.parse::<SignedCheckpoint>()?.verify(key)?;
    if proof.size != checkpoint.size {
        return Err(ProofError::OtherSize { proof: proof.size, checkpoint: checkpoint.size });
    }
    let sequence = Head::read(entry)?.sequence;
    if sequence != proof.sequence {
        return Err(ProofError::OtherEntry { entry: sequence, proof: proof.sequence });
    }
    proof.verify(leaf_hash(entry), checkpoint.root)
}

impl InclusionProof {
    /// Whether a leaf is at its place in the tree with this root.
    pub fn verify(&self, leaf: Hash, root: Hash) -> Result<(), ProofError> {
        let Self { sequence, size, hashes } = self;
        if sequence >= size || *size > SIZE_LIMIT {
            return Err(ProofError::NoSuchEntry { sequence: *sequence, size: *size });
        }
        let proof = bounded(hashes)?;
        let (root, leaf) = (tlog_tiles::Hash(root.0), tlog_tiles::Hash(leaf.0));
        tlog_tiles::check_record(&proof, *size, root, *sequence, leaf).map_err(|_| ProofError::OtherRoot)
    }

    /// Which tiles a proof is built from.
    pub fn needs(sequence: u64, size: u64) -> Vec<TilePath> {
        if !is_entry(sequence, size) {
            return Vec::new();
        }
        needed(size, |indexes| drop(tlog_tiles::prove_record(size, sequence, indexes)))
    }

    /// Builds a proof from those tiles. It is as right as they are.
    pub fn build<B: AsRef<[u8]>>(
        sequence: u64,
        size: u64,
        tile: impl Fn(&TilePath) -> Option<B>,
    ) -> Result<Self, BuildError> {
        let beyond = BuildError::Beyond { at: sequence, size };
        if !is_entry(sequence, size) {
            return Err(beyond);
        }
        let tiles = Tiles::collect(size, Self::needs(sequence, size), tile)?;
        let proof = tlog_tiles::prove_record(size, sequence, &tiles).map_err(|_| beyond)?;
        Ok(Self { sequence, size, hashes: ours(&proof) })
    }
}

impl ConsistencyProof {
    /// Whether the log with the later root began as the one with the earlier root.
    pub fn verify(&self, from: Hash, to: Hash) -> Result<(), ProofError> {
        if self.from > self.to || self.to > SIZE_LIMIT {
            return Err(ProofError::Shrinks { from: self.from, to: self.to });
        }
        let proof = bounded(&self.hashes)?;
        if self.from == 0 {
            // Every log began empty.
            let is_empty = from == Hash::EMPTY_TREE && (self.to > 0 || to == Hash::EMPTY_TREE);
            return if is_empty && proof.is_empty() { Ok(()) } else { Err(ProofError::OtherRoot) };
        }
        let (from, to) = (tlog_tiles::Hash(from.0), tlog_tiles::Hash(to.0));
        tlog_tiles::check_tree(&proof, self.to, to, self.from, from).map_err(|_| ProofError::OtherRoot)
    }

    /// Which tiles a proof is built from.
    pub fn needs(from: u64, to: u64) -> Vec<TilePath> {
        if from == 0 || !is_growth(from, to) {
            return Vec::new();
        }
        needed(to, |indexes| drop(tlog_tiles::prove_tree(to, from, indexes)))
    }

    /// Builds a proof from those tiles. It is as right as they are.
    pub fn build<B: AsRef<[u8]>>(
        from: u64,
        to: u64,
        tile: impl Fn(&TilePath) -> Option<B>,
    ) -> Result<Self, BuildError> {
        let beyond = BuildError::Beyond { at: from, size: to };
        if !is_growth(from, to) {
            return Err(beyond);
        }
        if from == 0 {
            return Ok(Self { from, to, hashes: Vec::new() });
        }
        let tiles = Tiles::collect(to, Self::needs(from, to), tile)?;
        let proof = tlog_tiles::prove_tree(to, from, &tiles).map_err(|_| beyond)?;
        Ok(Self { from, to, hashes: ours(&proof) })
    }
}

fn is_entry(sequence: u64, size: u64) -> bool {
    sequence < size && size <= SIZE_LIMIT
}

fn is_growth(from: u64, to: u64) -> bool {
    from <= to && to <= SIZE_LIMIT
}

/// Longer than any proof can be, it is not worth hashing.
fn bounded(hashes: &[Hash]) -> Result<Vec<tlog_tiles::Hash>, ProofError> {
    let fits = hashes.len() <= 64;
    fits.then(|| hashes.iter().map(|hash| tlog_tiles::Hash(hash.0)).collect()).ok_or(ProofError::OtherRoot)
}

fn ours(proof: &[tlog_tiles::Hash]) -> Vec<Hash> {
    proof.iter().map(|hash| Hash(hash.0)).collect()
}

/// The tiles that `prove` reads hashes from, in a log of this size.
fn needed(size: u64, prove: impl FnOnce(&Indexes)) -> Vec<TilePath> {
    let indexes = Indexes::default();
    prove(&indexes);
    let indexes = indexes.0.into_inner();
    let paths: BTreeSet<_> = indexes.into_iter().filter_map(|index| tile_of(size, index)).collect();
    paths.into_iter().collect()
}

/// The tile that has the hash of an index, by which the library counts all nodes of a tree, or has it as the root of
/// a part.
fn tile_of(size: u64, index: u64) -> Option<TilePath> {
    let tile = Tile::from_index(HEIGHT, index);
    TilePath::within(size, Kind::Hashes(tile.level()), tile.level_index())
}

/// How many levels of the tree a tile holds.
const HEIGHT: u8 = 8;

/// Writes down what it is asked for.
#[derive(Default)]
struct Indexes(RefCell<Vec<u64>>);

impl HashReader for Indexes {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        self.0.borrow_mut().extend_from_slice(indexes);
        Ok(vec![tlog_tiles::Hash::default(); indexes.len()])
    }
}

/// The tiles that a proof is built from, each as long as its name says.
struct Tiles<B> {
    size: u64,
    tiles: BTreeMap<TilePath, B>,
}

impl<B: AsRef<[u8]>> Tiles<B> {
    fn collect(
        size: u64,
        needed: Vec<TilePath>,
        tile: impl Fn(&TilePath) -> Option<B>,
    ) -> Result<Self, BuildError> {
        let read = |path: TilePath| {
            let bytes = tile(&path).ok_or(BuildError::Missing(path))?;
            let fits = bytes.as_ref().len() == usize::from(path.width()) * 32;
            if fits { Ok((path, bytes)) } else { Err(BuildError::Length(path)) }
        };
        Ok(Self { size, tiles: needed.into_iter().map(read).collect::<Result<_, _>>()? })
    }

    fn hash(&self, index: u64) -> Option<tlog_tiles::Hash> {
        let path = tile_of(self.size, index)?;
        let Kind::Hashes(level) = path.kind() else { return None };
        let tile = Tile::new(HEIGHT, level, path.index(), u32::from(path.width().min(FULL)), false);
        tile.hash_at_index(self.tiles.get(&path)?.as_ref(), index).ok()
    }
}

impl<B: AsRef<[u8]>> HashReader for Tiles<B> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        let hashes = indexes.iter().map(|index| self.hash(*index)).collect::<Option<_>>();
        hashes.ok_or(tlog_tiles::Error::InvalidTile)
    }
}
