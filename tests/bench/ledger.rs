//! Verifying a log offline, beside what `openssl sha256` takes for the same entries in the same minute: nobody can
//! verify them without hashing them once.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use deputize_e2e::HarnessError;
use deputize_ledger::directory::DirectorySource;
use deputize_ledger::{
    Checkpoint, Edge, Entry, Options, Origin, SignedCheckpoint, TilePath, VerifierKey, bundle, leaf_hash,
    verify_log,
};
use ed25519_dalek::{Signer, SigningKey};
use jiff::Timestamp;
use serde_json::json;

use crate::table::Table;

/// How many entries the logs have. Memory must be the same for both.
const SIZES: [u64; 2] = [100_000, 1_000_000];
/// How often each thing is measured; the best counts.
const ROUNDS: usize = 3;

pub(crate) async fn run() -> Result<Table, HarnessError> {
    let measured = tokio::task::spawn_blocking(|| SIZES.map(measure)).await;
    let measured = measured.map_err(|_| broken("the measurement ended early"))?;
    let columns = ["100,000 entries, ms", "1,000,000 entries, ms", "100,000, peak MB", "1,000,000, peak MB"];
    let mut table = Table::new("a log, verified", &columns);
    let [small, large] = measured;
    let failed = |source| HarnessError::Io { what: "verifying a log".to_owned(), source };
    let (small, large) = (small.map_err(failed)?, large.map_err(failed)?);
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    table.row("openssl sha256", &[milliseconds(small.openssl), milliseconds(large.openssl), 0.0, 0.0]);
    let times = [milliseconds(small.verify), milliseconds(large.verify)];
    table.row("verify_log", &[times[0], times[1], small.memory, large.memory]);
    Ok(table)
}

struct Measured {
    openssl: Duration,
    verify: Duration,
    /// In megabytes, at most, while it verified.
    memory: f64,
}

fn measure(size: u64) -> io::Result<Measured> {
    let directory = tempfile::tempdir()?;
    let signed = write(directory.path(), size)?;
    let (source, key) = (DirectorySource::new(directory.path()), key()?);
    let mut measured = Measured { openssl: Duration::MAX, verify: Duration::MAX, memory: 0.0 };
    for _ in 0..ROUNDS {
        let openssl = timed(|| openssl(&directory.path().join(ENTRIES)))?;
        measured.openssl = measured.openssl.min(openssl);
        forget_peak();
        let verify = timed(|| {
            let report = verify_log(&source, &signed, &key, &Options::default()).map_err(io::Error::other)?;
            if report.size == size { Ok(()) } else { Err(io::Error::other("not all of it was verified")) }
        })?;
        measured.verify = measured.verify.min(verify);
        measured.memory = measured.memory.max(peak());
    }
    Ok(measured)
}

/// All entries one after the other, for openssl.
const ENTRIES: &str = "entries";

/// Writes a log as it is published.
fn write(directory: &Path, size: u64) -> io::Result<SignedCheckpoint> {
    let mut edge = Edge::default();
    let mut all = BufWriter::new(File::create(directory.join(ENTRIES))?);
    for path in TilePath::of_entries(size) {
        let first = path.first_sequence();
        let entries = (first..first + u64::from(path.width())).map(entry).collect::<io::Result<Vec<_>>>()?;
        entries.iter().try_for_each(|entry| all.write_all(entry))?;
        put(directory, &path, &bundle::encode(&entries).map_err(io::Error::other)?)?;
        let tiles = edge.append(entries.iter().map(|entry| leaf_hash(entry)));
        // Of what is wider in the end, nothing is left.
        let is_last = |path: TilePath| TilePath::within(size, path.kind(), path.index()) == Some(path);
        tiles
            .iter()
            .filter(|tile| is_last(tile.path))
            .try_for_each(|tile| put(directory, &tile.path, &tile.bytes))?;
    }
    all.flush()?;
    let checkpoint = Checkpoint { origin: key()?.name().clone(), size, root: edge.root() };
    let signature = signing_key().sign(checkpoint.message().as_bytes()).to_bytes();
    SignedCheckpoint::sign_with(checkpoint, &key()?, signature).map_err(io::Error::other)
}

fn put(directory: &Path, path: &TilePath, bytes: &[u8]) -> io::Result<()> {
    let path = directory.join(path.to_string());
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, bytes)
}

/// An entry as issuing a credential leaves it, of some 450 bytes.
fn entry(sequence: u64) -> io::Result<Vec<u8>> {
    let at = 1_764_000_000_000 + i64::try_from(sequence).map_err(io::Error::other)? * 3;
    let event = json!({
        "agent": format!("report-writer-{}", sequence % 97),
        "by": { "agent": format!("report-writer-{}", sequence % 97), "kind": "agent" },
        "enforcement": "session_policy",
        "event": "credential_issued",
        "expires_at": "2026-11-24T03:05:00Z",
        "id": format!("01936f0a-7c1e-7000-8000-{sequence:012x}"),
        "kind": "aws_iam_role",
        "lease": format!("01936f0a-7c1e-7001-8000-{sequence:012x}"),
        "scope_version": 12,
        "tenant": "acme",
        "told": "arn:aws:s3:::acme-reports/2026/*",
    });
    let recorded_at = Timestamp::from_millisecond(at).map_err(|error| io::Error::other(error.to_string()))?;
    Entry { sequence, recorded_at, event, personal: None }.to_bytes().map_err(io::Error::other)
}

fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn key() -> io::Result<VerifierKey> {
    let origin = Origin::of("ledger.example.com", "acme", 2026).map_err(io::Error::other)?;
    VerifierKey::new(origin, signing_key().verifying_key().as_bytes()).map_err(io::Error::other)
}

fn openssl(entries: &Path) -> io::Result<()> {
    let output = Command::new("openssl").args(["dgst", "-sha256"]).arg(entries).output()?;
    if output.status.success() { Ok(()) } else { Err(io::Error::other("openssl failed")) }
}

#[expect(clippy::disallowed_methods, reason = "this measures time")]
fn timed(what: impl FnOnce() -> io::Result<()>) -> io::Result<Duration> {
    let start = Instant::now();
    what()?;
    Ok(start.elapsed())
}

/// Lets the largest memory of this process be counted from now on. Linux can; elsewhere nothing is told of memory.
fn forget_peak() {
    drop(fs::write("/proc/self/clear_refs", "5"));
}

fn peak() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    kilobytes.unwrap_or(0.0) * 1024.0 / 1e6
}

fn broken(message: &str) -> HarnessError {
    HarnessError::Function { kind: "ledger".to_owned(), message: message.to_owned() }
}
