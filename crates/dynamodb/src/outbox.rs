//! The outbox of audit events.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use deputize_broker::audit::AuditEvent;
use deputize_broker::ports::StoreError;
use deputize_broker::ports::audit::{AuditOutbox, OutboxKey, Waiting};
use deputize_scope::TenantId;

use crate::Store;
use crate::error::store_error;
use crate::item::{Attributes, Item, sha256, text};
use crate::table::{Key, OUTBOX_SHARDS, outbox_partition};
use crate::transaction::Refusal;

#[async_trait]
impl AuditOutbox for Store {
    async fn record(&self, event: &AuditEvent) -> Result<(), StoreError> {
        // Not a plain put: one whose answer was lost would bring back an event that the ledger has taken since.
        match self.commit(self.once(event)?, event, 'o').await {
            Ok(()) => Ok(()),
            Err(Refusal::Store(error)) => Err(error),
            Err(Refusal::Conditions(_)) => Err(StoreError::Inconsistent {
                key: Key::event(&event.tenant, event.id).to_string(),
                attribute: "event",
                problem: "is that of another event of the same name".to_owned(),
            }),
        }
    }

    async fn pending(
        &self,
        tenant: &TenantId,
        shard: u8,
        after: Option<&OutboxKey>,
        limit: u32,
    ) -> Result<Vec<Waiting>, StoreError> {
        let limit = (limit as usize).max(1);
        let mut waiting = Vec::new();
        let mut start = None;
        loop {
            let wanted = limit.saturating_sub(waiting.len());
            let mut request = self
                .client
                .query()
                .table_name(&*self.table)
                .consistent_read(true)
                .limit(i32::try_from(wanted).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start)
                .expression_attribute_values(":pk", AttributeValue::S(outbox_partition(tenant, shard)));
            request = match after {
                Some(after) => request
                    .key_condition_expression("pk = :pk AND sk > :after")
                    .expression_attribute_values(":after", text(&after.name)),
                None => request.key_condition_expression("pk = :pk"),
            };
            let page = request.send().await.map_err(store_error)?;
            for item in page.items.unwrap_or_default() {
                waiting.push(read(tenant, shard, item)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() || waiting.len() >= limit {
                return Ok(waiting);
            }
        }
    }

    fn shards(&self) -> u8 {
        OUTBOX_SHARDS
    }
}

/// What one row holds. Only a row without a name is an error: there is no telling which one it is.
fn read(tenant: &TenantId, shard: u8, item: Attributes) -> Result<Waiting, StoreError> {
    let item = Item::from(item);
    let key = OutboxKey { shard, name: item.text("sk")?.to_owned() };
    Ok(match event(tenant, &key, &item) {
        Ok((event, sha256)) => Waiting::Event { key, event: Box::new(event), sha256 },
        Err(problem) => Waiting::Unreadable { key, bytes: item.everything(), problem },
    })
}

fn event(tenant: &TenantId, key: &OutboxKey, item: &Item) -> Result<(AuditEvent, String), String> {
    let text = item.text("event").map_err(|error| error.to_string())?;
    let hash = item.text("sha256").map_err(|error| error.to_string())?;
    if sha256(text.as_bytes()) != hash {
        return Err("the event does not hash to what was written beside it".to_owned());
    }
    let event: AuditEvent = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if Key::event(tenant, event.id) != Key::waiting(tenant, key) || event.tenant != *tenant {
        return Err("the event stands in another's place".to_owned());
    }
    Ok((event, hash.to_owned()))
}
