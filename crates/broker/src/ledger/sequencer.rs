//! The sequencer: what waits becomes entries of the log.

use std::fmt;
use std::time::Duration;

use deputize_ledger::note::cosignature_message;
use deputize_ledger::tile::{FULL, Kind};
use deputize_ledger::{Checkpoint, CosignerKey, Edge, Origin, SignedCheckpoint, TilePath, bundle};
use futures_util::future::try_join_all;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::batch::{Batch, Destination};
use super::files::{Files, leaves, partial};
use super::head::Head;
use super::publication::Published;
use super::stage::{File, Stage};
use super::subjects::Keys;
use super::{LedgerError, LedgerPorts, LedgerSettings};
use crate::audit::{Anomaly, AuditEvent, What};
use crate::caller::Actor;
use crate::lease::fresh_uuid;
use crate::ports::StoreError;
use crate::ports::audit::Waiting;
use crate::ports::ledger::{AdvanceError, ObjectPath, PutError};
use crate::rotation::told::Severity;

/// How many events a batch has at most.
const BATCH: u32 = 4_096;

/// How long a checkpoint stands before its signer says again that it is the last one.
const RENEWAL: SignedDuration = SignedDuration::from_hours(1);

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sealed {
    /// How many entries it has appended.
    pub appended: u64,
    /// Whether time was up before everything that waited was appended.
    pub is_cut_short: bool,
    /// What monitors were told of.
    pub published: Published,
}

/// Appends what waits in the outbox to the log.
pub struct Sequencer {
    pub(super) settings: LedgerSettings,
    pub(super) ports: LedgerPorts,
    pub(super) files: Files,
    keys: Mutex<Keys>,
    /// Whether somebody was told that the log is not what it was.
    told: Mutex<bool>,
}

impl fmt::Debug for Sequencer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sequencer").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// What one step came to.
enum Step {
    /// There may be more to do.
    Done { appended: u64 },
    /// Nothing waits.
    Idle,
}

impl Sequencer {
    /// A sequencer of a tenant's ledger.
    pub fn new(settings: LedgerSettings, ports: LedgerPorts) -> Self {
        let files = Files::new(settings.tenant.clone(), ports.objects.clone());
        Self { settings, ports, files, keys: Mutex::default(), told: Mutex::new(false) }
    }

    /// Appends what waits, until nothing does or the time `until` (monotonic) has come, and tells monitors of what was
    /// appended, by this run or by others. Monitors that cannot be told are told later: that is no error.
    ///
    /// # Errors
    /// [`LedgerError`]; what was appended before it stays appended.
    pub async fn seal(&self, until: Duration) -> Result<Sealed, LedgerError> {
        self.look_back().await?;
        let mut sealed = Sealed::default();
        while let Step::Done { appended } = Box::pin(self.step()).await? {
            sealed.appended += appended;
            if self.ports.clock.monotonic() >= until {
                sealed.is_cut_short = true;
                break;
            }
        }
        sealed.published = self.publish(until).await?;
        Ok(sealed)
    }

    async fn step(&self) -> Result<Step, LedgerError> {
        let now = self.ports.clock.now();
        let Some(head) = self.ports.heads.head(&self.settings.tenant).await? else {
            return self.open(None, now).await;
        };
        if head.staged.is_some() {
            self.finish(head).await?;
            return Ok(Step::Done { appended: 0 });
        }
        if head.is_closed {
            return self.open(Some(&head), now).await;
        }
        if year_of(now) > head.year {
            return self.close(&head, now).await;
        }
        let waiting = self.waiting().await?;
        if waiting.is_empty() {
            return self.idle(head, now).await;
        }
        let at = now.max(head.recorded_at);
        let to = self.destination(head.year, head.edge.size(), at);
        let batch = Batch::of(waiting, to, &mut *self.keys.lock().await).await?;
        self.append(&head, batch, at, false).await
    }

    /// What waits, from every shard, in the order of the events' names.
    async fn waiting(&self) -> Result<Vec<Waiting>, LedgerError> {
        let outbox = &self.ports.outbox;
        let share = BATCH / u32::from(outbox.shards()).max(1);
        let shards =
            (0..outbox.shards()).map(|shard| outbox.pending(&self.settings.tenant, shard, None, share));
        let mut waiting: Vec<Waiting> = try_join_all(shards).await?.into_iter().flatten().collect();
        waiting.sort_by(|one, other| one.key().name.cmp(&other.key().name));
        Ok(waiting)
    }

    fn destination(&self, year: i16, from: u64, at: Timestamp) -> Destination<'_> {
        let (files, ports) = (&self.files, &self.ports);
        Destination { tenant: &self.settings.tenant, year, from, at, files, ports }
    }

    /// Begins the log of this year: the first, or the one after `former`.
    async fn open(&self, former: Option<&Head>, now: Timestamp) -> Result<Step, LedgerError> {
        let year = former.map_or(year_of(now), |former| year_of(now).max(former.year + 1));
        let origin = self.settings.origin(year)?;
        let key = self.ports.log_key(&origin).await?.to_string();
        let previous = former.map(|former| former.checkpoint.unverified().message());
        let what = What::LedgerOpened { origin: origin.to_string(), key, previous };
        let batch = Batch::of_own(what, self.destination(year, 0, now), &mut *self.keys.lock().await).await?;
        let empty = Head {
            version: former.map_or(0, |former| former.version),
            year,
            edge: Edge::default(),
            checkpoint: self.sign(origin, &Edge::default()).await?,
            signed_at: now,
            recorded_at: former.map_or(now, |former| former.recorded_at.max(now)),
            is_closed: false,
            staged: None,
            superseded: Vec::new(),
            mismatched: Vec::new(),
        };
        let at = empty.recorded_at;
        self.append(&empty, batch, at, false).await
    }

    /// Ends the log of a year that is over.
    async fn close(&self, head: &Head, now: Timestamp) -> Result<Step, LedgerError> {
        let origin = self.settings.origin(head.year)?.to_string();
        let next = self.settings.origin(year_of(now))?.to_string();
        let what = What::LedgerClosed { origin, size: head.edge.size() + 1, next };
        let at = now.max(head.recorded_at);
        let to = self.destination(head.year, head.edge.size(), at);
        let batch = Batch::of_own(what, to, &mut *self.keys.lock().await).await?;
        self.append(head, batch, at, true).await
    }

    /// Grows the tree by a batch, stages what belongs to it, and makes it so.
    async fn append(
        &self,
        before: &Head,
        mut batch: Batch,
        at: Timestamp,
        is_closed: bool,
    ) -> Result<Step, LedgerError> {
        let appended = batch.entries.len() as u64;
        let mut head = before.clone();
        let mut stage =
            Stage { files: std::mem::take(&mut batch.files), settled: std::mem::take(&mut batch.settled) };
        let mut bundle = self.last_bundle(before, &mut head.mismatched).await?;
        for tile in head.edge.append(leaves(&batch.entries)) {
            self.place(&mut stage, head.year, &tile.path, tile.bytes)?;
        }
        let mut index = before.edge.size() / u64::from(FULL);
        for entry in std::mem::take(&mut batch.entries) {
            bundle.push(entry);
            if bundle.len() == usize::from(FULL) {
                let full = std::mem::take(&mut bundle);
                self.place_bundle(&mut stage, &head, index, full)?;
                head.mismatched.clear();
                index += 1;
            }
        }
        self.place_bundle(&mut stage, &head, index, bundle)?;
        let still: Vec<TilePath> = partial(head.edge.size()).collect();
        let superseded = partial(before.edge.size()).filter(|tile| !still.contains(tile));
        head.superseded =
            superseded.map(|tile| self.files.tile(head.year, &tile)).collect::<Result<_, _>>()?;
        head.checkpoint = self.sign(self.settings.origin(head.year)?, &head.edge).await?;
        (head.signed_at, head.recorded_at, head.is_closed) = (at, at, is_closed);
        let name = fresh_uuid(&*self.ports.clock, &*self.ports.random).hyphenated().to_string();
        head.staged = Some(stage.write(&self.files, &name).await?);
        head.version += 1;
        let staged = head.staged.clone();
        match self.ports.heads.advance(&self.settings.tenant, &head).await {
            Ok(()) => {}
            Err(AdvanceError::Superseded) => {
                self.drop_file(staged.map(|staged| staged.path)).await;
                return Ok(Step::Done { appended: 0 });
            }
            Err(AdvanceError::Store(error)) => return Err(error.into()),
        }
        for event in &batch.alarming {
            self.alert(event).await;
        }
        self.finish_with(head, stage).await?;
        Ok(Step::Done { appended })
    }

    fn place_bundle(
        &self,
        stage: &mut Stage,
        head: &Head,
        index: u64,
        entries: Vec<Vec<u8>>,
    ) -> Result<(), LedgerError> {
        match TilePath::within(head.edge.size(), Kind::Entries, index) {
            Some(tile) => self.place(stage, head.year, &tile, bundle::encode(entries)?),
            None => Ok(()),
        }
    }

    fn place(
        &self,
        stage: &mut Stage,
        year: i16,
        tile: &TilePath,
        bytes: Vec<u8>,
    ) -> Result<(), LedgerError> {
        stage.files.push(File { path: self.files.tile(year, tile)?, bytes });
        Ok(())
    }

    /// The entries of the bundle that is not full. The tree knows their hashes: who has changed one of them is found out
    /// here, and told of once. What stands there is kept; it is for those who verify to see.
    async fn last_bundle(&self, head: &Head, mismatched: &mut Vec<u64>) -> Result<Vec<Vec<u8>>, LedgerError> {
        let size = head.edge.size();
        let meant = head.edge.level(0);
        let index = size / u64::from(FULL);
        let mut bundle = match self.files.bundle(head.year, index, size).await {
            Ok(bundle) => bundle,
            Err(LedgerError::Store(StoreError::Inconsistent { .. })) => Vec::new(),
            Err(error) => return Err(error),
        };
        bundle.resize(meant.len(), Vec::new());
        for (place, (leaf, meant)) in leaves(&bundle).iter().zip(meant).enumerate() {
            let sequence = index * u64::from(FULL) + place as u64;
            if leaf != meant && !mismatched.contains(&sequence) {
                mismatched.push(sequence);
                let anomaly =
                    Anomaly::EntryMismatch { origin: self.settings.origin(head.year)?.to_string(), sequence };
                self.tell(anomaly).await?;
            }
        }
        Ok(bundle)
    }

    /// Puts everything that belongs to a head in its place. Whoever finds it undone does it again.
    async fn finish(&self, head: Head) -> Result<(), LedgerError> {
        let Some(staged) = &head.staged else { return Ok(()) };
        match Stage::read(&self.files, staged).await {
            Ok(stage) => self.finish_with(head, stage).await,
            Err(error) => {
                let now = self.ports.heads.head(&self.settings.tenant).await?;
                if now.is_some_and(|now| now.version > head.version) {
                    return Ok(());
                }
                match error {
                    // What the head says cannot be put in place any more.
                    LedgerError::Disturbed(_) | LedgerError::Store(StoreError::Inconsistent { .. }) => {
                        self.disturbed(Anomaly::HistoryDiffers { at: staged.path.to_string() }).await
                    }
                    error => Err(error),
                }
            }
        }
    }

    /// The same, with what is staged.
    async fn finish_with(&self, mut head: Head, stage: Stage) -> Result<(), LedgerError> {
        let Some(staged) = head.staged.take() else { return Ok(()) };
        let objects = self.files.objects();
        let puts = stage.files.iter().map(|file| objects.put(&file.path, &file.bytes));
        if let Err(error) = try_join_all(puts).await {
            if let PutError::Different(path) = &error {
                self.disturbed(Anomaly::HistoryDiffers { at: path.to_string() }).await?;
            }
            return Err(error.into());
        }
        self.ports.index.settle(&self.settings.tenant, &stage.settled).await?;
        self.show(&head).await?;
        let superseded = std::mem::take(&mut head.superseded);
        head.version += 1;
        match self.ports.heads.advance(&self.settings.tenant, &head).await {
            Ok(()) => {
                // Only those names are removed that were given once: what another does at the same time is the same.
                for path in superseded.into_iter().chain([staged.path]) {
                    self.drop_file(Some(path)).await;
                }
                Ok(())
            }
            Err(AdvanceError::Superseded) => Ok(()),
            Err(AdvanceError::Store(error)) => Err(error.into()),
        }
    }

    /// Publishes the checkpoint of a head whose files are all there.
    async fn show(&self, head: &Head) -> Result<(), LedgerError> {
        let text = head.checkpoint.to_string();
        let path = self.files.of(head.year, "checkpoint")?;
        self.files.objects().replace(&path, text.as_bytes()).await?;
        if let Some(memory) = &self.ports.memory {
            memory.remember(&self.settings.tenant, &text).await.map_err(LedgerError::Memory)?;
        }
        Ok(())
    }

    /// Nothing waits: the checkpoint stands as it is, and once in an hour the log's key says so.
    async fn idle(&self, mut head: Head, now: Timestamp) -> Result<Step, LedgerError> {
        if now.duration_since(head.signed_at) >= RENEWAL {
            let origin = self.settings.origin(head.year)?;
            let key = CosignerKey::new(origin, &self.ports.signer.public_key().await?)?;
            let seconds = u64::try_from(now.as_second()).unwrap_or(0);
            let message = cosignature_message(head.checkpoint.unverified(), seconds);
            let signature = self.ports.signer.sign(&message).await?;
            head.checkpoint.add_cosignature(&key, seconds, signature)?;
            head.signed_at = now;
            head.version += 1;
            match self.ports.heads.advance(&self.settings.tenant, &head).await {
                Ok(()) => {}
                Err(AdvanceError::Superseded) => return Ok(Step::Done { appended: 0 }),
                Err(AdvanceError::Store(error)) => return Err(error.into()),
            }
        }
        // Somebody who was slow may have put an older one in its place.
        let shown = self.files.checkpoint(head.year).await?;
        if shown.is_none_or(|shown| shown.to_string() != head.checkpoint.to_string()) {
            self.show(&head).await?;
        }
        Ok(Step::Idle)
    }

    async fn sign(&self, origin: Origin, edge: &Edge) -> Result<SignedCheckpoint, LedgerError> {
        let key = self.ports.log_key(&origin).await?;
        let checkpoint = Checkpoint { origin, size: edge.size(), root: edge.root() };
        let signature = self.ports.signer.sign(checkpoint.message().as_bytes()).await?;
        Ok(SignedCheckpoint::sign_with(checkpoint, &key, signature)?)
    }

    /// The log is not what it was. Somebody is told, once, and nothing is appended.
    pub(super) async fn disturbed(&self, anomaly: Anomaly) -> Result<(), LedgerError> {
        let mut told = self.told.lock().await;
        if !*told {
            let event = self.tell(anomaly.clone()).await?;
            self.alert(&event).await;
            *told = true;
        }
        Err(LedgerError::Disturbed(anomaly.to_string()))
    }

    /// Has an entry say what was found.
    pub(super) async fn tell(&self, anomaly: Anomaly) -> Result<AuditEvent, LedgerError> {
        let what = What::LedgerAnomaly { anomaly, severity: Severity::High };
        let (clock, random) = (&*self.ports.clock, &*self.ports.random);
        let event = AuditEvent::new(&self.settings.tenant, Actor::Broker, what, clock, random);
        self.ports.outbox.record(&event).await?;
        Ok(event)
    }

    async fn alert(&self, event: &AuditEvent) {
        if let Err(error) = self.ports.alerts.raise(event).await {
            tracing::error!(%error, event = %event.id, "an alert could not be raised");
        }
    }

    /// What nobody needs any more is no reason to fail.
    async fn drop_file(&self, path: Option<ObjectPath>) {
        let Some(path) = path else { return };
        if let Err(error) = self.files.objects().remove(&path).await {
            tracing::warn!(%error, %path, "a file that is needed no more is still there");
        }
    }
}

fn year_of(time: Timestamp) -> i16 {
    time.to_zoned(TimeZone::UTC).year()
}
