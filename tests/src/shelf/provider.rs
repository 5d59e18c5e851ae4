//! A provider that answers at once, and remembers nothing: what is measured is everything else.

use std::time::Duration;

use async_trait::async_trait;
use deputize_broker::Secret;
use deputize_broker::ports::rotation::{
    Abilities, KeyId, KeyProvider, ListedKey, OperationId, ProviderError, Subject, Windows,
};
use deputize_broker::stored::StoredSecret;
use deputize_broker::stored::secret::StoredAccessKey;
use jiff::{SignedDuration, Timestamp};

/// For how long it says that it is busy: a tick that takes a while must not find the same ones due again.
const BUSY: Duration = Duration::from_secs(3_600);

/// A provider that answers at once.
#[derive(Clone, Copy, Debug)]
pub struct InstantProvider {
    probes: u8,
    is_busy: bool,
}

impl InstantProvider {
    /// Its keys work everywhere at once: agents are told of one after so many calls with it, none of them awaited.
    pub fn with_probes(probes: u8) -> Self {
        Self { probes, is_busy: false }
    }

    /// It takes no request: a rotation is claimed, and left for later.
    pub fn busy() -> Self {
        Self { probes: 1, is_busy: true }
    }

    fn ready(self) -> Result<(), ProviderError> {
        if self.is_busy {
            return Err(ProviderError::Unavailable { retry_after: Some(BUSY), source: "busy".into() });
        }
        Ok(())
    }
}

#[async_trait]
impl KeyProvider for InstantProvider {
    fn abilities(&self, _: &Subject<'_>) -> Result<Abilities, ProviderError> {
        let windows = Windows {
            probes: self.probes,
            between_probes: SignedDuration::ZERO,
            settling: SignedDuration::from_mins(10),
            adoption: SignedDuration::from_hours(24),
            soak: SignedDuration::from_hours(1),
            evidence: None,
        };
        Ok(Abilities { labels: true, most_keys: Some(2), windows })
    }

    async fn list(&self, subject: &Subject<'_>) -> Result<Vec<ListedKey>, ProviderError> {
        self.ready()?;
        let current = subject.current.facts().key_id();
        Ok(current.into_iter().map(|id| ListedKey { id, operation: None }).collect())
    }

    async fn create(
        &self,
        subject: &Subject<'_>,
        operation: OperationId,
    ) -> Result<StoredSecret, ProviderError> {
        self.ready()?;
        Ok(StoredSecret::AwsAccessKey(StoredAccessKey {
            access_key_id: format!("AKIA{operation}"),
            user_name: Some(subject.record.id.to_string()),
            secret_access_key: Secret::new(format!("{operation}")),
        }))
    }

    async fn probe(&self, _: &Subject<'_>, _: &StoredSecret) -> Result<bool, ProviderError> {
        self.ready().map(|()| true)
    }

    async fn disable(&self, _: &Subject<'_>, _: &KeyId) -> Result<bool, ProviderError> {
        self.ready().map(|()| true)
    }

    async fn delete(&self, _: &Subject<'_>, _: &KeyId) -> Result<(), ProviderError> {
        self.ready()
    }

    async fn last_used(&self, _: &Subject<'_>, _: &KeyId) -> Result<Option<Timestamp>, ProviderError> {
        self.ready().map(|()| None)
    }
}
