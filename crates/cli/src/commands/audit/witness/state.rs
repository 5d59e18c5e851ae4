//! What a witness remembers: its key, and the last checkpoint of every log that it has followed.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V2Der};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use deputize_ledger::{CosignerKey, Origin, SignedCheckpoint, VerifierKey};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

/// A witness's memory, in a file for its owner alone.
pub(super) struct State {
    path: PathBuf,
    name: Origin,
    pair: Ed25519KeyPair,
    /// The logs, the current one last.
    pub(super) logs: Vec<Remembered>,
}

/// The last that was seen of a log, and the key that it is pinned to.
#[derive(Clone)]
pub(super) struct Remembered {
    pub(super) key: VerifierKey,
    pub(super) checkpoint: SignedCheckpoint,
}

/// The file. It borrows the key, so that it is nowhere but in buffers that are zeroised.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text<'a> {
    name: Origin,
    /// In hexadecimal digits.
    pkcs8: &'a str,
    logs: Vec<LogText>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LogText {
    key: VerifierKey,
    checkpoint: String,
}

impl State {
    /// The memory in this file; a new one with a new key where there is none.
    pub(super) fn open(path: &Path, name: &Origin) -> anyhow::Result<Self> {
        let shown = path.display();
        let Some(bytes) = read(path)? else {
            let pair = Ed25519KeyPair::generate().map_err(|_| anyhow::anyhow!("no key could be made"))?;
            let new = Self { path: path.to_owned(), name: name.clone(), pair, logs: Vec::new() };
            new.save()?;
            return Ok(new);
        };
        // Errors are dropped: they could quote the key.
        let text: Text<'_> = serde_json::from_slice(&bytes)
            .map_err(|_| anyhow::anyhow!("{shown} is not the memory of a witness"))?;
        let der = hex::decode(text.pkcs8).map(Zeroizing::new).ok();
        let pair = der.and_then(|der| Ed25519KeyPair::from_pkcs8(&der).ok());
        let pair = pair.with_context(|| format!("{shown} holds no key"))?;
        let mut logs = Vec::new();
        for LogText { key, checkpoint } in text.logs {
            logs.push(Remembered { key, checkpoint: checkpoint.parse().with_context(|| shown.to_string())? });
        }
        Ok(Self { path: path.to_owned(), name: text.name, pair, logs })
    }

    /// What others verify the witness's signatures by.
    pub(super) fn key(&self) -> anyhow::Result<CosignerKey> {
        let public = self.pair.public_key().as_ref().try_into().context("a key of another length")?;
        Ok(CosignerKey::new(self.name.clone(), public)?)
    }

    pub(super) fn sign(&self, message: &[u8]) -> anyhow::Result<[u8; 64]> {
        self.pair.sign(message).as_ref().try_into().context("a signature of another length")
    }

    /// Remembers a checkpoint, in the place of what was seen of its log before. On disk when it returns.
    pub(super) fn remember(&mut self, seen: Remembered) -> anyhow::Result<()> {
        let before = self.logs.clone();
        self.logs.retain(|log| log.key.name() != seen.key.name());
        self.logs.push(seen);
        self.save().inspect_err(|_| self.logs = before)
    }

    fn save(&self) -> anyhow::Result<()> {
        let der: Pkcs8V2Der<'_> =
            self.pair.as_der().map_err(|_| anyhow::anyhow!("the key cannot be written"))?;
        let digits = Zeroizing::new(hex::encode(der.as_ref()));
        let logs = self.logs.iter();
        let logs = logs.map(|log| LogText { key: log.key.clone(), checkpoint: log.checkpoint.to_string() });
        let text = Text { name: self.name.clone(), pkcs8: &digits, logs: logs.collect() };
        let bytes = Zeroizing::new(serde_json::to_vec(&text)?);
        replace(&self.path, &bytes).with_context(|| format!("cannot write {}", self.path.display()))
    }
}

/// The file's bytes; none where there is none. One that others may read is refused.
fn read(path: &Path) -> anyhow::Result<Option<Zeroizing<Vec<u8>>>> {
    let failed = || format!("cannot read {}", path.display());
    match File::open(path) {
        Ok(file) => refuse_exposed(&file, path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(failed),
    }
    std::fs::read(path).map(Zeroizing::new).map(Some).with_context(failed)
}

#[cfg(unix)]
fn refuse_exposed(file: &File, path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = file.metadata()?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        bail!("{} holds a key and can be read by others (mode {mode:o}): chmod 600 it", path.display());
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_exposed(_: &File, _: &Path) -> anyhow::Result<()> {
    Ok(())
}

/// Replaces the file as a whole, with mode 0600: after a crash there is the old one or the new one.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut file = NamedTempFile::new_in(&directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|failed| failed.error)?;
    File::open(&directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_witness_is_the_same_when_it_comes_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("witness.json");
        let name: Origin = "witness.example.org/one".parse().unwrap();
        let first = State::open(&path, &name).unwrap().key().unwrap();
        let other: Origin = "witness.example.org/other".parse().unwrap();
        assert_eq!(State::open(&path, &other).unwrap().key().unwrap(), first);
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("witness.json");
        let name: Origin = "witness.example.org/one".parse().unwrap();
        State::open(&path, &name).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(State::open(&path, &name).is_err());
    }
}
