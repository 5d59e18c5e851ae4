//! Whether an entry is in an audit log.

use deputize_ledger::{Hash, Origin, ProofError, VerifierKey, verify_entry};
use serde::{Deserialize, Serialize};
use tsify::Tsify;

/// That an entry is in the log of a size, as the broker gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Tsify)]
#[serde(deny_unknown_fields)]
pub struct InclusionProof {
    /// The entry's place, counted from 0.
    pub sequence: u64,
    /// How many entries the log has that it is proved to be in.
    pub size: u64,
    /// The hashes beside its way up to the root, in base64, from the leaf's neighbour on.
    pub hashes: Vec<String>,
}

/// Whether an entry is in a log, or why that is not shown.
///
/// In TypeScript, `{ verified: true, size, origin }` or `{ verified: false, code, message }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    verified: bool,
    #[serde(flatten)]
    reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Reason {
    Proved { size: u64, origin: Origin },
    NotProved { code: &'static str, message: String },
}

impl Verdict {
    /// Whether the entry is in the log.
    pub fn verified(&self) -> bool {
        self.verified
    }

    fn not_proved(code: &'static str, message: String) -> Self {
        Self { verified: false, reason: Reason::NotProved { code, message } }
    }
}

impl From<ProofError> for Verdict {
    fn from(error: ProofError) -> Self {
        let mut message = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            message = format!("{message}: {error}");
            cause = error.source();
        }
        Self::not_proved(error.code(), message)
    }
}

/// Whether an entry is in the log that a checkpoint is of, and a key has signed that checkpoint. `entry` is the
/// entry exactly as the log holds it, `key` the log's public key (c2sp.org/signed-note).
pub fn explain_proof(entry: &[u8], proof: &InclusionProof, checkpoint: &str, key: &str) -> Verdict {
    let key: VerifierKey = match key.parse() {
        Ok(key) => key,
        Err(problem) => return Verdict::not_proved("malformed_key", format!("no key of a log: {problem}")),
    };
    let hashes: Result<Vec<Hash>, _> = proof.hashes.iter().map(|hash| hash.parse()).collect();
    let hashes = match hashes {
        Ok(hashes) => hashes,
        Err(problem) => return Verdict::not_proved("malformed_proof", format!("no proof: {problem}")),
    };
    let size = proof.size;
    let proof = deputize_ledger::InclusionProof { sequence: proof.sequence, size, hashes };
    match verify_entry(entry, &proof, checkpoint, &key) {
        Ok(()) => Verdict { verified: true, reason: Reason::Proved { size, origin: key.name().clone() } },
        Err(error) => error.into(),
    }
}
