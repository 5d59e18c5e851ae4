//! What stands beside evidence: what was asked for, what was looked at, and a proof for every row.

use anyhow::{Context as _, bail};
use deputize_broker::audit::{Control, ExportFormat};
use deputize_ledger::{Entry, InclusionProof, Origin, SignedCheckpoint, VerifierKey, verify_entry};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::keys::Keys;

/// The form of manifests that this program writes and reads.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    version: u32,
    pub(super) query: Query,
    /// The event that tells of this export.
    export: String,
    /// How many rows there are.
    pub(super) population: usize,
    /// How many entries were looked at to find them.
    pub(super) looked_at: u64,
    /// The evidence, beside the manifest.
    pub(super) file: String,
    pub(super) sha256: String,
    /// The logs that were looked at.
    pub(super) logs: Vec<Source>,
    pub(super) rows: Vec<Row>,
}

/// What was asked for.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    pub(super) control: Control,
    pub(super) kinds: Vec<String>,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) format: ExportFormat,
}

/// A log that was looked at.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    pub(super) origin: Origin,
    pub(super) size: u64,
    /// The first entry that was looked at; all after it were too.
    pub(super) from: u64,
    pub(super) checkpoint: String,
    pub(super) key: VerifierKey,
}

/// A row's entry, byte for byte, and its way to the root.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub(super) log: Origin,
    pub(super) entry: String,
    pub(super) proof: InclusionProof,
}

impl Query {
    /// Whether an entry is of such a kind and happened at such a time.
    pub(super) fn wants(&self, entry: &Entry) -> bool {
        let text = |name: &str| entry.event.get(name).and_then(Value::as_str);
        let at = text("at").and_then(|at| at.parse::<Timestamp>().ok());
        text("event").is_some_and(|kind| self.kinds.iter().any(|wanted| wanted == kind))
            && at.is_some_and(|at| self.from <= at && at < self.to)
    }
}

impl Manifest {
    pub(super) fn new(query: Query, export: String) -> Self {
        let file = match query.format {
            ExportFormat::Csv => "evidence.csv",
            ExportFormat::Json | ExportFormat::Ocsf => "evidence.json",
        };
        Self {
            version: VERSION,
            query,
            export,
            population: 0,
            looked_at: 0,
            file: file.to_owned(),
            sha256: String::new(),
            logs: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// The rows' entries, each with the name of its log.
    pub(super) fn entries(&self) -> anyhow::Result<Vec<(Origin, Entry)>> {
        let read = |row: &Row| Ok((row.log.clone(), Entry::from_bytes(row.entry.as_bytes())?));
        self.rows.iter().map(read).collect()
    }

    /// Every row by its proof, and that it belongs to what was asked for, once.
    pub(super) fn verify(&self, keys: &Keys<'_>) -> anyhow::Result<()> {
        if self.version != VERSION {
            bail!("a manifest of version {}, and this program reads version {VERSION}", self.version);
        }
        if self.population != self.rows.len() {
            bail!("the manifest counts {} rows and has {}", self.population, self.rows.len());
        }
        let mut before: Option<(usize, u64)> = None;
        for row in &self.rows {
            let Row { log, entry, proof } = row;
            let at = || format!("entry {} of {log}", proof.sequence);
            let place = self.logs.iter().position(|source| source.origin == *log);
            let (place, source) = place
                .and_then(|place| Some((place, self.logs.get(place)?)))
                .with_context(|| format!("{}: the manifest has no checkpoint of its log", at()))?;
            let key = keys.of(log, Some(&source.key))?;
            verify_entry(entry.as_bytes(), proof, &source.checkpoint, &key).with_context(at)?;
            if !self.query.wants(&Entry::from_bytes(entry.as_bytes())?) {
                bail!("{} is not of what was asked for", at());
            }
            if before.is_some_and(|before| before >= (place, proof.sequence)) {
                bail!("{} stands there twice, or out of order", at());
            }
            before = Some((place, proof.sequence));
        }
        for source in &self.logs {
            let checkpoint: SignedCheckpoint = source.checkpoint.parse()?;
            let size = checkpoint.verify(&keys.of(&source.origin, Some(&source.key))?)?.size;
            if size != source.size {
                bail!(
                    "the manifest says that {} has {} entries, and its checkpoint {size}",
                    source.origin,
                    source.size
                );
            }
        }
        Ok(())
    }
}
