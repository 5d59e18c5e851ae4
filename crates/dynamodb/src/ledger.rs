//! The ledger's head, how far monitors have been told, and where events stand.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{DeleteRequest, PutRequest, WriteRequest};
use deputize_broker::ledger::head::Head;
use deputize_broker::ports::StoreError;
use deputize_broker::ports::ledger::{AdvanceError, EntryIndex, Indexed, LogHeads, Settled, Told};
use deputize_scope::TenantId;
use futures_util::stream::{self, TryStreamExt as _};
use serde::Serialize;

use crate::Store;
use crate::error::{impossible, store_error};
use crate::item::{Attributes, json, number, text};
use crate::table::Key;

/// How many writes a batch takes
/// (docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html).
pub(crate) const BATCH: usize = 25;

/// How many batches are under way at once: the embedded engine commits as many together as make a transaction.
const BATCHES: usize = 8;

/// How often what a batch left undone is sent again, and the first pause before that, which doubles.
const ATTEMPTS: u32 = 8;
const PAUSE: Duration = Duration::from_millis(25);

#[async_trait]
impl LogHeads for Store {
    async fn head(&self, tenant: &TenantId) -> Result<Option<Head>, StoreError> {
        self.read(&Key::ledger_head(tenant)).await?.map(|item| item.json("head")).transpose()
    }

    async fn advance(&self, tenant: &TenantId, to: &Head) -> Result<(), AdvanceError> {
        let mut row = row(&Key::ledger_head(tenant), "head", to)?;
        row.insert("version".to_owned(), number(to.version));
        let request = self.client.put_item().table_name(&*self.table).set_item(Some(row));
        let request = match to.version {
            1 => request.condition_expression("attribute_not_exists(pk)"),
            version => request
                .condition_expression("#version = :before")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":before", number(version - 1)),
        };
        let Err(error) = request.send().await else { return Ok(()) };
        if !error.as_service_error().is_some_and(|error| error.is_conditional_check_failed_exception()) {
            return Err(store_error(error).into());
        }
        let is_mine = self.head(tenant).await?.as_ref() == Some(to);
        if is_mine { Ok(()) } else { Err(AdvanceError::Superseded) }
    }

    async fn told(&self, tenant: &TenantId, monitor: &str) -> Result<Option<Told>, StoreError> {
        self.read(&Key::told(tenant, monitor)).await?.map(|item| item.json("told")).transpose()
    }

    async fn remember_told(&self, tenant: &TenantId, monitor: &str, told: Told) -> Result<(), StoreError> {
        let row = row(&Key::told(tenant, monitor), "told", &told)?;
        let request = self.client.put_item().table_name(&*self.table).set_item(Some(row));
        request.send().await.map(|_| ()).map_err(store_error)
    }
}

#[async_trait]
impl EntryIndex for Store {
    async fn settle(&self, tenant: &TenantId, settled: &[Settled]) -> Result<(), StoreError> {
        let mut puts = Vec::with_capacity(settled.len());
        let mut deletions = Vec::with_capacity(settled.len());
        for one in settled {
            let id = one.entry.id.to_string();
            let waited = one.key.as_ref().map(|key| &key.name).filter(|name| **name != id);
            for name in [Some(&id), waited].into_iter().flatten() {
                let mut row = row(&Key::entry(tenant, name), "entry", &one.entry)?;
                // By which a transaction whose answer was lost is known to have been written.
                row.insert("sha256".to_owned(), text(&one.entry.sha256));
                let put = PutRequest::builder().set_item(Some(row)).build().map_err(impossible)?;
                puts.push(WriteRequest::builder().put_request(put).build());
            }
            if let Some(key) = &one.key {
                let key = Key::waiting(tenant, key).attributes();
                let delete = DeleteRequest::builder().set_key(Some(key)).build().map_err(impossible)?;
                deletions.push(WriteRequest::builder().delete_request(delete).build());
            }
        }
        self.write(puts, BATCH).await?;
        self.write(deletions, BATCH).await
    }

    async fn find(&self, tenant: &TenantId, name: &str) -> Result<Option<Indexed>, StoreError> {
        self.read(&Key::entry(tenant, name)).await?.map(|item| item.json("entry")).transpose()
    }
}

impl Store {
    /// Writes that have no conditions, in no order, so many in a request.
    pub(crate) async fn write(&self, writes: Vec<WriteRequest>, together: usize) -> Result<(), StoreError> {
        let batches: Vec<Vec<WriteRequest>> = writes.chunks(together).map(<[WriteRequest]>::to_vec).collect();
        let batches = batches.into_iter().map(|batch| Ok(self.write_batch(batch)));
        stream::iter(batches).try_buffer_unordered(BATCHES).try_collect::<Vec<()>>().await.map(|_| ())
    }

    async fn write_batch(&self, mut batch: Vec<WriteRequest>) -> Result<(), StoreError> {
        for attempt in 0..ATTEMPTS {
            let request = self.client.batch_write_item().request_items(&*self.table, batch);
            let answer = request.send().await.map_err(store_error)?;
            batch = answer.unprocessed_items.unwrap_or_default().remove(&*self.table).unwrap_or_default();
            if batch.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(PAUSE.saturating_mul(1 << attempt)).await;
        }
        Err(StoreError::Throttled)
    }
}

/// A row with one value in it, as JSON.
pub(crate) fn row<T: Serialize>(key: &Key, name: &str, value: &T) -> Result<Attributes, StoreError> {
    let mut row = key.attributes();
    row.insert(name.to_owned(), json(value)?);
    Ok(row)
}
