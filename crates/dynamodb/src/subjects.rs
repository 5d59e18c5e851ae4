//! Whom the ledger's entries tell of.

use async_trait::async_trait;
use deputize_broker::audit::AuditEvent;
use deputize_broker::ports::StoreError;
use deputize_broker::ports::ledger::{SubjectKey, Subjects};
use deputize_scope::TenantId;

use crate::Store;
use crate::error::{impossible, store_error};
use crate::ledger::row;
use crate::table::Key;
use crate::transaction::{Part, Refusal};

#[async_trait]
impl Subjects for Store {
    async fn subject(&self, tenant: &TenantId, name: &str) -> Result<Option<SubjectKey>, StoreError> {
        self.read(&Key::subject(tenant, name)).await?.map(|item| item.json("subject")).transpose()
    }

    async fn by_pseudonym(
        &self,
        tenant: &TenantId,
        pseudonym: &str,
    ) -> Result<Option<SubjectKey>, StoreError> {
        self.read(&Key::pseudonym(tenant, pseudonym)).await?.map(|item| item.json("subject")).transpose()
    }

    async fn add(&self, tenant: &TenantId, name: &str, key: &SubjectKey) -> Result<SubjectKey, StoreError> {
        let rows = [Key::pseudonym(tenant, &key.pseudonym), Key::subject(tenant, name)];
        // The pseudonym goes first: it is found by the name alone, so that half of this is nothing.
        for at in &rows {
            let row = row(at, "subject", key)?;
            let put = self.client.put_item().table_name(&*self.table).set_item(Some(row));
            let put = put.condition_expression("attribute_not_exists(pk)");
            if let Err(error) = put.send().await {
                let is_there = error
                    .as_service_error()
                    .is_some_and(|error| error.is_conditional_check_failed_exception());
                if !is_there {
                    return Err(store_error(error));
                }
            }
        }
        Ok(self.subject(tenant, name).await?.unwrap_or_else(|| key.clone()))
    }

    async fn erase(
        &self,
        tenant: &TenantId,
        name: &str,
        pseudonym: &str,
        event: &AuditEvent,
    ) -> Result<(), StoreError> {
        let mut transaction = self.once(event)?;
        for key in [Key::subject(tenant, name), Key::pseudonym(tenant, pseudonym)] {
            transaction.delete(Part::Subject, self.delete_of(&key).build().map_err(impossible)?);
        }
        match self.commit(transaction, event, 'p').await {
            Ok(()) => Ok(()),
            Err(Refusal::Store(error)) => Err(error),
            // There is no condition but that the event is a new one.
            Err(Refusal::Conditions(_)) => Err(StoreError::Throttled),
        }
    }
}
