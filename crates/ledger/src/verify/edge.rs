//! The tiles of the right edge: the root vouches for all of them together.

use super::{Fault, Log};
use crate::Hash;
use crate::bundle;
use crate::edge::Edge;
use crate::hash::{leaf_hash, root_over};
use crate::tile::{FULL, Kind, LEVELS, TilePath, nodes};

impl Log<'_> {
    /// The tiles of the right edge, once they lead to the root.
    ///
    /// Where they do not, any one of them may be wrong. What it should be follows from what lies below it: the tile in
    /// whose place that leads to the root is the wrong one.
    pub(super) fn edge(&self, root: Hash) -> Result<Edge, Fault> {
        let mut stored = Vec::new();
        for level in 0..LEVELS {
            let path = self.last(level);
            stored.push(path.map_or(Ok(Vec::new()), |path| self.hashes(path))?);
        }
        let edge = self.assembled(stored.clone())?;
        if edge.root() == root {
            return Ok(edge);
        }
        let partial: Vec<TilePath> = (0..LEVELS).filter_map(|level| self.last(level)).collect();
        for replaced in 1..1_u32 << partial.len() {
            let is_replaced = |place: usize| replaced & (1 << place) != 0;
            let mut levels = stored.clone();
            let mut wrong = partial.iter().enumerate().filter(|(place, _)| is_replaced(*place));
            let all_known = wrong.clone().all(|(_, path)| self.replace(&mut levels, path).is_some());
            if all_known && self.assembled(levels)?.root() == root {
                return wrong.next().map_or(Err(Fault::Root), |(_, path)| Err(Fault::Tile { path: *path }));
            }
        }
        Err(Fault::Root)
    }

    /// The last tile of a level, where it is not full.
    fn last(&self, level: u8) -> Option<TilePath> {
        TilePath::within(self.size, Kind::Hashes(level), nodes(self.size, level) / u64::from(FULL))
    }

    fn assembled(&self, levels: Vec<Vec<Hash>>) -> Result<Edge, Fault> {
        Edge::new(self.size, levels).map_err(|_| Fault::TooLarge { size: self.size })
    }

    /// Puts in a tile's place what follows from below it.
    fn replace(&self, levels: &mut [Vec<Hash>], path: &TilePath) -> Option<()> {
        let Kind::Hashes(level) = path.kind() else { return None };
        let hashes = self.known_from_below(level, path)?;
        let is_as_wide = hashes.len() == usize::from(path.width());
        *levels.get_mut(usize::from(level))? = hashes;
        is_as_wide.then_some(())
    }

    fn known_from_below(&self, level: u8, path: &TilePath) -> Option<Vec<Hash>> {
        let Some(below) = level.checked_sub(1) else {
            let bundle = self.read(self.path(Kind::Entries, path.index()).ok()?).ok()?;
            return Some(bundle::decode(&bundle).ok()?.into_iter().map(leaf_hash).collect());
        };
        let first = path.index() * u64::from(FULL);
        let root = |index: u64| root_over(self.hashes(self.path(Kind::Hashes(below), index).ok()?).ok()?);
        (first..first + u64::from(path.width())).map(root).collect()
    }
}
