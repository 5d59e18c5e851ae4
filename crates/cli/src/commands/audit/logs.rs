//! Where logs are: at a broker, or in a directory that they were copied into.
//!
//! A copy has a directory for each year, with `checkpoint`, `key`, `cosigned` where there is one, and `tile/…`.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context as _, bail};
use deputize_ledger::directory::DirectorySource;
use deputize_ledger::verify::SourceError;
use deputize_ledger::{SignedCheckpoint, TileSource, VerifierKey};
use serde::Deserialize;
use ureq::http::Method;

use crate::client::Client;

/// A year's log, wherever it is. Nothing of it is believed yet.
pub(super) struct Log {
    /// The year, where its place says so.
    pub(super) year: Option<i16>,
    pub(super) checkpoint: SignedCheckpoint,
    /// The key that its place tells.
    pub(super) key: Option<VerifierKey>,
    pub(super) files: Box<dyn TileSource + Send>,
}

/// A log as a broker tells of it.
#[derive(Deserialize)]
pub(super) struct Told {
    pub(super) year: i16,
    pub(super) checkpoint: String,
    pub(super) key: String,
}

#[derive(Deserialize)]
struct ToldLogs {
    logs: Vec<Told>,
}

/// The logs of a broker, the earliest first.
pub(super) fn at_broker(client: &Client) -> anyhow::Result<Vec<Log>> {
    let answer = client.send(client.request(Method::GET, "/v1/audit/logs")?.body(())?)?;
    let told: ToldLogs = serde_json::from_str(&answer.text).context("the broker's logs cannot be read")?;
    let mut logs = told.logs.into_iter().map(|told| told.log(client)).collect::<anyhow::Result<Vec<_>>>()?;
    logs.sort_by_key(|log| log.year);
    Ok(logs)
}

impl Told {
    pub(super) fn log(self, client: &Client) -> anyhow::Result<Log> {
        let Self { year, checkpoint, key } = self;
        let checkpoint = checkpoint.parse().with_context(|| format!("the checkpoint of {year}"))?;
        let key = Some(key.parse().with_context(|| format!("the key of {year}"))?);
        Ok(Log {
            year: Some(year),
            checkpoint,
            key,
            files: Box::new(Remote { client: client.clone(), year }),
        })
    }
}

/// The files of a year's log at a broker.
struct Remote {
    client: Client,
    year: i16,
}

impl TileSource for Remote {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, SourceError> {
        let path = format!("/v1/audit/logs/{}/{path}", self.year);
        Ok(self.client.bytes(&path)?)
    }
}

/// The logs in a directory, the earliest first; or the one log that it is itself.
pub(super) fn in_directory(directory: &Path) -> anyhow::Result<Vec<Log>> {
    if directory.join("checkpoint").exists() {
        return Ok(vec![copied(directory, None)?]);
    }
    let mut logs = Vec::new();
    let entries = fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read {}", directory.display()))?;
        if let Some(year) = entry.file_name().to_str().and_then(|name| name.parse::<i16>().ok()) {
            logs.push(copied(&entry.path(), Some(year))?);
        }
    }
    if logs.is_empty() {
        bail!("{} holds no copy of a ledger: neither a checkpoint nor years", directory.display());
    }
    logs.sort_by_key(|log| log.year);
    Ok(logs)
}

fn copied(directory: &Path, year: Option<i16>) -> anyhow::Result<Log> {
    let path = directory.join("checkpoint");
    let checkpoint = checkpoint(&path)?.with_context(|| format!("{} is missing", path.display()))?;
    let key = match text(&directory.join("key"))? {
        Some(key) => Some(key.trim().parse().with_context(|| format!("{}/key", directory.display()))?),
        None => None,
    };
    Ok(Log { year, checkpoint, key, files: Box::new(DirectorySource::new(directory)) })
}

/// The checkpoint in a file; none where there is no file.
pub(super) fn checkpoint(path: &Path) -> anyhow::Result<Option<SignedCheckpoint>> {
    let Some(text) = text(path)? else { return Ok(None) };
    text.parse().map(Some).with_context(|| format!("{}", path.display()))
}

pub(super) fn text(path: &Path) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}
