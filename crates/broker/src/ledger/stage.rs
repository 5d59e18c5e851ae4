//! What belongs to a new head, and is put in its places after the head is written.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::LedgerError;
use super::files::{Files, broken};
use super::head::Staged;
use crate::ports::ledger::{ObjectPath, Settled};

/// A staged batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stage {
    /// Files that never change.
    pub(super) files: Vec<File>,
    /// Events that leave the outbox.
    pub(super) settled: Vec<Settled>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct File {
    pub(super) path: ObjectPath,
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub(super) bytes: Vec<u8>,
}

impl Stage {
    /// Writes it down under a name that nobody has used.
    pub(super) async fn write(&self, files: &Files, name: &str) -> Result<Staged, LedgerError> {
        let path = files.beside(&format!("staging/{name}"))?;
        let bytes = serde_json::to_vec(self).map_err(|error| broken(&path, &error.to_string()))?;
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
        serde_json::from_slice(&bytes).map_err(|error| broken(&staged.path, &error.to_string()).into())
    }
}

/// In lowercase hexadecimal digits.
pub(super) fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn to_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    BASE64_STANDARD.decode(text).map_err(serde::de::Error::custom)
}
