//! What is written down of the keys that an issuer makes and forgets.

use std::sync::Arc;

use deputize_scope::TenantId;
use tokio::sync::Mutex;

use super::name::IssuerUrl;
use crate::audit::{AuditEvent, What};
use crate::caller::Actor;
use crate::ports::audit::AuditOutbox;
use crate::ports::clock::{Clock, Random};
use crate::ports::signing::{NewKey, SigningKey};

/// Keys are kept elsewhere than events, so no transaction has both. What cannot be written down stays here, and is tried
/// again whenever the keys are read; only where the process ends meanwhile is it lost.
pub(super) struct Journal {
    tenant: TenantId,
    outbox: Arc<dyn AuditOutbox>,
    waiting: Mutex<Vec<AuditEvent>>,
}

impl Journal {
    pub(super) fn new(tenant: TenantId, outbox: Arc<dyn AuditOutbox>) -> Self {
        Self { tenant, outbox, waiting: Mutex::default() }
    }

    /// Takes note of a key that was made to this order, and of those that were forgotten with it.
    pub(super) async fn made(
        &self,
        issuer: &IssuerUrl,
        key: &SigningKey,
        order: &NewKey,
        clock: &dyn Clock,
        random: &dyn Random,
    ) {
        let issuer = issuer.to_string();
        let added = What::SigningKeyAdded {
            issuer: issuer.clone(),
            key: key.public.id().to_string(),
            signs_from: key.signs_from,
        };
        let retired = order
            .ended
            .iter()
            .map(|key| What::SigningKeyRetired { issuer: issuer.clone(), key: key.to_string() });
        let all = std::iter::once(added).chain(retired);
        let all = all.map(|what| AuditEvent::new(&self.tenant, Actor::Broker, what, clock, random));
        self.waiting.lock().await.extend(all);
    }

    /// Writes down what waits.
    pub(super) async fn write(&self) {
        let mut waiting = self.waiting.lock().await;
        while let Some(event) = waiting.first() {
            if let Err(error) = self.outbox.record(event).await {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "what became of signing keys is not written down yet");
                return;
            }
            waiting.remove(0);
        }
    }
}
