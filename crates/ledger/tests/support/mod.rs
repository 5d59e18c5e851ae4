//! Logs to verify, written as the audit function writes them, in memory.
#![allow(dead_code, reason = "each test program uses what it needs")]

use std::collections::BTreeMap;

use deputize_ledger::tile::{FULL, Kind};
use deputize_ledger::verify::{SourceError, TileSource};
use deputize_ledger::{
    Checkpoint, Edge, Entry, Origin, SignedCheckpoint, TilePath, VerifierKey, bundle, leaf_hash,
};
use ed25519_dalek::{Signer, SigningKey};
use jiff::Timestamp;
use serde_json::json;

/// A log with all its files and its key.
#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) entries: Vec<Vec<u8>>,
    edge: Edge,
    name: &'static str,
}

impl TileSource for Log {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, SourceError> {
        Ok(self.files.get(path).cloned())
    }

    fn each(&self, found: &mut dyn FnMut(&str)) -> Result<bool, SourceError> {
        self.files.keys().for_each(|path| found(path));
        Ok(true)
    }
}

impl Log {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { files: BTreeMap::new(), entries: Vec::new(), edge: Edge::default(), name }
    }

    /// A log that was grown in these steps.
    pub(crate) fn grown(name: &'static str, steps: &[u64]) -> Self {
        let mut log = Self::new(name);
        steps.iter().for_each(|step| log.grow(*step, ""));
        log
    }

    pub(crate) fn size(&self) -> u64 {
        self.edge.size()
    }

    /// Appends entries. What they say depends on their number and on `told`.
    pub(crate) fn grow(&mut self, count: u64, told: &str) {
        let from = self.size();
        self.append((from..from + count).map(|sequence| entry(sequence, told)).collect());
    }

    /// Appends these bytes, whatever they are.
    pub(crate) fn append(&mut self, entries: Vec<Vec<u8>>) {
        let first = self.size() / u64::from(FULL);
        let tiles = self.edge.append(entries.iter().map(|entry| leaf_hash(entry)));
        self.entries.extend(entries);
        self.files.extend(tiles.into_iter().map(|tile| (tile.path.to_string(), tile.bytes)));
        for path in TilePath::of_entries(self.size()).skip(first as usize) {
            let from = path.first_sequence() as usize;
            let bundle = bundle::encode(&self.entries[from..from + usize::from(path.width())]).unwrap();
            self.files.insert(path.to_string(), bundle);
        }
    }

    /// Removes the partial tiles and bundles that wider ones have come after.
    pub(crate) fn tidy(&mut self) {
        let size = self.size();
        self.files.retain(|path, _| {
            let path: TilePath = path.parse().unwrap();
            TilePath::within(size, path.kind(), path.index()) == Some(path)
        });
    }

    pub(crate) fn checkpoint(&self) -> SignedCheckpoint {
        let checkpoint =
            Checkpoint { origin: self.key().name().clone(), size: self.size(), root: self.edge.root() };
        let signature = signing_key().sign(checkpoint.message().as_bytes()).to_bytes();
        SignedCheckpoint::sign_with(checkpoint, &self.key(), signature).unwrap()
    }

    pub(crate) fn key(&self) -> VerifierKey {
        let origin = Origin::of("ledger.example.com", self.name, 2026).unwrap();
        VerifierKey::new(origin, signing_key().verifying_key().as_bytes()).unwrap()
    }

    /// The bundle with this entry in it.
    pub(crate) fn bundle_of(&self, sequence: u64) -> String {
        TilePath::of_entry(self.size(), sequence).unwrap().to_string()
    }

    /// The tile with the hash of this entry's leaf in it.
    pub(crate) fn tile_of(&self, sequence: u64) -> String {
        TilePath::within(self.size(), Kind::Hashes(0), sequence / u64::from(FULL)).unwrap().to_string()
    }
}

/// The private half of every log here.
pub(crate) fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// An entry's bytes.
pub(crate) fn entry(sequence: u64, told: &str) -> Vec<u8> {
    let recorded_at = Timestamp::from_millisecond(1_764_000_000_000 + sequence as i64 * 137).unwrap();
    let event =
        json!({"event": "credential_issued", "agent": format!("agent-{}", sequence % 13), "told": told});
    Entry { sequence, recorded_at, event, personal: None }.to_bytes().unwrap()
}
