//! `deputize audit export`: evidence for an auditor, with a proof for every row.

mod manifest;
mod rows;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use deputize_broker::audit::{Control, ExportFormat};
use deputize_ledger::{Checkpoint, Entry, VerifierKey};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use ureq::http::Method;
use ureq::http::header::CONTENT_TYPE;

use self::manifest::{Manifest, Query, Row, Source};
use super::copy::write;
use super::keys::Keys;
use super::logs::Told;
use super::progress;
use super::verified::Verified;
use crate::client::Client;
use crate::output;

/// By how much the clock that events are told by may be ahead of the one that seals them.
const SKEW: SignedDuration = SignedDuration::from_hours(1);

/// The manifest's name, beside the evidence.
const MANIFEST: &str = "manifest.json";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The criterion: CC6.1, CC6.2, CC6.3 or CC7.2.
    #[arg(long)]
    control: Control,
    /// What happened at this time or later: RFC 3339, or a day in UTC.
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Timestamp,
    /// And before this time.
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Timestamp,
    /// A table, the entries as they are sealed, or events of OCSF.
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
    /// Where to write it.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The key of the log, which you have from somewhere else. May be said for several logs.
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<VerifierKey>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    Json,
    Ocsf,
}

impl From<Format> for ExportFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Csv => Self::Csv,
            Format::Json => Self::Json,
            Format::Ocsf => Self::Ocsf,
        }
    }
}

/// A time, or the beginning of a day.
fn time(text: &str) -> Result<Timestamp, String> {
    let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp());
    let time = text.parse().ok().or_else(day);
    time.ok_or_else(|| "a time as in RFC 3339, such as 2026-01-31T00:00:00Z, or a day".to_owned())
}

/// What the broker says where evidence is to be taken from.
#[derive(Deserialize)]
struct Recorded {
    id: String,
    kinds: Vec<String>,
    logs: Vec<Told>,
}

pub(super) fn run(client: &Client, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { control, from, to, .. } = arguments;
    let format = ExportFormat::from(arguments.format);
    // Before anything is looked at.
    let body = json!({ "control": control, "from": from, "to": to, "format": format });
    let request = client.request(Method::POST, "/v1/audit/exports")?;
    let answer = client.send(request.header(CONTENT_TYPE, "application/json").body(body.to_string())?)?;
    let recorded: Recorded =
        serde_json::from_str(&answer.text).context("the broker's answer cannot be read")?;
    let query = Query { control: *control, kinds: recorded.kinds, from: *from, to: *to, format };

    let mut manifest = Manifest::new(query, recorded.id);
    let keys = Keys(&arguments.keys);
    keys.warn();
    let mut logs = recorded.logs;
    logs.sort_by_key(|log| log.year);
    for told in logs {
        look_at(told, client, &keys, &mut manifest)?;
    }
    let evidence = rows::render(format, &manifest.entries()?)?;
    manifest.population = manifest.rows.len();
    manifest.sha256 = hex::encode(Sha256::digest(&evidence));
    write(&arguments.out.join(&manifest.file), &evidence)?;
    let text = serde_json::to_string_pretty(&manifest)?;
    write(&arguments.out.join(MANIFEST), format!("{text}\n").as_bytes())?;
    output::line(format!(
        "{}: {} of {} entries looked at are evidence for {control}; {} proves each",
        arguments.out.join(&manifest.file).display(),
        manifest.population,
        manifest.looked_at,
        arguments.out.join(MANIFEST).display(),
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Looks at every entry of a log that was sealed late enough to have happened late enough.
fn look_at(told: Told, client: &Client, keys: &Keys<'_>, manifest: &mut Manifest) -> anyhow::Result<()> {
    let log = told.log(client)?;
    let key = keys.of(&log.checkpoint.unverified().origin, log.key.as_ref())?;
    let checkpoint = log.checkpoint.verify(&key)?;
    let Checkpoint { origin, size, .. } = checkpoint.clone();
    let verified = Verified::new(&*log.files, checkpoint);
    let since = manifest.query.from.checked_sub(SKEW).unwrap_or(Timestamp::MIN);
    let start = first_since(&verified, since)?;
    if start == verified.bundles() {
        return Ok(());
    }
    let bar = progress::bar(origin.as_str(), verified.bundles() - start);
    let mut rows = Vec::new();
    let mut looked_at = 0;
    let mut first = None;
    for index in start..verified.bundles() {
        let bundle = verified.bundle(index)?;
        for (sequence, bytes) in (bundle.first_sequence()..).zip(&bundle.entries) {
            first.get_or_insert(sequence);
            looked_at += 1;
            let entry = Entry::from_bytes(bytes).with_context(|| format!("entry {sequence}"))?;
            if manifest.query.wants(&entry) {
                rows.push(Row {
                    log: origin.clone(),
                    entry: String::from_utf8_lossy(bytes).into_owned(),
                    proof: bundle.proof(sequence)?,
                });
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    manifest.looked_at += looked_at;
    manifest.rows.extend(rows);
    let checkpoint = log.checkpoint.to_string();
    manifest.logs.push(Source { origin, size, from: first.unwrap_or_default(), checkpoint, key });
    Ok(())
}

/// The first bundle whose last entry was sealed at this time or later. Time does not go back in a log.
fn first_since(log: &Verified<'_>, since: Timestamp) -> anyhow::Result<u64> {
    let (mut low, mut high) = (0, log.bundles());
    while low < high {
        let middle = low + (high - low) / 2;
        let bundle = log.bundle(middle)?;
        let last = bundle.entries.last().context("an empty bundle")?;
        if Entry::from_bytes(last)?.recorded_at < since {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// Checks evidence that was exported: every row by its proof, and that the evidence says what the rows say.
pub(super) fn verify(directory: &Path, keys: &Keys<'_>) -> anyhow::Result<ExitCode> {
    let path = directory.join(MANIFEST);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let manifest: Manifest =
        serde_json::from_str(&text).with_context(|| format!("{} is no manifest", path.display()))?;
    keys.warn();
    manifest.verify(keys)?;
    if Path::new(&manifest.file).components().count() != 1 {
        bail!("the manifest names evidence in another directory");
    }
    let path = directory.join(&manifest.file);
    let evidence = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    if hex::encode(Sha256::digest(&evidence)) != manifest.sha256 {
        bail!("{} is not the file that the manifest has the hash of", path.display());
    }
    let meant = rows::render(manifest.query.format, &manifest.entries()?)?;
    if !rows::says_the_same(manifest.query.format, &evidence, &meant) {
        bail!("{} does not say what the proved entries say", path.display());
    }
    output::line(format!(
        "{}: {} rows, each proved to be in its log, and each for {} between {} and {}",
        path.display(),
        manifest.population,
        manifest.query.control,
        manifest.query.from,
        manifest.query.to
    ))?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_may_be_a_day() {
        assert_eq!(time("2026-01-31").unwrap(), "2026-01-31T00:00:00Z".parse().unwrap());
        assert_eq!(time("2026-01-31T12:00:00+02:00").unwrap(), "2026-01-31T10:00:00Z".parse().unwrap());
        assert!(time("yesterday").is_err());
    }
}
