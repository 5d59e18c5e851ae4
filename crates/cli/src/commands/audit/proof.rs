//! `deputize audit proof`: what proves that the ledger holds an event; and checking it, offline.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use deputize_broker::audit::EventId;
use deputize_ledger::{InclusionProof, SignedCheckpoint, VerifierKey, verify_entry};
use serde::{Deserialize, Serialize};
use ureq::http::Method;

use super::copy::write;
use super::keys::Keys;
use crate::client::Client;
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The event.
    id: EventId,
    /// Write it to this file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// An entry with its proof, as the broker gives it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    entry: String,
    proof: InclusionProof,
    checkpoint: String,
    key: String,
}

pub(super) fn run(client: &Client, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let path = format!("/v1/audit/entries/{}/proof", arguments.id);
    let answer = client.send(client.request(Method::GET, &path)?.body(())?)?;
    let proof: Proof = serde_json::from_str(&answer.text).context("the broker's proof cannot be read")?;
    let text = serde_json::to_string_pretty(&proof)?;
    match &arguments.out {
        Some(file) => write(file, format!("{text}\n").as_bytes())?,
        None => output::line(text)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Checks a proof in a file.
pub(super) fn verify(file: &Path, keys: &Keys<'_>) -> anyhow::Result<ExitCode> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let proof: Proof =
        serde_json::from_str(&text).with_context(|| format!("{} is no proof", file.display()))?;
    let checkpoint: SignedCheckpoint = proof.checkpoint.parse().context("the proof's checkpoint")?;
    let log = &checkpoint.unverified().origin;
    let told: VerifierKey = proof.key.parse().context("the proof's key")?;
    keys.warn();
    let key = keys.of(log, Some(&told))?;
    verify_entry(proof.entry.as_bytes(), &proof.proof, &proof.checkpoint, &key)
        .with_context(|| format!("entry {} is not proved to be in {log}", proof.proof.sequence))?;
    let InclusionProof { sequence, size, .. } = proof.proof;
    output::line(format!("{log}: entry {sequence} is one of {size}"))?;
    output::line(proof.entry)?;
    Ok(ExitCode::SUCCESS)
}
