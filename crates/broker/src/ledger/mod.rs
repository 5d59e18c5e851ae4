//! The ledger: every audit event as an entry of an append-only log that nobody has to be trusted for.
//!
//! Writers put events into the outbox, in the transaction of what they tell of. The [`Sequencer`] gives them numbers: it
//! reads what waits, makes entries of it, grows the tree, signs, stages every file that belongs to the new tree, and then
//! advances the [`head`](head::Head), which makes it so. Whatever comes after that (files in their places, the index, the
//! outbox emptied, the checkpoint published) is done again by whoever finds it undone. Two sequencers cannot fork a log: a
//! head has one successor.
//!
//! One log per tenant and year. Its last entry closes it and names the next.

mod batch;
mod erase;
mod files;
pub mod head;
mod publication;
mod reader;
mod sequencer;
mod stage;
mod subjects;
mod watch;
mod witness;
mod years;

use std::fmt;
use std::sync::Arc;

use deputize_ledger::origin::InvalidOrigin;
use deputize_ledger::{Origin, VerifierKey};
use deputize_scope::TenantId;
use thiserror::Error;

use crate::ports::audit::AuditOutbox;
use crate::ports::clock::{Clock, Random};
use crate::ports::keys::KeyKeeper;
use crate::ports::ledger::{
    CheckpointMemory, EntryIndex, InvalidObjectPath, LogHeads, LogObjects, LogSigner, Monitor, PutError,
    Subjects,
};
use crate::ports::rotation::Alerts;
use crate::ports::signing::SigningError;
use crate::ports::{Source, StoreError};

pub use self::publication::Published;
pub use self::reader::{EntryFilter, EntryPage, FoundEntry, LedgerReader, Proven};
pub use self::sequencer::{Sealed, Sequencer};
pub use self::subjects::Disclosed;
pub use self::watch::{Disturbance, OutboxChange};
pub use self::witness::CosignError;

/// What the ledger acts through.
#[derive(Clone)]
pub struct LedgerPorts {
    /// Where events wait.
    pub outbox: Arc<dyn AuditOutbox>,
    /// The head.
    pub heads: Arc<dyn LogHeads>,
    /// Entries by the names of their events.
    pub index: Arc<dyn EntryIndex>,
    /// Whom entries tell of.
    pub subjects: Arc<dyn Subjects>,
    /// The files.
    pub objects: Arc<dyn LogObjects>,
    /// Data keys: those of subjects are wrapped.
    pub keys: Arc<dyn KeyKeeper>,
    /// What signs checkpoints.
    pub signer: Arc<dyn LogSigner>,
    /// Who is told of every entry.
    pub monitors: Vec<Arc<dyn Monitor>>,
    /// Where the last checkpoint is remembered, outside of the store.
    pub memory: Option<Arc<dyn CheckpointMemory>>,
    /// Whom to tell at once of what should not be.
    pub alerts: Arc<dyn Alerts>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
}

impl fmt::Debug for LedgerPorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LedgerPorts").finish_non_exhaustive()
    }
}

/// Whose ledger it is.
#[derive(Clone, Debug)]
pub struct LedgerSettings {
    tenant: TenantId,
    /// What the names of its logs begin with: a host name of the operator's, so that no two operators' logs have the same.
    origin: String,
}

impl LedgerSettings {
    /// The ledger of a tenant.
    ///
    /// # Errors
    /// Where no log can have a name that begins so.
    pub fn new(tenant: TenantId, origin: String) -> Result<Self, InvalidOrigin> {
        Origin::of(&origin, tenant.as_str(), 2000).map(|_| Self { tenant, origin })
    }

    /// The name of a year's log.
    fn origin(&self, year: i16) -> Result<Origin, LedgerError> {
        Ok(Origin::of(&self.origin, self.tenant.as_str(), year)?)
    }
}

impl LedgerPorts {
    /// The key of a year's log: its name and the public half.
    async fn log_key(&self, origin: &Origin) -> Result<VerifierKey, LedgerError> {
        Ok(VerifierKey::new(origin.clone(), &self.signer.public_key().await?)?)
    }
}

/// Why the ledger did not do what it was asked for.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file of the log.
    #[error(transparent)]
    Put(#[from] PutError),
    /// The key that signs checkpoints.
    #[error(transparent)]
    Signer(#[from] SigningError),
    /// The keys of subjects.
    #[error(transparent)]
    Seal(#[from] crate::seal::SealError),
    /// What was remembered of the last checkpoint could not be read or written.
    #[error("the last checkpoint could not be remembered")]
    Memory(#[source] Source),
    /// The log is not what it was: nothing is added to it until somebody has looked.
    #[error("the ledger was disturbed: {0}")]
    Disturbed(String),
    /// The name of a log.
    #[error(transparent)]
    Origin(#[from] InvalidOrigin),
    /// The key that signs checkpoints is none.
    #[error(transparent)]
    Key(#[from] deputize_ledger::note::InvalidKey),
    /// A checkpoint, or a signature below it.
    #[error(transparent)]
    Note(#[from] deputize_ledger::NoteError),
    /// An entry that is too large for a bundle.
    #[error(transparent)]
    TooLarge(#[from] deputize_ledger::bundle::EntryTooLarge),
    /// The name of a file.
    #[error(transparent)]
    Path(#[from] InvalidObjectPath),
    /// An entry that no log takes.
    #[error(transparent)]
    Entry(#[from] deputize_ledger::EntryError),
    /// A proof that could not be made.
    #[error(transparent)]
    Proof(#[from] deputize_ledger::proof::BuildError),
}
