//! Many rows at once, for who has to know what a table costs that holds them.

use aws_sdk_dynamodb::types::TransactWriteItem;
use deputize_broker::audit::AuditEvent;
use deputize_broker::ports::StoreError;
use deputize_broker::stored::{CredentialRecord, SealedVersion};

use crate::Store;
use crate::credentials::version_row;
use crate::error::{impossible, store_error};
use crate::item::{self, Attributes};

/// How many credentials a transaction takes: one has 100 actions at most
/// (docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html), and a credential is two rows.
const AT_ONCE: usize = 50;

impl Store {
    /// Writes the rows that imports of these would leave, over whatever is there. Nobody is told of it, and nothing is
    /// looked at before: for a table that nobody uses meanwhile.
    ///
    /// # Errors
    /// [`StoreError`]; some of them are written then.
    pub async fn fill(&self, credentials: &[(CredentialRecord, SealedVersion)]) -> Result<(), StoreError> {
        for some in credentials.chunks(AT_ONCE) {
            let mut actions = Vec::with_capacity(2 * some.len());
            for (record, version) in some {
                actions.push(self.action(item::credential(record)?)?);
                actions.push(self.action(version_row(record, version)?)?);
            }
            let request = self.client.transact_write_items().set_transact_items(Some(actions));
            request.send().await.map_err(store_error)?;
        }
        Ok(())
    }

    /// Writes events that wait, as their writers do. Nothing is looked at before: for a table that nobody uses meanwhile.
    ///
    /// # Errors
    /// [`StoreError`]; some of them are written then.
    pub async fn fill_outbox(&self, events: &[AuditEvent]) -> Result<(), StoreError> {
        for some in events.chunks(2 * AT_ONCE) {
            let actions = some.iter().map(|event| self.action(item::event(event)?));
            let actions = actions.collect::<Result<Vec<_>, _>>()?;
            let request = self.client.transact_write_items().set_transact_items(Some(actions));
            request.send().await.map_err(store_error)?;
        }
        Ok(())
    }

    fn action(&self, row: Attributes) -> Result<TransactWriteItem, StoreError> {
        let put = self.put_of(row).build().map_err(impossible)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}
