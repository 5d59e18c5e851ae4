//! Offline verification of a whole log, by nothing but its files, a checkpoint and a key.
//!
//! It goes from the top down: the checkpoint's signature vouches for the root, the root for the tiles at the right edge,
//! each tile for those below it, and the lowest for the entries. What vouches is known to be right before it is used, so
//! that the first thing that does not fit is what is wrong.

mod bundles;
mod edge;
mod fault;
mod strays;

use std::error::Error;
use std::fmt;

use jiff::Timestamp;

pub use fault::{Fault, WrongEntry};

use crate::hash::{hashes_in, root_over};
use crate::note::{Checkpoint, SignedCheckpoint, VerifierKey};
use crate::proof::ConsistencyProof;
use crate::tile::{FULL, Kind, LEVELS, TilePath, nodes};
use crate::{Hash, Origin};

/// Why a source does not answer.
pub type SourceError = Box<dyn Error + Send + Sync>;

/// Where a log's files are.
pub trait TileSource: Sync {
    /// The file of a [`TilePath`], or `None` where there is none.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, SourceError>;

    /// Names every file below `tile/`, in any order. `false` says that this source cannot tell; then nothing can be said
    /// about files that are too many.
    fn each(&self, _found: &mut dyn FnMut(&str)) -> Result<bool, SourceError> {
        Ok(false)
    }
}

/// What else to look at.
#[derive(Default)]
pub struct Options<'a> {
    /// A checkpoint of the same log that was kept: the log must have grown from it.
    pub since: Option<&'a SignedCheckpoint>,
    /// Is told how many entries were verified, now and then, from any thread.
    pub progress: Option<&'a (dyn Fn(u64) + Sync)>,
}

impl fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("since", &self.since).finish_non_exhaustive()
    }
}

/// What was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which log.
    pub origin: Origin,
    /// How many entries, all of them right.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// When the first and the last of them were put into the log.
    pub recorded: Option<(Timestamp, Timestamp)>,
    /// Whether the source named its files, so that there is none too many.
    pub complete: bool,
}

/// Verifies every file of a log.
pub fn verify_log(
    source: &dyn TileSource,
    checkpoint: &SignedCheckpoint,
    key: &VerifierKey,
    options: &Options<'_>,
) -> Result<Report, Fault> {
    let checkpoint = checkpoint.verify(key).map_err(Fault::Checkpoint)?;
    let since = options.since.map(|since| since.verify(key)).transpose().map_err(Fault::Since)?;
    if let Some(since) = &since
        && since.size > checkpoint.size
    {
        return Err(Fault::CutBack { from: since.size, to: checkpoint.size });
    }
    let log = Log { source, size: checkpoint.size };
    let recorded = log.verify(checkpoint.root, options)?;
    if let Some(since) = &since {
        log.grew_from(since, checkpoint.root)?;
    }
    let complete = log.has_no_strays()?;
    let Checkpoint { origin, size, root } = checkpoint;
    Ok(Report { origin, size, root, recorded, complete })
}

/// The files of a log of a known size.
struct Log<'a> {
    source: &'a dyn TileSource,
    size: u64,
}

impl Log<'_> {
    /// From the root down to every entry.
    fn verify(&self, root: Hash, options: &Options<'_>) -> Result<Option<(Timestamp, Timestamp)>, Fault> {
        let edge = self.edge(root)?;
        let mut bundles = bundles::Bundles::new(self, options.progress);
        // All nodes of the third level of tiles, and further up: one hash for each 65,536 entries and more.
        let mut above: Vec<Hash> = Vec::new();
        for level in (2..LEVELS).rev() {
            let mut hashes = Vec::new();
            for (index, expected) in (0..).zip(above) {
                hashes.extend(self.full_tile(level, index, expected)?);
            }
            hashes.extend_from_slice(edge.level(level));
            above = hashes;
        }
        for (index, expected) in (0..).zip(above) {
            let roots = self.full_tile(1, index, expected)?;
            bundles.verify_full(index * u64::from(FULL), &roots)?;
        }
        let full = nodes(self.size, 1);
        bundles.verify_full(full - full % u64::from(FULL), edge.level(1))?;
        bundles.verify_last(edge.level(0))?;
        Ok(bundles.recorded())
    }

    /// A full tile, once it leads to the hash above it.
    fn full_tile(&self, level: u8, index: u64, expected: Hash) -> Result<Vec<Hash>, Fault> {
        let path = self.path(Kind::Hashes(level), index)?;
        let hashes = self.hashes(path)?;
        let is_right = root_over(hashes.iter().copied()) == Some(expected);
        if is_right { Ok(hashes) } else { Err(Fault::Tile { path }) }
    }

    /// The hashes of a tile, as many as its name says.
    fn hashes(&self, path: TilePath) -> Result<Vec<Hash>, Fault> {
        let fits = |hashes: &Vec<Hash>| hashes.len() == usize::from(path.width());
        hashes_in(&self.read(path)?).filter(fits).ok_or(Fault::Length { path })
    }

    fn read(&self, path: TilePath) -> Result<Vec<u8>, Fault> {
        let read = self.source.read(&path.to_string());
        let found = read.map_err(|source| Fault::Source { path: path.to_string(), source })?;
        found.ok_or_else(|| self.missing(path))
    }

    /// Where the log goes on after a file that is not there, only the file is missing; else the log ends there.
    fn missing(&self, path: TilePath) -> Fault {
        let last = TilePath::of_entry(self.size, self.size.saturating_sub(1));
        let is_there =
            |path: TilePath| self.source.read(&path.to_string()).is_ok_and(|bytes| bytes.is_some());
        if last.is_some_and(is_there) {
            return Fault::Missing { path };
        }
        Fault::Cut { path, from: path.first_sequence(), size: self.size }
    }

    fn path(&self, kind: Kind, index: u64) -> Result<TilePath, Fault> {
        // Only places within the size are asked for.
        TilePath::within(self.size, kind, index).ok_or(Fault::TooLarge { size: self.size })
    }

    /// That the log of an earlier checkpoint is the beginning of this one.
    fn grew_from(&self, since: &Checkpoint, root: Hash) -> Result<(), Fault> {
        let mut tiles = Vec::new();
        for path in ConsistencyProof::needs(since.size, self.size) {
            tiles.push((path, self.read(path)?));
        }
        let tile = |path: &TilePath| tiles.iter().find(|(known, _)| known == path).map(|(_, bytes)| bytes);
        let fork = Fault::Fork { size: since.size };
        match ConsistencyProof::build(since.size, self.size, tile) {
            Ok(proof) if proof.verify(since.root, root).is_ok() => Ok(()),
            _ => Err(fork),
        }
    }
}
