//! Witnesses: somebody elsewhere who has seen the log grow, and says so below its checkpoint.

use deputize_ledger::{CosignerKey, NoteError, SignedCheckpoint};
use thiserror::Error;

use super::LedgerError;
use super::reader::LedgerReader;

/// Why a cosigned checkpoint was not taken.
#[derive(Debug, Error)]
pub enum CosignError {
    /// It is not one of this log's, or its signature is not.
    #[error("not a checkpoint of this log: {0}")]
    Stranger(#[source] NoteError),
    /// No witness that is known has signed it.
    #[error("no witness that is known has signed it")]
    Unknown,
    /// It is older than the one that is cosigned already.
    #[error("a later checkpoint is cosigned already")]
    Behind,
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl LedgerReader {
    /// Takes a checkpoint that witnesses have cosigned, and publishes it in the place of the one before. Signatures of
    /// several witnesses below the same checkpoint are kept together.
    pub async fn cosign(&self, note: SignedCheckpoint, witnesses: &[CosignerKey]) -> Result<(), CosignError> {
        let year = self.current().await?.ok_or(CosignError::Unknown)?;
        let key = self.key(year).await?;
        note.verify(&key).map_err(CosignError::Stranger)?;
        let mut note = note;
        note.keep(&key, witnesses);
        if note.cosignatures(witnesses).is_empty() {
            return Err(CosignError::Unknown);
        }
        if let Some(known) = self.cosigned(year).await? {
            if known.unverified().size > note.unverified().size {
                return Err(CosignError::Behind);
            }
            if known.unverified() == note.unverified() {
                note.join(&known, witnesses);
            }
        }
        let path = self.files.of(year, "cosigned").map_err(CosignError::Ledger)?;
        let text = note.to_string();
        self.files.objects().replace(&path, text.as_bytes()).await.map_err(LedgerError::from)?;
        Ok(())
    }

    /// The last checkpoint of a year's log that a witness has cosigned.
    pub async fn cosigned(&self, year: i16) -> Result<Option<SignedCheckpoint>, LedgerError> {
        let path = self.files.of(year, "cosigned")?;
        let Some(bytes) = self.files.objects().get(&path).await? else { return Ok(None) };
        let note = String::from_utf8(bytes).ok().and_then(|text| text.parse().ok());
        note.map(Some).ok_or_else(|| super::files::broken(&path, "is no signed checkpoint").into())
    }
}
