//! The right edge of a tree: all that has to be remembered to grow it.

use std::mem;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::hash::root_over;
use crate::tile::{FULL, Kind, LEVELS, TilePath, nodes};
use crate::{Hash, SIZE_LIMIT};

/// How large a log is, and the hashes of the tile that is not full yet at each level.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Edge {
    size: u64,
    /// From the leaves up: those of the last tile of each level, fewer than a full one has.
    levels: Vec<Vec<Hash>>,
}

/// A tile of hashes to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashTile {
    /// Its name.
    pub path: TilePath,
    /// Its hashes, one after the other.
    pub bytes: Vec<u8>,
}

/// The hashes do not belong to a log of this size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not the edge of a log of {size} entries")]
pub struct InvalidEdge {
    /// The size.
    pub size: u64,
}

impl Edge {
    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree (RFC 6962, section 2.1).
    pub fn root(&self) -> Hash {
        let over = |right: Option<Hash>, level: &Vec<Hash>| root_over(level.iter().copied().chain(right));
        self.levels.iter().fold(None, over).unwrap_or(Hash::EMPTY_TREE)
    }

    /// Appends leaves by their hashes. What is returned has to be stored before the new root is told to anybody: every
    /// tile that became full, and then those of the new edge that differ from the old one's, as wide as they are now.
    pub fn append(&mut self, leaves: impl IntoIterator<Item = Hash>) -> Vec<HashTile> {
        let before = self.size;
        let mut tiles = Vec::new();
        for leaf in leaves {
            self.push(leaf, &mut tiles);
        }
        let size = self.size;
        let grown = (0..).zip(&self.levels).filter(|(level, _)| nodes(before, *level) != nodes(size, *level));
        tiles.extend(grown.filter_map(|(level, hashes)| HashTile::new(size, level, hashes)));
        tiles
    }

    fn push(&mut self, leaf: Hash, tiles: &mut Vec<HashTile>) {
        self.size += 1;
        let mut hash = leaf;
        for level in 0..LEVELS {
            if self.levels.len() <= usize::from(level) {
                self.levels.push(Vec::new());
            }
            let Some(hashes) = self.levels.get_mut(usize::from(level)) else { return };
            hashes.push(hash);
            if hashes.len() < usize::from(FULL) {
                return;
            }
            let full = mem::take(hashes);
            // It is the last full one of its level.
            let index = (nodes(self.size, level) / u64::from(FULL)).saturating_sub(1);
            tiles.extend(
                TilePath::new(Kind::Hashes(level), index, FULL)
                    .map(|path| HashTile { path, bytes: bytes(&full) }),
            );
            let Some(root) = root_over(full) else { return };
            hash = root;
        }
    }

    /// The hashes of the tile that is not full yet, at a level: 0 has those of the last leaves.
    pub fn level(&self, level: u8) -> &[Hash] {
        self.levels.get(usize::from(level)).map_or(&[], Vec::as_slice)
    }

    /// An edge from the last tiles of a log.
    pub(crate) fn new(size: u64, mut levels: Vec<Vec<Hash>>) -> Result<Self, InvalidEdge> {
        let fits = |(level, hashes): (u8, &Vec<Hash>)| {
            u64::try_from(hashes.len()).is_ok_and(|width| width == nodes(size, level) % u64::from(FULL))
        };
        let needed = (0..LEVELS).take_while(|level| nodes(size, *level) > 0).count();
        while levels.len() > needed && levels.last().is_some_and(Vec::is_empty) {
            levels.pop();
        }
        let is_edge = size <= SIZE_LIMIT && levels.len() == needed && (0..).zip(&levels).all(fits);
        if is_edge { Ok(Self { size, levels }) } else { Err(InvalidEdge { size }) }
    }
}

impl HashTile {
    /// The last tile of a level, where it is not full.
    fn new(size: u64, level: u8, hashes: &[Hash]) -> Option<Self> {
        let path = TilePath::within(size, Kind::Hashes(level), nodes(size, level) / u64::from(FULL))?;
        Some(Self { path, bytes: bytes(hashes) })
    }
}

fn bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(Hash::as_bytes).copied().collect()
}

/// How an edge is written.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    size: u64,
    levels: Vec<Vec<Hash>>,
}

impl From<Edge> for Stored {
    fn from(Edge { size, levels }: Edge) -> Self {
        Self { size, levels }
    }
}

impl TryFrom<Stored> for Edge {
    type Error = InvalidEdge;

    fn try_from(stored: Stored) -> Result<Self, InvalidEdge> {
        Self::new(stored.size, stored.levels)
    }
}
