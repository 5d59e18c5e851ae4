//! `deputize audit verify`: everything, or what was handed out of it, with nothing believed but a key.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use deputize_broker::Clock as _;
use deputize_host::SystemClock;
use deputize_ledger::{Checkpoint, Options, Report, SignedCheckpoint, VerifierKey, verify_log};

use super::keys::Keys;
use super::logs::{self, Log};
use super::verified::Verified;
use super::{export, handover, progress, proof};
use crate::client::Client;
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A directory that `audit copy` made, or a broker's URL [default: the broker].
    #[arg(value_name = "DIR|URL", conflicts_with_all = ["proof", "evidence"])]
    place: Option<String>,
    /// The key of the log, which you have from somewhere else. May be said for several logs.
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<VerifierKey>,
    /// A checkpoint that was kept: its log must have grown from it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["proof", "evidence"])]
    since: Option<PathBuf>,
    /// Only this year's log.
    #[arg(long, conflicts_with_all = ["proof", "evidence"])]
    year: Option<i16>,
    /// Verify what `audit proof` wrote.
    #[arg(long, value_name = "FILE", conflicts_with = "evidence")]
    proof: Option<PathBuf>,
    /// Verify what `audit export` wrote.
    #[arg(long, value_name = "DIR")]
    evidence: Option<PathBuf>,
}

pub(super) fn run(
    broker: impl FnOnce(Option<String>) -> anyhow::Result<Client>,
    arguments: &Arguments,
) -> anyhow::Result<ExitCode> {
    let keys = Keys(&arguments.keys);
    if let Some(file) = &arguments.proof {
        return proof::verify(file, &keys);
    }
    if let Some(directory) = &arguments.evidence {
        return export::verify(directory, &keys);
    }
    let mut found = match arguments.place.as_deref() {
        Some(url) if url.starts_with("http://") || url.starts_with("https://") => {
            logs::at_broker(&broker(Some(url.to_owned()))?)?
        }
        Some(directory) => logs::in_directory(Path::new(directory))?,
        None => logs::at_broker(&broker(None)?)?,
    };
    if arguments.year.is_some() {
        found.retain(|log| log.year == arguments.year);
    }
    if found.is_empty() {
        bail!("there is no such log");
    }
    let since = match &arguments.since {
        Some(file) => {
            Some(logs::checkpoint(file)?.with_context(|| format!("cannot read {}", file.display()))?)
        }
        None => None,
    };
    if let Some(since) = &since
        && !found.iter().any(|log| is_of(since, log))
    {
        bail!("there is no {}, which the checkpoint that was kept is of", since.unverified().origin);
    }
    keys.warn();
    verify(&found, &keys, since.as_ref())?;
    Ok(ExitCode::SUCCESS)
}

fn is_of(since: &SignedCheckpoint, log: &Log) -> bool {
    since.unverified().origin == log.checkpoint.unverified().origin
}

/// Every log by itself, and that each goes on from the one before.
fn verify(logs: &[Log], keys: &Keys<'_>, since: Option<&SignedCheckpoint>) -> anyhow::Result<()> {
    let mut before: Option<(Checkpoint, &Log)> = None;
    for log in logs {
        let origin = &log.checkpoint.unverified().origin;
        let key = keys.of(origin, log.key.as_ref())?;
        let since = since.filter(|since| is_of(since, log));
        let checkpoint = whole(log, &key, since)?;
        let later = Verified::new(&*log.files, checkpoint.clone());
        match &before {
            Some((earlier, place)) => {
                let of_earlier = Verified::new(&*place.files, earlier.clone());
                handover::check((earlier, &of_earlier), (&checkpoint, &later))?;
                output::line(format!("  goes on from {} where that was closed", earlier.origin))?;
            }
            None if checkpoint.size > 0 => {
                if let Some(former) = handover::former(&later.entry(0)?) {
                    eprintln!("note: {origin} goes on from {former}, which was not looked at");
                }
            }
            None => {}
        }
        before = Some((checkpoint, log));
    }
    Ok(())
}

/// Every file of a log.
fn whole(log: &Log, key: &VerifierKey, since: Option<&SignedCheckpoint>) -> anyhow::Result<Checkpoint> {
    let Checkpoint { origin, size, .. } = log.checkpoint.unverified();
    let bar = progress::bar(origin.as_str(), *size);
    let tell = |done: u64| bar.set_position(done);
    let clock = SystemClock::start();
    let report = verify_log(&*log.files, &log.checkpoint, key, &Options { since, progress: Some(&tell) });
    bar.finish_and_clear();
    let report = report.map_err(|fault| match fault.sequence() {
        Some(sequence) => anyhow::Error::new(fault)
            .context(format!("{origin}: the first entry that is wrong is {sequence}")),
        None => anyhow::Error::new(fault).context(format!("{origin} is wrong")),
    })?;
    let took = clock.monotonic().as_secs_f64();
    let Report { origin, size, root, recorded, complete } = report;
    output::line(format!("{origin}: {size} entries, all of them right ({took:.2} s)"))?;
    output::line(format!("  root      {root}"))?;
    output::line(format!("  key       {}+{:08x}", key.name(), key.id()))?;
    if let Some((first, last)) = recorded {
        output::line(format!("  recorded  {first} to {last}"))?;
    }
    if since.is_some() {
        output::line("  grew from the checkpoint that was kept")?;
    }
    if complete {
        output::line("  no file is there that does not belong")?;
    }
    Ok(Checkpoint { origin, size, root })
}
