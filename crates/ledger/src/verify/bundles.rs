//! Bundles of entries, each with the tile that has the hashes of its leaves.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
#[cfg(feature = "parallel")]
use rayon::prelude::*;

use super::{Fault, Log, WrongEntry};
use crate::entry::Head;
use crate::hash::{leaf_hash, root_over};
use crate::tile::{FULL, Kind, TilePath};
use crate::{Hash, bundle};

/// Verifies bundles in their order, many at once.
pub(super) struct Bundles<'a> {
    log: &'a Log<'a>,
    progress: Option<&'a (dyn Fn(u64) + Sync)>,
    done: AtomicU64,
    recorded: Option<Recorded>,
}

/// When a run of entries was recorded: the first and the last of them.
#[derive(Clone, Copy)]
struct Recorded {
    first: Timestamp,
    last: Timestamp,
}

impl<'a> Bundles<'a> {
    pub(super) fn new(log: &'a Log<'a>, progress: Option<&'a (dyn Fn(u64) + Sync)>) -> Self {
        Self { log, progress, done: AtomicU64::new(0), recorded: None }
    }

    /// When the first and the last entry so far were recorded.
    pub(super) fn recorded(&self) -> Option<(Timestamp, Timestamp)> {
        self.recorded.map(|recorded| (recorded.first, recorded.last))
    }

    /// Full bundles from this one on, by the roots over each.
    pub(super) fn verify_full(&mut self, first: u64, roots: &[Hash]) -> Result<(), Fault> {
        let this = &*self;
        let verify = |(offset, root): (usize, &Hash)| this.full(first + offset as u64, *root);
        #[cfg(feature = "parallel")]
        let verified: Vec<_> = roots.par_iter().enumerate().map(verify).collect();
        #[cfg(not(feature = "parallel"))]
        let verified = roots.iter().enumerate().map(verify);
        let verified = verified.into_iter().collect::<Vec<_>>();
        for (index, recorded) in (first..).zip(verified) {
            self.follow(index, recorded?)?;
        }
        Ok(())
    }

    /// The last bundle, where it is not full, by the hashes of its leaves.
    pub(super) fn verify_last(&mut self, leaves: &[Hash]) -> Result<(), Fault> {
        if leaves.is_empty() {
            return Ok(());
        }
        let index = self.log.size / u64::from(FULL);
        let path = self.log.path(Kind::Entries, index)?;
        let recorded = self.entries(path, &self.log.read(path)?, leaves)?;
        self.follow(index, recorded)
    }

    /// That time does not go back from one bundle to the next.
    fn follow(&mut self, index: u64, next: Recorded) -> Result<(), Fault> {
        let Some(before) = self.recorded.replace(next) else { return Ok(()) };
        if next.first < before.last {
            return Err(wrong(index * u64::from(FULL), WrongEntry::TimeGoesBack));
        }
        self.recorded = Some(Recorded { first: before.first, last: next.last });
        Ok(())
    }

    fn full(&self, index: u64, root: Hash) -> Result<Recorded, Fault> {
        let path = self.log.path(Kind::Entries, index)?;
        let bundle = self.log.read(path);
        match self.log.full_tile(0, index, root) {
            Ok(leaves) => self.entries(path, &bundle?, &leaves),
            Err(fault) => Err(blame(fault, path, &bundle.unwrap_or_default(), root)),
        }
    }

    /// Each entry of a bundle, by the hash of its leaf.
    fn entries(&self, path: TilePath, bundle: &[u8], leaves: &[Hash]) -> Result<Recorded, Fault> {
        let mut entries = bundle::entries(bundle);
        let mut recorded: Option<Recorded> = None;
        let mut next = path.first_sequence();
        for leaf in leaves {
            let sequence = next;
            let entry = entries.next().and_then(Result::ok).ok_or(wrong(sequence, WrongEntry::Cut))?;
            if leaf_hash(entry) != *leaf {
                return Err(wrong(sequence, WrongEntry::Altered));
            }
            let at = well_formed(entry, sequence, recorded.map(|recorded| recorded.last))
                .map_err(|why| wrong(sequence, why))?;
            recorded = Some(Recorded { first: recorded.map_or(at, |recorded| recorded.first), last: at });
            next += 1;
        }
        if entries.next().is_some() {
            return Err(Fault::Leftover { path, last: next.saturating_sub(1) });
        }
        let count = u64::from(path.width());
        let done = self.done.fetch_add(count, Ordering::Relaxed) + count;
        if let Some(progress) = self.progress {
            progress(done);
        }
        recorded.ok_or(Fault::Length { path })
    }
}

/// What the key signed must also be what a log is made of.
fn well_formed(entry: &[u8], sequence: u64, before: Option<Timestamp>) -> Result<Timestamp, WrongEntry> {
    let head = Head::read(entry).map_err(WrongEntry::Malformed)?;
    if head.sequence != sequence {
        return Err(WrongEntry::Sequence(head.sequence));
    }
    if before.is_some_and(|before| head.recorded_at < before) {
        return Err(WrongEntry::TimeGoesBack);
    }
    Ok(head.recorded_at)
}

/// A tile holds other hashes than the log: then the entries may be right, or wrong as well.
fn blame(fault: Fault, path: TilePath, bundle: &[u8], root: Hash) -> Fault {
    let Fault::Tile { path: tile } = fault else { return fault };
    let found = bundle::decode(bundle).ok().and_then(|entries| root_over(entries.into_iter().map(leaf_hash)));
    if found == Some(root) {
        return fault;
    }
    let from = path.first_sequence();
    Fault::Entries { path: tile, from, to: from + u64::from(path.width()) - 1 }
}

fn wrong(sequence: u64, why: WrongEntry) -> Fault {
    Fault::Entry { sequence, why }
}
