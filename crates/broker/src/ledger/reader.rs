//! Reading the ledger: files as they are, entries by name and by what they tell of, proofs.

use std::collections::BTreeMap;

use deputize_ledger::tile::FULL;
use deputize_ledger::{
    Commitment, Entry, Hash, InclusionProof, Origin, SignedCheckpoint, TilePath, VerifierKey, leaf_hash,
};
use jiff::Timestamp;
use serde_json::Value;

use super::files::{Files, read};
use super::subjects::{self, Disclosed};
use super::{LedgerError, LedgerPorts, LedgerSettings};
use crate::audit::EventId;

/// How many entries one search looks at, at most: about as much as an answer may take.
const LOOKED_AT: u64 = 4_096;

/// Reads a tenant's ledger.
#[derive(Clone)]
pub struct LedgerReader {
    pub(super) settings: LedgerSettings,
    pub(super) ports: LedgerPorts,
    pub(super) files: Files,
}

impl std::fmt::Debug for LedgerReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LedgerReader").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Which entries are wanted. What is not said does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// The kinds of events; none for all.
    pub kinds: Vec<String>,
    /// The agent that they tell of.
    pub agent: Option<String>,
    /// The lease.
    pub lease: Option<String>,
    /// The stored credential.
    pub credential: Option<String>,
    /// Those that happened at this time or later.
    pub from: Option<Timestamp>,
    /// Those that happened before.
    pub to: Option<Timestamp>,
}

/// Entries, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntryPage {
    /// The entries.
    pub entries: Vec<FoundEntry>,
    /// The place before which to go on; none at the beginning of the log.
    pub next: Option<u64>,
}

/// An entry, with what is kept outside of it.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundEntry {
    /// The year of its log.
    pub year: i16,
    /// The bytes that the tree holds the hash of.
    pub bytes: Vec<u8>,
    /// The same, read.
    pub entry: Entry,
    /// What of it may be about a person; none where there is nothing, or where it was erased.
    pub personal: Option<Disclosed>,
}

/// An entry, and what proves that the log holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Proven {
    /// The entry.
    pub found: FoundEntry,
    /// Its way to the root.
    pub proof: InclusionProof,
    /// The checkpoint that the way leads to.
    pub checkpoint: SignedCheckpoint,
    /// The key that has signed it, as the signer tells it: an auditor has it from somewhere else.
    pub key: VerifierKey,
}

impl LedgerReader {
    /// A reader of a tenant's ledger.
    pub fn new(settings: LedgerSettings, ports: LedgerPorts) -> Self {
        let files = Files::new(settings.tenant.clone(), ports.objects.clone());
        Self { settings, ports, files }
    }

    /// The year of the current log; none where nothing was ever recorded.
    pub async fn current(&self) -> Result<Option<i16>, LedgerError> {
        Ok(self.ports.heads.head(&self.settings.tenant).await?.map(|head| head.year))
    }

    /// The name of a year's log.
    pub fn origin(&self, year: i16) -> Result<Origin, LedgerError> {
        self.settings.origin(year)
    }

    /// The key that signs a year's log.
    pub async fn key(&self, year: i16) -> Result<VerifierKey, LedgerError> {
        self.ports.log_key(&self.settings.origin(year)?).await
    }

    /// The checkpoint of a year's log.
    pub async fn checkpoint(&self, year: i16) -> Result<Option<SignedCheckpoint>, LedgerError> {
        self.files.checkpoint(year).await
    }

    /// A tile or a bundle of a year's log, full or as wide as is asked for; none where the log is shorter.
    pub async fn tile(&self, year: i16, tile: &TilePath) -> Result<Option<Vec<u8>>, LedgerError> {
        let Some(checkpoint) = self.files.checkpoint(year).await? else { return Ok(None) };
        self.files.tile_of(year, tile, checkpoint.unverified().size).await
    }

    /// The entry of an event; none while it waits to be taken in.
    pub async fn entry(&self, id: EventId) -> Result<Option<FoundEntry>, LedgerError> {
        let Some(indexed) = self.ports.index.find(&self.settings.tenant, &id.to_string()).await? else {
            return Ok(None);
        };
        let Some(checkpoint) = self.files.checkpoint(indexed.year).await? else { return Ok(None) };
        let size = checkpoint.unverified().size;
        match self.files.entry(indexed.year, indexed.sequence, size).await? {
            Some(bytes) => self.found(indexed.year, bytes).await.map(Some),
            None => Ok(None),
        }
    }

    /// The entry of an event, with what proves that the log holds it.
    pub async fn prove(&self, id: EventId) -> Result<Option<Proven>, LedgerError> {
        let Some(indexed) = self.ports.index.find(&self.settings.tenant, &id.to_string()).await? else {
            return Ok(None);
        };
        let (year, sequence) = (indexed.year, indexed.sequence);
        let Some(checkpoint) = self.files.checkpoint(year).await? else { return Ok(None) };
        let size = checkpoint.unverified().size;
        let Some(bytes) = self.files.entry(year, sequence, size).await? else { return Ok(None) };
        let proof = self.proof(year, sequence, size).await?;
        let found = self.found(year, bytes).await?;
        let key = self.key(year).await?;
        Ok(Some(Proven { found, proof, checkpoint, key }))
    }

    async fn proof(&self, year: i16, sequence: u64, size: u64) -> Result<InclusionProof, LedgerError> {
        let mut tiles = BTreeMap::new();
        for tile in InclusionProof::needs(sequence, size) {
            if let Some(bytes) = self.files.tile_of(year, &tile, size).await? {
                tiles.insert(tile, bytes);
            }
        }
        Ok(InclusionProof::build(sequence, size, |tile| tiles.get(tile).cloned())?)
    }

    /// Entries of a year's log before `before`, or from its end, newest first, at most `limit`. Where the page is short
    /// and says where to go on, so much of the log was looked at without finding more.
    pub async fn search(
        &self,
        year: i16,
        filter: &EntryFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<EntryPage, LedgerError> {
        let Some(checkpoint) = self.files.checkpoint(year).await? else { return Ok(EntryPage::default()) };
        let size = checkpoint.unverified().size;
        let width = u64::from(FULL);
        let mut next = before.unwrap_or(size).min(size);
        let end = next.saturating_sub(LOOKED_AT);
        let mut page = EntryPage::default();
        let path = self.files.of(year, "entries")?;
        while next > end && page.entries.len() < limit {
            let index = (next - 1) / width;
            let bundle = self.files.bundle(year, index, size).await?;
            for (place, bytes) in bundle.into_iter().enumerate().rev() {
                let sequence = index * width + place as u64;
                if sequence >= next {
                    continue;
                }
                if page.entries.len() == limit {
                    break;
                }
                next = sequence;
                let entry = read(&path, &bytes)?;
                // Nothing that was recorded earlier than this can have happened later.
                if filter.from.is_some_and(|from| entry.recorded_at < from) {
                    return Ok(page);
                }
                if filter.matches(&entry.event) {
                    page.entries.push(self.found(year, bytes).await?);
                }
            }
        }
        page.next = (next > 0).then_some(next);
        Ok(page)
    }

    async fn found(&self, year: i16, bytes: Vec<u8>) -> Result<FoundEntry, LedgerError> {
        let entry = read(&self.files.of(year, "entries")?, &bytes)?;
        let personal = match &entry.personal {
            Some(commitment) => self.personal(&entry, commitment).await?,
            None => None,
        };
        Ok(FoundEntry { year, bytes, entry, personal })
    }

    async fn personal(
        &self,
        entry: &Entry,
        commitment: &Commitment,
    ) -> Result<Option<Disclosed>, LedgerError> {
        let tenant = &self.settings.tenant;
        let Some(name) = entry.event.get("id").and_then(Value::as_str) else { return Ok(None) };
        let Ok(id) = name.parse::<EventId>() else { return Ok(None) };
        let Some(indexed) = self.ports.index.find(tenant, name).await? else { return Ok(None) };
        match &indexed.personal {
            Some(sealed) => subjects::open(tenant, id, commitment, sealed, &self.ports).await,
            None => Ok(None),
        }
    }
}

impl FoundEntry {
    /// The hash that the tree has of it.
    pub fn leaf(&self) -> Hash {
        leaf_hash(&self.bytes)
    }
}

impl EntryFilter {
    fn matches(&self, event: &Value) -> bool {
        let text = |name: &str| event.get(name).and_then(Value::as_str);
        let is = |wanted: &Option<String>, name: &str| {
            wanted.as_deref().is_none_or(|wanted| text(name) == Some(wanted))
        };
        let at = text("at").and_then(|at| at.parse::<Timestamp>().ok());
        let is_kind = self.kinds.is_empty()
            || text("event").is_some_and(|kind| self.kinds.iter().any(|wanted| wanted == kind));
        is_kind
            && is(&self.agent, "agent")
            && is(&self.lease, "lease")
            && is(&self.credential, "credential")
            && self.from.is_none_or(|from| at.is_some_and(|at| at >= from))
            && self.to.is_none_or(|to| at.is_some_and(|at| at < to))
    }
}
