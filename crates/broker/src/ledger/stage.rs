//! What belongs to a new head, and is put in its places after the head is written.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::LedgerError;
use super::files::{Files, broken};
use super::head::Staged;
use crate::ports::ledger::{ObjectPath, Settled};

/// A staged batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stage {
    /// Files that never change.
    pub(super) files: Vec<File>,
    /// Events that leave the outbox.
    pub(super) settled: Vec<Settled>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    pub(super) path: ObjectPath,
    pub(super) bytes: Vec<u8>,
}

/// What stands before the bytes of the files, on one line of JSON.
#[derive(Serialize, Deserialize)]
struct Contents<'a> {
    /// Each file, and how many bytes it has.
    files: Vec<(Cow<'a, ObjectPath>, usize)>,
    settled: Cow<'a, [Settled]>,
}

impl Stage {
    /// Writes it down under a name that nobody has used.
    pub(super) async fn write(&self, files: &Files, name: &str) -> Result<Staged, LedgerError> {
        let path = files.beside(&format!("staging/{name}"))?;
        let bytes = self.to_bytes().map_err(|error| broken(&path, &error.to_string()))?;
        files.objects().put(&path, &bytes).await?;
        Ok(Staged { path, sha256: hash(&bytes) })
    }

    /// Reads it back, as the head says that it was written.
    pub(super) async fn read(files: &Files, staged: &Staged) -> Result<Self, LedgerError> {
        let bytes = files.objects().get(&staged.path).await?;
        let bytes = bytes.ok_or_else(|| broken(&staged.path, "is missing"))?;
        if hash(&bytes) != staged.sha256 {
            return Err(LedgerError::Disturbed(format!("{} was changed", staged.path)));
        }
        Self::from_bytes(&bytes).ok_or_else(|| broken(&staged.path, "is no batch").into())
    }

    fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let files = self.files.iter().map(|file| (Cow::Borrowed(&file.path), file.bytes.len())).collect();
        let contents = Contents { files, settled: Cow::Borrowed(&self.settled) };
        let mut bytes = serde_json::to_vec(&contents)?;
        bytes.push(b'\n');
        self.files.iter().for_each(|file| bytes.extend_from_slice(&file.bytes));
        Ok(bytes)
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (contents, mut rest) = bytes.split_at_checked(bytes.iter().position(|byte| *byte == b'\n')?)?;
        rest = rest.split_first()?.1;
        let contents: Contents<'_> = serde_json::from_slice(contents).ok()?;
        let mut files = Vec::with_capacity(contents.files.len());
        for (path, many) in contents.files {
            let (bytes, after) = rest.split_at_checked(many)?;
            files.push(File { path: path.into_owned(), bytes: bytes.to_vec() });
            rest = after;
        }
        rest.is_empty().then(|| Self { files, settled: contents.settled.into_owned() })
    }
}

/// In lowercase hexadecimal digits.
pub(super) fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_read_as_it_was_written_and_not_where_it_was_cut() {
        let file =
            |name: &str, bytes: &[u8]| File { path: ObjectPath::parse(name).unwrap(), bytes: bytes.to_vec() };
        let files = vec![file("a", b"\n\n{"), file("b", b""), file("c", &[0, 255, b'\n'])];
        let stage = Stage { files, settled: Vec::new() };
        let bytes = stage.to_bytes().unwrap();
        assert_eq!(Stage::from_bytes(&bytes), Some(stage));
        for end in 0..bytes.len() {
            assert_eq!(Stage::from_bytes(&bytes[..end]), None, "{end}");
        }
        assert_eq!(Stage::from_bytes(&[&bytes[..], b"x"].concat()), None);
    }
}
