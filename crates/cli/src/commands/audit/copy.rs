//! `deputize audit copy`: the ledger into a directory, from where it can be verified without anybody.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use deputize_ledger::tile::{FULL, Kind};
use deputize_ledger::{Checkpoint, TilePath, TileSource, VerifierKey};
use tempfile::NamedTempFile;

use super::logs::{self, Log};
use super::progress;
use super::verified::Verified;
use crate::client::Client;
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where to: a directory for each year is made below it.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Only this year's log.
    #[arg(long)]
    year: Option<i16>,
}

pub(super) fn run(client: &Client, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let wanted = |log: &Log| arguments.year.is_none() || log.year == arguments.year;
    let logs: Vec<Log> = logs::at_broker(client)?.into_iter().filter(wanted).collect();
    if logs.is_empty() {
        bail!("the broker has no such log yet");
    }
    for log in &logs {
        let year = log.year.context("a log without a year")?;
        let directory = arguments.directory.join(year.to_string());
        let fetched = copy(log, &directory)?;
        if let Some(cosigned) = client.bytes(&format!("/v1/audit/logs/{year}/checkpoint/cosigned"))? {
            write(&directory.join("cosigned"), &cosigned)?;
        }
        let size = log.checkpoint.unverified().size;
        output::line(format!("{}: {size} entries, {fetched} files fetched", directory.display()))?;
    }
    eprintln!("verify it with: deputize audit verify {} --key KEY", arguments.directory.display());
    Ok(ExitCode::SUCCESS)
}

/// Fetches what is not there yet. The checkpoint comes last: what it says is there.
fn copy(log: &Log, directory: &Path) -> anyhow::Result<usize> {
    let told = log.key.as_ref().context("the broker tells no key")?;
    fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let key = key(directory, told)?;
    let now = log.checkpoint.verify(&key)?;
    let kept = logs::checkpoint(&directory.join("checkpoint"))?;
    let before = kept.map(|kept| kept.verify(&key)).transpose().context("the checkpoint of the copy")?;
    if let Some(before) = &before {
        grew(before, &now, &*log.files, directory)?;
    }
    let files: Vec<TilePath> = TilePath::of_hashes(now.size).chain(TilePath::of_entries(now.size)).collect();
    let bar = progress::bar("copy", files.len() as u64);
    let mut fetched = 0;
    for file in &files {
        bar.inc(1);
        let path = directory.join(file.to_string());
        // By its name a file stands for the same bytes forever.
        if path.exists() {
            continue;
        }
        let bytes = log.files.read(&file.to_string()).map_err(anyhow::Error::from_boxed)?;
        write(&path, &bytes.with_context(|| format!("{file} is missing at the broker"))?)?;
        fetched += 1;
    }
    bar.finish_and_clear();
    write(&directory.join("checkpoint"), log.checkpoint.to_string().as_bytes())?;
    if let Some(before) = before {
        let narrower = partial(before.size).filter(|file| !files.contains(file));
        narrower.for_each(|file| drop(fs::remove_file(directory.join(file.to_string()))));
    }
    Ok(fetched)
}

/// The key of the copy: it is pinned by the first.
fn key(directory: &Path, told: &VerifierKey) -> anyhow::Result<VerifierKey> {
    let path = directory.join("key");
    let Some(pinned) = logs::text(&path)? else {
        write(&path, format!("{told}\n").as_bytes())?;
        return Ok(told.clone());
    };
    let pinned: VerifierKey = pinned.trim().parse().with_context(|| path.display().to_string())?;
    if pinned != *told {
        bail!("the broker tells another key than {}: the copy is left as it is", path.display());
    }
    Ok(pinned)
}

fn grew(
    before: &Checkpoint,
    now: &Checkpoint,
    files: &dyn TileSource,
    directory: &Path,
) -> anyhow::Result<()> {
    let directory = directory.display();
    if now.size < before.size {
        bail!(
            "the log was cut back: {directory} has {} entries, and the broker {}; the copy is left as it is",
            before.size,
            now.size
        );
    }
    let grew = Verified::new(files, now.clone()).grew_from(before);
    grew.with_context(|| format!("the log is a fork of what is in {directory}; the copy is left as it is"))
}

/// The files of a log of this size that are not full.
fn partial(size: u64) -> impl Iterator<Item = TilePath> {
    let last = move |(level, kind)| {
        let nodes = size.checked_shr(8 * level).unwrap_or(0);
        TilePath::within(size, kind, nodes / u64::from(FULL)).filter(|tile| !tile.is_full())
    };
    let hashes = (0_u8..8).map(|level| (u32::from(level), Kind::Hashes(level)));
    std::iter::once((0, Kind::Entries)).chain(hashes).filter_map(last)
}

/// Puts a file in its place as a whole.
pub(super) fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let directory = path.parent().context("a file in no directory")?;
    let written = || {
        fs::create_dir_all(directory)?;
        let mut file = NamedTempFile::new_in(directory)?;
        file.write_all(bytes)?;
        file.persist(path).map_err(|failed| failed.error)
    };
    written().map(drop).with_context(|| format!("cannot write {}", path.display()))
}
