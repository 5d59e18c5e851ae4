//! One log follows another: which there are. And what is not in any of them yet.

use deputize_ledger::Origin;
use futures_util::future::try_join_all;
use serde_json::Value;
use uuid::Uuid;

use super::LedgerError;
use super::files::read;
use super::reader::LedgerReader;
use crate::audit::EventId;
use crate::ports::audit::OutboxKey;

impl LedgerReader {
    /// The years that there are logs of, the current one first.
    pub async fn years(&self) -> Result<Vec<i16>, LedgerError> {
        let mut years: Vec<i16> = self.current().await?.into_iter().collect();
        while let Some(former) = years.last() {
            match self.former(*former).await? {
                Some(year) => years.push(year),
                None => break,
            }
        }
        Ok(years)
    }

    /// The year of the log that a year's goes on from, as its first entry says; none where it is the first.
    pub async fn former(&self, year: i16) -> Result<Option<i16>, LedgerError> {
        let Some(checkpoint) = self.files.checkpoint(year).await? else { return Ok(None) };
        let Some(first) = self.files.entry(year, 0, checkpoint.unverified().size).await? else {
            return Ok(None);
        };
        let entry = read(&self.files.of(year, "entries")?, &first)?;
        let previous = entry.event.get("previous").and_then(Value::as_str).unwrap_or_default();
        let origin = previous.lines().next().and_then(|origin| origin.parse::<Origin>().ok());
        let former = origin.and_then(|origin| origin.as_str().rsplit('/').next()?.parse::<i16>().ok());
        // Whatever it says, the walk comes to an end.
        Ok(former.filter(|former| *former < year))
    }

    /// Whether an event was written down and is in no published log yet.
    pub async fn is_waiting(&self, id: EventId) -> Result<bool, LedgerError> {
        let (tenant, name) = (&self.settings.tenant, id.to_string());
        if self.ports.index.find(tenant, &name).await?.is_some() {
            return Ok(self.entry(id).await?.is_none());
        }
        let Ok(number) = Uuid::try_parse(&name) else { return Ok(false) };
        let before = Uuid::from_u128(number.as_u128().saturating_sub(1)).hyphenated().to_string();
        let outbox = &self.ports.outbox;
        let keys: Vec<OutboxKey> =
            (0..outbox.shards()).map(|shard| OutboxKey { shard, name: before.clone() }).collect();
        let nexts = keys.iter().map(|key| outbox.pending(tenant, key.shard, Some(key), 1));
        let nexts = try_join_all(nexts).await?;
        Ok(nexts.iter().flatten().any(|waiting| waiting.key().name == name))
    }
}
