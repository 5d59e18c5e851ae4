//! The names of a log's files (c2sp.org/tlog-tiles): tiles of hashes, and bundles of the entries themselves.

use std::fmt;
use std::iter;
use std::str::FromStr;

use thiserror::Error;

use crate::SIZE_LIMIT;

/// How many hashes a full tile has, and how many entries a full bundle: the tree is cut every eight levels.
pub const FULL: u16 = 256;

/// The name of one file. Within a log it stands for the same bytes forever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TilePath {
    kind: Kind,
    index: u64,
    width: u16,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Entries.
    Entries,
    /// Hashes of this level: 0 has those of the leaves, each further one the roots of the full tiles below.
    Hashes(u8),
}

/// The text is no name of a file of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not the path of a tile")]
pub struct InvalidTilePath;

impl TilePath {
    /// A file by its coordinates; `None` where there can be none by them.
    pub fn new(kind: Kind, index: u64, width: u16) -> Option<Self> {
        let is_level = match kind {
            Kind::Entries => true,
            Kind::Hashes(level) => level < 64,
        };
        let fits = is_level && (1..=FULL).contains(&width) && index <= SIZE_LIMIT / u64::from(FULL);
        fits.then_some(Self { kind, index, width })
    }

    /// What it holds.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its place among those of its kind.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes or entries it holds, from 1 to 256.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether it will never be replaced by a wider one.
    pub fn is_full(&self) -> bool {
        self.width == FULL
    }

    /// The bundles of a log of this size, from left to right. The last one is as wide as the log reaches.
    pub fn of_entries(size: u64) -> impl Iterator<Item = Self> {
        row(Kind::Entries, size)
    }

    /// The hash tiles of a log of this size, level by level from the leaves on.
    pub fn of_hashes(size: u64) -> impl Iterator<Item = Self> {
        (0..LEVELS)
            .map(move |level| (level, nodes(size, level)))
            .take_while(|(_, nodes)| *nodes > 0)
            .flat_map(|(level, nodes)| row(Kind::Hashes(level), nodes))
    }

    /// The file with this place of its kind, as wide as it is in a log of this size. `None` where the log ends before.
    pub fn within(size: u64, kind: Kind, index: u64) -> Option<Self> {
        let nodes = match kind {
            Kind::Entries => size,
            Kind::Hashes(level) => nodes(size, level),
        };
        let before = index.checked_mul(u64::from(FULL))?;
        let width = nodes.checked_sub(before)?.min(u64::from(FULL));
        Self::new(kind, index, u16::try_from(width).ok()?)
    }

    /// The bundle that holds an entry, in a log of this size.
    pub fn of_entry(size: u64, sequence: u64) -> Option<Self> {
        (sequence < size).then(|| Self::within(size, Kind::Entries, sequence / u64::from(FULL))).flatten()
    }

    /// The first entry that it holds, or that lies below its first hash.
    pub fn first_sequence(&self) -> u64 {
        let level = match self.kind {
            Kind::Entries => 0,
            Kind::Hashes(level) => u32::from(level),
        };
        self.index.checked_shl(8 * (level + 1)).unwrap_or(SIZE_LIMIT)
    }
}

/// How many levels of tiles a log of any size has at most: 2^53 entries fill six of eight levels each, and a part.
pub(crate) const LEVELS: u8 = 7;

/// How many nodes the tree has at a tile's level that will not change any more.
pub(crate) fn nodes(size: u64, level: u8) -> u64 {
    size.checked_shr(8 * u32::from(level)).unwrap_or(0)
}

/// Full tiles over `nodes`, and a partial one where some remain.
fn row(kind: Kind, nodes: u64) -> impl Iterator<Item = TilePath> {
    let full = (0..nodes / u64::from(FULL)).map(move |index| TilePath { kind, index, width: FULL });
    let width = u16::try_from(nodes % u64::from(FULL)).unwrap_or(0);
    let partial = TilePath { kind, index: nodes / u64::from(FULL), width };
    full.chain(iter::once(partial).filter(|partial| partial.width > 0))
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Entries => f.write_str("tile/entries/")?,
            Kind::Hashes(level) => write!(f, "tile/{level}/")?,
        }
        index(self.index, f)?;
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

/// Three digits a segment, all but the last marked with an x, so that no directory grows beyond a thousand names.
fn index(index: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (mut thousands, last) = (index / 1000, index % 1000);
    let mut before = Vec::new();
    while thousands > 0 {
        before.push(thousands % 1000);
        thousands /= 1000;
    }
    before.iter().rev().try_for_each(|segment| write!(f, "x{segment:03}/"))?;
    write!(f, "{last:03}")
}

impl FromStr for TilePath {
    type Err = InvalidTilePath;

    fn from_str(text: &str) -> Result<Self, InvalidTilePath> {
        // Reading is lenient, and what was read must be written exactly so.
        read(text).filter(|path| path.to_string() == text).ok_or(InvalidTilePath)
    }
}

fn read(text: &str) -> Option<TilePath> {
    let (kind, rest) = text.strip_prefix("tile/")?.split_once('/')?;
    let kind = match kind {
        "entries" => Kind::Entries,
        level => Kind::Hashes(level.parse().ok()?),
    };
    let (index, width) = match rest.split_once(".p/") {
        Some((index, width)) => (index, width.parse().ok().filter(|width| *width < FULL)?),
        None => (rest, FULL),
    };
    let index = index.split('/').try_fold(0_u64, |sum, segment| {
        let digits: u64 = segment.trim_start_matches('x').parse().ok()?;
        sum.checked_mul(1000)?.checked_add(digits)
    });
    TilePath::new(kind, index?, width)
}
