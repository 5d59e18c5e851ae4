//! Where a log's files are: as C2SP tlog-tiles has them (c2sp.org/tlog-tiles), below the tenant and the year.

use std::sync::Arc;

use deputize_ledger::tile::{FULL, Kind};
use deputize_ledger::{Entry, Hash, SignedCheckpoint, TilePath, bundle, leaf_hash};
use deputize_scope::TenantId;

use super::LedgerError;
use crate::ports::StoreError;
use crate::ports::ledger::{LogObjects, ObjectPath};

/// The files of a tenant's logs.
#[derive(Clone)]
pub(super) struct Files {
    tenant: TenantId,
    objects: Arc<dyn LogObjects>,
}

impl Files {
    pub(super) fn new(tenant: TenantId, objects: Arc<dyn LogObjects>) -> Self {
        Self { tenant, objects }
    }

    pub(super) fn objects(&self) -> &dyn LogObjects {
        &*self.objects
    }

    /// A file of the tenant's that is of no one log.
    pub(super) fn beside(&self, rest: &str) -> Result<ObjectPath, LedgerError> {
        ObjectPath::parse(&format!("{}/{rest}", self.tenant)).map_err(LedgerError::from)
    }

    /// A file of a log.
    pub(super) fn of(&self, year: i16, rest: &str) -> Result<ObjectPath, LedgerError> {
        self.beside(&format!("{year}/{rest}"))
    }

    pub(super) fn tile(&self, year: i16, tile: &TilePath) -> Result<ObjectPath, LedgerError> {
        self.of(year, &tile.to_string())
    }

    /// The checkpoint that was published last: all that it says is in its place.
    pub(super) async fn checkpoint(&self, year: i16) -> Result<Option<SignedCheckpoint>, LedgerError> {
        let path = self.of(year, "checkpoint")?;
        let Some(bytes) = self.objects.get(&path).await? else { return Ok(None) };
        let note = String::from_utf8(bytes).ok().and_then(|text| text.parse().ok());
        note.map(Some).ok_or_else(|| broken(&path, "is no signed checkpoint").into())
    }

    /// The bytes of a tile of a log of `size` entries, also of one narrower than those that are kept.
    pub(super) async fn tile_of(
        &self,
        year: i16,
        tile: &TilePath,
        size: u64,
    ) -> Result<Option<Vec<u8>>, LedgerError> {
        let kept = TilePath::within(size, tile.kind(), tile.index());
        let Some(kept) = kept.filter(|kept| kept.width() >= tile.width()) else { return Ok(None) };
        let path = self.tile(year, &kept)?;
        let bytes = match self.objects.get(&path).await? {
            // Between the checkpoint that was read and this, the tile has grown.
            None if !kept.is_full() => self.grown(year, &kept).await?,
            bytes => bytes,
        };
        let Some(bytes) = bytes else { return Ok(None) };
        let narrow = narrow(tile, &bytes);
        narrow.map(Some).ok_or_else(|| broken(&path, "is cut").into())
    }

    async fn grown(&self, year: i16, tile: &TilePath) -> Result<Option<Vec<u8>>, LedgerError> {
        let Some(now) = self.checkpoint(year).await? else { return Ok(None) };
        match TilePath::within(now.unverified().size, tile.kind(), tile.index()) {
            Some(wider) => Ok(self.objects.get(&self.tile(year, &wider)?).await?),
            None => Ok(None),
        }
    }

    /// The entries of one bundle of a log of `size` entries, as bytes; none where there is no such bundle.
    pub(super) async fn bundle(&self, year: i16, index: u64, size: u64) -> Result<Vec<Vec<u8>>, LedgerError> {
        let Some(tile) = TilePath::within(size, Kind::Entries, index) else { return Ok(Vec::new()) };
        let path = self.tile(year, &tile)?;
        let bytes = self.tile_of(year, &tile, size).await?.ok_or_else(|| broken(&path, "is missing"))?;
        let entries = bundle::decode(&bytes).map_err(|error| broken(&path, &error.to_string()))?;
        Ok(entries.into_iter().map(<[u8]>::to_vec).collect())
    }

    /// One entry of a log of `size` entries.
    pub(super) async fn entry(
        &self,
        year: i16,
        sequence: u64,
        size: u64,
    ) -> Result<Option<Vec<u8>>, LedgerError> {
        if sequence >= size {
            return Ok(None);
        }
        let width = u64::from(FULL);
        let bundle = self.bundle(year, sequence / width, size).await?;
        Ok(usize::try_from(sequence % width).ok().and_then(|place| bundle.into_iter().nth(place)))
    }
}

/// A file that is not what it has to be.
pub(super) fn broken(path: &ObjectPath, problem: &str) -> StoreError {
    StoreError::Inconsistent { key: path.to_string(), attribute: "bytes", problem: problem.to_owned() }
}

/// The hashes of entries.
pub(super) fn leaves(entries: &[Vec<u8>]) -> Vec<Hash> {
    entries.iter().map(|entry| leaf_hash(entry)).collect()
}

/// An entry, read.
pub(super) fn read(path: &ObjectPath, bytes: &[u8]) -> Result<Entry, StoreError> {
    Entry::from_bytes(bytes).map_err(|error| broken(path, &error.to_string()))
}

/// What a tile holds, of one that is as wide or wider.
fn narrow(tile: &TilePath, bytes: &[u8]) -> Option<Vec<u8>> {
    let width = usize::from(tile.width());
    match tile.kind() {
        Kind::Hashes(_) => bytes.get(..32 * width).map(<[u8]>::to_vec),
        Kind::Entries => {
            let entries = bundle::decode(bytes).ok()?;
            bundle::encode(entries.get(..width)?).ok()
        }
    }
}

/// The files of a log of `size` entries that are not full yet.
pub(super) fn partial(size: u64) -> impl Iterator<Item = TilePath> {
    let last = move |(level, kind)| {
        let nodes = size.checked_shr(8 * level).unwrap_or(0);
        TilePath::within(size, kind, nodes / u64::from(FULL)).filter(|tile| !tile.is_full())
    };
    let hashes = (0_u8..8).map(|level| (u32::from(level), Kind::Hashes(level)));
    std::iter::once((0, Kind::Entries)).chain(hashes).filter_map(last)
}
