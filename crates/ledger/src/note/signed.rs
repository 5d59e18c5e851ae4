//! Checkpoints with the signatures below them.

use std::fmt;
use std::str::FromStr;

use signed_note::{Note, Signature, VerificationError, Verifier, Verifiers};

use super::key::timed;
use super::{Checkpoint, CosignerKey, NoteError, VerifierKey};

/// How many signatures a note may carry.
pub(super) const SIGNATURE_LIMIT: usize = 100;

/// A checkpoint as it is published: a signed note. Nothing of it is believed until it was verified.
#[derive(Clone, Debug, PartialEq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    signatures: Vec<Signature>,
}

impl SignedCheckpoint {
    /// Puts the signature of the log's key below a checkpoint. It is over [`Checkpoint::message`], and verified.
    pub fn sign_with(
        checkpoint: Checkpoint,
        key: &VerifierKey,
        signature: [u8; 64],
    ) -> Result<Self, NoteError> {
        let mut signed = Self { checkpoint, signatures: Vec::new() };
        signed.replace(key, signature.to_vec())?;
        signed.verify(key)?;
        Ok(signed)
    }

    /// Puts a witness's signature below it, in the place of an earlier one of its. It is over
    /// [`cosignature_message`](super::cosignature_message) at the same time, in seconds since 1970, and verified.
    pub fn add_cosignature(
        &mut self,
        key: &CosignerKey,
        at: u64,
        signature: [u8; 64],
    ) -> Result<(), NoteError> {
        let mut cosigned = self.clone();
        cosigned.replace(key, [at.to_be_bytes().as_slice(), signature.as_slice()].concat())?;
        cosigned.signature_of(key)?;
        *self = cosigned;
        Ok(())
    }

    /// What it says, if the log's key signed it.
    pub fn verify(&self, key: &VerifierKey) -> Result<Checkpoint, NoteError> {
        if self.checkpoint.origin != *key.name() {
            let (expected, found) = (key.name().clone(), self.checkpoint.origin.clone());
            return Err(NoteError::OtherLog { expected, found });
        }
        self.signature_of(key)?;
        Ok(self.checkpoint.clone())
    }

    /// Which of these witnesses signed it, and when, in seconds since 1970.
    pub fn cosignatures(&self, keys: &[CosignerKey]) -> Vec<(CosignerKey, u64)> {
        let signed = |key: &CosignerKey| {
            let signature = self.signature_of(key).ok()?;
            timed(signature.signature()).map(|(at, _)| (key.clone(), at))
        };
        keys.iter().filter_map(signed).collect()
    }

    /// Keeps the good signatures of these keys, and no other.
    pub fn keep(&mut self, key: &VerifierKey, witnesses: &[CosignerKey]) {
        let log = self.signature_of(key).ok();
        let cosigned = witnesses.iter().filter_map(|witness| self.signature_of(witness).ok());
        self.signatures = log.into_iter().chain(cosigned).collect();
    }

    /// Takes the good signatures of these witnesses below the same checkpoint that it does not have itself.
    pub fn join(&mut self, other: &Self, witnesses: &[CosignerKey]) {
        if self.checkpoint != other.checkpoint {
            return;
        }
        for witness in witnesses {
            if let (Err(_), Ok(theirs)) = (self.signature_of(witness), other.signature_of(witness)) {
                self.signatures.push(theirs);
            }
        }
    }

    /// What it says, whoever signed it. To be shown, not to be relied on.
    pub fn unverified(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The one good signature of a key.
    fn signature_of(&self, key: &impl Verifier) -> Result<Signature, NoteError> {
        let name = || format!("{}+{:08x}", key.name(), key.key_id());
        let note = Note::new(self.checkpoint.message().as_bytes(), &self.signatures);
        match note.map_err(|_| NoteError::Malformed)?.verify(&Only(key)) {
            Ok((mut good, _)) => good.pop().ok_or_else(|| NoteError::NotSigned(name())),
            Err(signed_note::NoteError::InvalidSignature { .. }) => Err(NoteError::WrongSignature(name())),
            Err(_) => Err(NoteError::NotSigned(name())),
        }
    }

    fn replace(&mut self, key: &impl Verifier, signature: Vec<u8>) -> Result<(), NoteError> {
        self.signatures.retain(|other| (other.name(), other.id()) != (key.name(), key.key_id()));
        if self.signatures.len() >= SIGNATURE_LIMIT {
            return Err(NoteError::TooManySignatures);
        }
        let signature = Signature::new(key.name().to_owned(), key.key_id(), signature);
        self.signatures.push(signature.map_err(|_| NoteError::Malformed)?);
        Ok(())
    }
}

/// Knows one key.
struct Only<'a, K>(&'a K);

impl<K: Verifier> Verifiers for Only<'_, K> {
    fn verifier(&self, name: &str, id: u32) -> Result<&dyn Verifier, VerificationError> {
        let is_it = self.0.name() == name && self.0.key_id() == id;
        if is_it { Ok(self.0) } else { Err(VerificationError::UnknownKey { name: name.to_owned(), id }) }
    }
}

impl FromStr for SignedCheckpoint {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, NoteError> {
        // The library splits and checks it, and keeps the signatures to itself.
        Note::from_bytes(note.as_bytes()).map_err(|_| NoteError::Malformed)?;
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::Malformed)?;
        let signatures =
            signatures.lines().map(|line| Signature::from_bytes(line.as_bytes())).collect::<Result<_, _>>();
        let signed = Self {
            checkpoint: Checkpoint::parse(&format!("{text}\n"))?,
            signatures: signatures.map_err(|_| NoteError::Malformed)?,
        };
        // There is one way to write a note; a reader that is lenient anywhere would let bytes change unnoticed.
        if signed.to_string() == note { Ok(signed) } else { Err(NoteError::Malformed) }
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.checkpoint.message())?;
        let lines = self.signatures.iter().map(Signature::to_bytes);
        lines.into_iter().try_for_each(|line| f.write_str(&String::from_utf8_lossy(&line)))
    }
}
