//! Reading a log that is not believed: each bundle is held against the root before anything in it is looked at.

use std::cell::RefCell;
use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use deputize_ledger::tile::{FULL, Kind};
use deputize_ledger::{
    Checkpoint, ConsistencyProof, Entry, InclusionProof, TilePath, TileSource, bundle, leaf_hash,
};

/// A log by a checkpoint whose signature was verified.
pub(super) struct Verified<'a> {
    files: &'a dyn TileSource,
    checkpoint: Checkpoint,
    /// Tiles above the leaves, which neighbouring bundles share.
    tiles: RefCell<BTreeMap<TilePath, Vec<u8>>>,
}

/// A bundle whose entries are those of the log.
pub(super) struct Bundle<'a> {
    log: &'a Verified<'a>,
    path: TilePath,
    /// The hashes of its leaves, one after the other.
    leaves: Vec<u8>,
    /// The entries' bytes.
    pub(super) entries: Vec<Vec<u8>>,
}

impl<'a> Verified<'a> {
    pub(super) fn new(files: &'a dyn TileSource, checkpoint: Checkpoint) -> Self {
        Self { files, checkpoint, tiles: RefCell::default() }
    }

    /// How many bundles it has.
    pub(super) fn bundles(&self) -> u64 {
        self.checkpoint.size.div_ceil(u64::from(FULL))
    }

    /// A bundle. A proof of its first entry is put together from all of its leaves, and so of all of its entries.
    pub(super) fn bundle(&self, index: u64) -> anyhow::Result<Bundle<'_>> {
        let Checkpoint { origin, size, .. } = &self.checkpoint;
        let path = TilePath::within(*size, Kind::Entries, index);
        let path = path.with_context(|| format!("{origin} has no bundle {index}"))?;
        let bytes = self.fetch(&path)?;
        let entries = bundle::decode(&bytes).with_context(|| path.to_string())?;
        let entries: Vec<Vec<u8>> = entries.into_iter().map(<[u8]>::to_vec).collect();
        if entries.len() != usize::from(path.width()) {
            bail!("{path} has another length than its name says");
        }
        let leaves = entries.iter().flat_map(|entry| *leaf_hash(entry).as_bytes()).collect();
        let bundle = Bundle { log: self, path, leaves, entries };
        let first = path.first_sequence();
        let last = first + u64::from(path.width()) - 1;
        let wrong = || format!("the entries from {first} to {last} are not those of {origin}");
        bundle.proof(first).with_context(wrong)?;
        Ok(bundle)
    }

    /// One entry.
    pub(super) fn entry(&self, sequence: u64) -> anyhow::Result<Entry> {
        let width = u64::from(FULL);
        let bundle = self.bundle(sequence / width)?;
        let bytes = usize::try_from(sequence % width).ok().and_then(|place| bundle.entries.get(place));
        let bytes = bytes.with_context(|| format!("there is no entry {sequence}"))?;
        Entry::from_bytes(bytes).with_context(|| format!("entry {sequence}"))
    }

    /// That it began as the log of an earlier checkpoint, whose signature was verified too.
    pub(super) fn grew_from(&self, earlier: &Checkpoint) -> anyhow::Result<()> {
        let Checkpoint { size, root, .. } = &self.checkpoint;
        let needed = ConsistencyProof::needs(earlier.size, *size);
        let tiles: BTreeMap<TilePath, Vec<u8>> =
            needed.into_iter().map(|path| Ok((path, self.fetch(&path)?))).collect::<anyhow::Result<_>>()?;
        let proof = ConsistencyProof::build(earlier.size, *size, |path| tiles.get(path))?;
        Ok(proof.verify(earlier.root, *root)?)
    }

    fn fetch(&self, path: &TilePath) -> anyhow::Result<Vec<u8>> {
        let read = self.files.read(&path.to_string()).map_err(anyhow::Error::from_boxed);
        read.with_context(|| format!("cannot read {path}"))?.with_context(|| format!("{path} is missing"))
    }

    fn shared(&self, path: &TilePath) -> anyhow::Result<Vec<u8>> {
        if let Some(bytes) = self.tiles.borrow().get(path) {
            return Ok(bytes.clone());
        }
        let bytes = self.fetch(path)?;
        self.tiles.borrow_mut().insert(*path, bytes.clone());
        Ok(bytes)
    }
}

impl Bundle<'_> {
    /// The place of its first entry in the log.
    pub(super) fn first_sequence(&self) -> u64 {
        self.path.first_sequence()
    }

    /// What proves that the log holds one of its entries; verified.
    pub(super) fn proof(&self, sequence: u64) -> anyhow::Result<InclusionProof> {
        let Checkpoint { size, root, .. } = &self.log.checkpoint;
        let mut tiles = BTreeMap::new();
        for path in InclusionProof::needs(sequence, *size) {
            let is_its_own = path.kind() == Kind::Hashes(0) && path.index() == self.path.index();
            // Its own leaves are not taken from anybody: they are what is to be proved.
            tiles.insert(path, if is_its_own { self.leaves.clone() } else { self.log.shared(&path)? });
        }
        let proof = InclusionProof::build(sequence, *size, |path| tiles.get(path))?;
        let place = usize::try_from(sequence - self.first_sequence()).unwrap_or(usize::MAX);
        let entry = self.entries.get(place).with_context(|| format!("there is no entry {sequence}"))?;
        proof.verify(leaf_hash(entry), *root)?;
        Ok(proof)
    }
}
