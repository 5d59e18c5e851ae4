//! What does it: takes what is due, claims it, runs one effect, writes what came of it, and goes on from there.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use deputize_scope::identifier::{CredentialId, CredentialType};
use futures_util::StreamExt as _;
use futures_util::stream;
use thiserror::Error;

use super::effect::Hand;
use super::machine::{Context, Effect, Event, Step, Told, Trouble, step};
use super::record::{after, event};
use super::state::{Claim, Rotation, WorkerId};
use crate::audit::AuditEvent;
use crate::broker::Broker;
use crate::caller::Actor;
use crate::ports::StoreError;
use crate::ports::credentials::{ChangeError, CredentialChange};
use crate::ports::rotation::{Alerts, KeyProvider, OperationId, Windows};
use crate::scopes::LoadError;
use crate::stored::{CredentialRecord, OauthMinter, SealedVersion, Vault};

/// How many are in hand at once: as many as a provider that takes its time leaves idle.
const AT_ONCE: usize = 16;
/// How many are asked for at a time.
const BATCH: u32 = 256;
/// How often a write is tried whose answer was lost, and the pause before the second attempt; twice as long before each
/// further one. What cannot be written down after that is found again by whoever comes next.
const WRITES: u32 = 5;
const WRITE_PAUSE: Duration = Duration::from_millis(50);

/// What rotation acts through, beside what the broker does.
#[derive(Clone)]
pub struct Providers {
    /// Where keys are made, by type.
    pub keys: BTreeMap<CredentialType, Arc<dyn KeyProvider>>,
    /// How long a deployment gives providers and agents, where that is not what a provider says of itself.
    pub windows: Arc<dyn Fn(Windows) -> Windows + Send + Sync>,
    /// What exchanges refresh tokens.
    pub tokens: Option<Arc<OauthMinter>>,
    /// Who is told at once.
    pub alerts: Arc<dyn Alerts>,
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Providers").field("keys", &self.keys.keys()).finish_non_exhaustive()
    }
}

/// What a tick did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticked {
    /// How many rotations it took up.
    pub taken: u32,
    /// How many of them it had to leave, for a store or a key that does not answer.
    pub left: u32,
}

/// Why a tick ended early.
#[derive(Debug, Error)]
pub enum TickError {
    /// The scope document cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a rotation is left where it is.
#[derive(Debug, Error)]
enum Left {
    /// Somebody else has it.
    #[error("somebody else has taken it up")]
    Taken,
    /// Somebody else could take it up before a call has come to an end.
    #[error("this worker was held up")]
    HeldUp,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Rotates what is due. Cheap to clone.
#[derive(Clone)]
pub struct Rotator {
    pub(super) broker: Arc<Broker>,
    pub(super) vault: Vault,
    pub(super) providers: Providers,
    worker: WorkerId,
}

impl fmt::Debug for Rotator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rotator").field("worker", &self.worker).finish_non_exhaustive()
    }
}

impl Rotator {
    /// A worker.
    pub fn new(broker: Arc<Broker>, providers: Providers) -> Self {
        let vault = broker.vault();
        let worker = WorkerId::fresh(&*vault.clock, &*vault.random);
        Self { broker, vault, providers, worker }
    }

    /// Rotates what is due, and goes on until nothing is or the monotonic clock has come to `until`: after that nothing is
    /// begun, and what is in hand takes a minute at most. Sets schedules first where the scope document has changed.
    pub async fn tick(&self, until: Duration) -> Result<Ticked, TickError> {
        self.reschedule().await?;
        let mut ticked = Ticked::default();
        loop {
            let now = self.vault.clock.now();
            let due = self.vault.credentials.due_rotations(self.broker.tenant(), now, BATCH).await?;
            let results = stream::iter(due)
                .map(|id| async move {
                    if self.vault.clock.monotonic() >= until {
                        return (0, 0);
                    }
                    match self.advance(&id).await {
                        Ok(true) => (1, 0),
                        Ok(false) | Err(Left::Taken) => (0, 0),
                        Err(error) => {
                            tracing::error!(credential = %id, %error, "a rotation is left to the next tick");
                            (0, 1)
                        }
                    }
                })
                .buffer_unordered(AT_ONCE);
            let (taken, left) =
                results.fold((0, 0), |sum, one| async move { (sum.0 + one.0, sum.1 + one.1) }).await;
            ticked.taken += taken;
            ticked.left += left;
            if taken == 0 || self.vault.clock.monotonic() >= until {
                return Ok(ticked);
            }
        }
    }

    /// Takes one up, if nobody else has, and goes as far as it can go now. Whether it was to be taken up.
    async fn advance(&self, id: &CredentialId) -> Result<bool, Left> {
        let Some(mut record) = self.vault.credentials.find(self.broker.tenant(), id).await? else {
            return Ok(false);
        };
        // The index may lag behind; the record says whether it is due.
        if !record.rotation.is_free(self.vault.clock.now()) {
            return Ok(false);
        }
        let mut hand = Hand::default();
        let mut version = None;
        let mut event = match self.prepare(&record, &mut hand).await {
            Ok(()) => Event::Taken(OperationId::fresh(&*self.vault.clock, &*self.vault.random)),
            // What a worker before this one may have asked for is not known either.
            Err(trouble) => Event::Trouble(Trouble { lost: true, ..trouble }),
        };
        loop {
            let (effect, written) = self.step(&record, &hand, event, version.take()).await?;
            record = written;
            event = match effect {
                Some(effect) => {
                    let now = self.vault.clock.now();
                    if !record.rotation.claim.is_some_and(|claim| claim.may_begin(now)) {
                        return Err(Left::HeldUp);
                    }
                    let done = self.perform(&record, &mut hand, &effect).await;
                    version = done.version;
                    if effect == Effect::Renew {
                        // What was renewed was written by whoever renewed it.
                        record = self.reread(record).await?;
                    }
                    done.event
                }
                None if record.rotation.claim.is_some() => {
                    Event::Taken(OperationId::fresh(&*self.vault.clock, &*self.vault.random))
                }
                None => return Ok(true),
            };
        }
    }

    /// Writes down the step that follows from an event. What goes on at once stays claimed.
    async fn step(
        &self,
        record: &CredentialRecord,
        hand: &Hand,
        happened: Event,
        version: Option<SealedVersion>,
    ) -> Result<(Option<Effect>, CredentialRecord), Left> {
        let now = self.vault.clock.now();
        let context = Context {
            now,
            current: record.facts.key_id(),
            consumers: &record.consumers,
            schedule: &record.schedule,
            means: &hand.means,
        };
        let step = step(&record.rotation, happened, &context);
        let goes_on = step.effect.is_some() || step.rotation.due.is_some_and(|due| due <= now);
        let rotation = if goes_on {
            step.rotation.clone().held(Claim::of(self.worker, now))
        } else {
            step.rotation.clone()
        };
        let first = after(record, rotation, step.promoted.as_ref(), now);
        let event = event(&self.vault, Actor::Broker, &first, &step.told, record.rotation.phase.operation());
        let written = self.write(record, first.rotation, &step, version, event.clone()).await?;
        // Only what has happened is raised. Where this worker dies before it, the event tells of it a little later.
        if let (Told::Alert(..), Some(event)) = (&step.told, &event)
            && let Err(error) = self.providers.alerts.raise(event).await
        {
            tracing::error!(credential = %record.id, error, "an alert was not raised");
        }
        Ok((step.effect, written))
    }

    /// Writes a step down, over whatever else has changed on record meanwhile, as long as the rotation is as it was left.
    async fn write(
        &self,
        record: &CredentialRecord,
        rotation: Rotation,
        step: &Step,
        version: Option<SealedVersion>,
        event: Option<AuditEvent>,
    ) -> Result<CredentialRecord, Left> {
        let now = self.vault.clock.now();
        let mut before = record.clone();
        let mut pause = WRITE_PAUSE;
        let mut may_be_written = false;
        for attempt in 1.. {
            let mut next = after(&before, rotation.clone(), step.promoted.as_ref(), now);
            if let Some(version) = &version {
                next.newest = next.newest.max(version.number);
            }
            let (version, event) = (version.clone(), event.clone());
            let change =
                CredentialChange { before: Some(before.clone()), after: next.clone(), version, event };
            match self.vault.credentials.change(change).await {
                Ok(()) => return Ok(next),
                Err(ChangeError::Superseded) => {
                    let found = self.vault.credentials.find(&record.tenant, &record.id).await?;
                    let found = found.ok_or(Left::Taken)?;
                    if may_be_written && found.rotation == rotation && found.revision == next.revision {
                        // It was written, and the answer was lost. Another worker could have written the same otherwise.
                        return Ok(found);
                    }
                    if found.rotation != record.rotation
                        || found.current != record.current
                        || attempt >= WRITES
                    {
                        return Err(Left::Taken);
                    }
                    before = found;
                }
                Err(ChangeError::Store(error)) if attempt >= WRITES => return Err(error.into()),
                Err(ChangeError::Store(_)) => {
                    may_be_written = true;
                    tokio::time::sleep(pause).await;
                    pause = pause.saturating_mul(2);
                }
            }
        }
        Err(Left::Taken)
    }

    async fn reread(&self, record: CredentialRecord) -> Result<CredentialRecord, Left> {
        let found = self.vault.credentials.find(&record.tenant, &record.id).await?.ok_or(Left::Taken)?;
        if found.rotation == record.rotation { Ok(found) } else { Err(Left::Taken) }
    }
}
