//! A change of the scope document takes effect at once: by the next tick, every credential that it declares has the
//! schedule that it says.

use deputize_scope::document::StoredCredential;
use deputize_scope::identifier::CredentialType;

use super::driver::{Rotator, TickError};
use super::machine::{rescheduled, wanted};
use super::schedule::Schedule;
use crate::audit::What;
use crate::caller::Actor;
use crate::ports::StoreError;
use crate::ports::credentials::{ChangeError, CredentialChange};
use crate::stored::CredentialRecord;

/// How often it is tried while others write to the same record.
const ATTEMPTS: u32 = 8;

impl Rotator {
    /// Sets all schedules where another document is current than the one that they were last set by. Costs what the
    /// document declares, and only once; two reads where nothing has changed. Whoever is interrupted begins again.
    pub(super) async fn reschedule(&self) -> Result<(), TickError> {
        let Some(scopes) = self.broker.scopes().await? else { return Ok(()) };
        let tenant = self.broker.tenant();
        let version = scopes.head.version;
        if self.vault.credentials.scheduled_by(tenant).await? == Some(version) {
            return Ok(());
        }
        for declared in &scopes.document.credentials {
            self.set_schedule(declared).await?;
        }
        Ok(self.vault.credentials.set_scheduled_by(tenant, version).await?)
    }

    async fn set_schedule(&self, declared: &StoredCredential) -> Result<(), TickError> {
        let schedule = Schedule::of(declared);
        for _ in 0..ATTEMPTS {
            let found = self.vault.credentials.find(self.broker.tenant(), &declared.id).await?;
            let Some(before) = found.filter(|found| found.kind == declared.kind) else { return Ok(()) };
            let consumers = declared.consumers();
            let is_set =
                before.schedule == schedule && before.consumers == consumers && before.risk == declared.risk;
            // A credential that was imported for another agent is not handed over by a document alone.
            if is_set || before.agent != declared.agent {
                return Ok(());
            }
            let now = self.vault.clock.now();
            let mut rotation = rescheduled(&before.rotation, &schedule, now);
            // A client secret ends a while after its next rotation would have been: one that is to serve for longer has to
            // be another.
            if before.kind == CredentialType::AzureServicePrincipal && schedule.every > before.schedule.every
            {
                rotation = wanted(&rotation, now).unwrap_or(rotation);
            }
            let (schedule, risk) = (schedule.clone(), declared.risk);
            let after = CredentialRecord { schedule, consumers, risk, rotation, ..before.changed() };
            let what = What::RotationScheduled {
                credential: after.id.clone(),
                agent: after.agent.clone(),
                every_seconds: after.schedule.every,
                connector: after.schedule.connector.clone(),
            };
            let event = Some(self.vault.event(self.broker.tenant(), Actor::Broker, what));
            match self
                .vault
                .credentials
                .change(CredentialChange { before: Some(before), after, version: None, event })
                .await
            {
                Ok(()) => return Ok(()),
                Err(ChangeError::Superseded) => {}
                Err(ChangeError::Store(error)) => return Err(error.into()),
            }
        }
        // The next tick begins again.
        Err(StoreError::Throttled.into())
    }
}
