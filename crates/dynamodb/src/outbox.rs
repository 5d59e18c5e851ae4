//! The outbox of audit events.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use deputize_broker::audit::{AuditEvent, EventId};
use deputize_broker::ports::StoreError;
use deputize_broker::ports::audit::AuditOutbox;
use deputize_scope::TenantId;

use crate::Store;
use crate::error::store_error;
use crate::item::{self, Item, text};
use crate::table::{OUTBOX_SHARDS, outbox_partition};

#[async_trait]
impl AuditOutbox for Store {
    async fn record(&self, event: &AuditEvent) -> Result<(), StoreError> {
        // The same event written twice is the same item: no condition is needed for a retry.
        let request = self.client.put_item().table_name(&*self.table).set_item(Some(item::event(event)?));
        request.send().await.map(|_| ()).map_err(store_error)
    }

    async fn pending(
        &self,
        tenant: &TenantId,
        shard: u8,
        after: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<AuditEvent>, StoreError> {
        let limit = (limit as usize).max(1);
        let mut events = Vec::new();
        let mut start = None;
        loop {
            let wanted = limit.saturating_sub(events.len());
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
                    .expression_attribute_values(":after", text(after)),
                None => request.key_condition_expression("pk = :pk"),
            };
            let page = request.send().await.map_err(store_error)?;
            for item in page.items.unwrap_or_default() {
                events.push(Item::from(item).json("event")?);
            }
            start = page.last_evaluated_key;
            if start.is_none() || events.len() >= limit {
                return Ok(events);
            }
        }
    }

    fn shards(&self) -> u8 {
        OUTBOX_SHARDS
    }
}
