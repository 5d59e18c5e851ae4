//! Declared connectors.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use deputize_broker::audit::AuditEvent;
use deputize_broker::ports::StoreError;
use deputize_broker::ports::rotation::{ConnectorStore, ConnectorText};
use deputize_scope::TenantId;

use crate::Store;
use crate::error::{impossible, store_error};
use crate::item::{Item, text};
use crate::table::{Key, connectors_partition};
use crate::transaction::{Part, Refusal};

#[async_trait]
impl ConnectorStore for Store {
    async fn find(&self, tenant: &TenantId, name: &str) -> Result<Option<ConnectorText>, StoreError> {
        self.read(&Key::connector(tenant, name)).await?.map(|item| connector(&item)).transpose()
    }

    async fn list(&self, tenant: &TenantId) -> Result<Vec<ConnectorText>, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&*self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(connectors_partition(tenant)))
            .into_paginator()
            .items()
            .send();
        let mut connectors = Vec::new();
        while let Some(item) = pages.next().await {
            connectors.push(connector(&Item::from(item.map_err(store_error)?))?);
        }
        Ok(connectors)
    }

    async fn put(
        &self,
        tenant: &TenantId,
        connector: &ConnectorText,
        event: &AuditEvent,
    ) -> Result<(), StoreError> {
        let mut row = Key::connector(tenant, &connector.name).attributes();
        row.insert("text".to_owned(), text(&connector.text));
        let mut transaction = self.once(event)?;
        transaction.put(Part::Text, self.put_of(row).build().map_err(impossible)?);
        match self.commit(transaction, event, 'n').await {
            Ok(()) => Ok(()),
            Err(Refusal::Store(error)) => Err(error),
            // There is no condition but that the event is a new one.
            Err(Refusal::Conditions(_)) => Err(StoreError::Throttled),
        }
    }
}

fn connector(item: &Item) -> Result<ConnectorText, StoreError> {
    Ok(ConnectorText { name: item.text("sk")?.to_owned(), text: item.text("text")?.to_owned() })
}
