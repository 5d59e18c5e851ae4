//! A copy of a log, as an auditor has it.

// What is broken ends the test that looks at it.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::error::Error;

use deputize_broker::ports::StoreError;
use deputize_broker::ports::ledger::{LogObjects, ObjectPath};
use deputize_ledger::{
    Entry, Options, Report, SignedCheckpoint, TilePath, TileSource, VerifierKey, bundle, verify_log,
};
use deputize_scope::TenantId;
use futures_util::future::try_join_all;

/// The files of a year's log.
#[derive(Clone, Debug)]
pub struct LogCopy {
    /// The checkpoint that was published last.
    pub checkpoint: SignedCheckpoint,
    files: BTreeMap<String, Vec<u8>>,
}

impl LogCopy {
    /// Copies a log; none where it was never published. What is missing is missing in the copy.
    ///
    /// # Errors
    /// [`StoreError`] where the files cannot be read.
    ///
    /// # Panics
    /// Where the checkpoint is none.
    pub async fn of(
        objects: &dyn LogObjects,
        tenant: &TenantId,
        year: i16,
    ) -> Result<Option<Self>, StoreError> {
        let get = async |name: String| {
            let path = ObjectPath::parse(&format!("{tenant}/{year}/{name}")).unwrap();
            Ok::<_, StoreError>(objects.get(&path).await?.map(|bytes| (name, bytes)))
        };
        let Some((_, checkpoint)) = get("checkpoint".to_owned()).await? else { return Ok(None) };
        let checkpoint: SignedCheckpoint = String::from_utf8(checkpoint).unwrap().parse().unwrap();
        let size = checkpoint.unverified().size;
        let names = TilePath::of_entries(size).chain(TilePath::of_hashes(size)).map(|tile| tile.to_string());
        let files = try_join_all(names.map(get)).await?.into_iter().flatten().collect();
        Ok(Some(Self { checkpoint, files }))
    }

    /// Verifies all of it, as an auditor does.
    ///
    /// # Panics
    /// Where it does not hold.
    pub fn verified(&self, key: &VerifierKey) -> Report {
        verify_log(self, &self.checkpoint, key, &Options::default()).unwrap()
    }

    /// Its entries.
    ///
    /// # Panics
    /// Where they cannot be read.
    pub fn entries(&self) -> Vec<Entry> {
        let read = |tile: TilePath| {
            let bytes = self.files.get(&tile.to_string()).unwrap();
            let entries = bundle::decode(bytes).unwrap().into_iter();
            entries.map(|entry| Entry::from_bytes(entry).unwrap()).collect::<Vec<_>>()
        };
        TilePath::of_entries(self.checkpoint.unverified().size).flat_map(read).collect()
    }
}

impl TileSource for LogCopy {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Box<dyn Error + Send + Sync>> {
        Ok(self.files.get(path).cloned())
    }
}
