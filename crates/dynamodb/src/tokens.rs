//! Local bearer tokens.

use async_trait::async_trait;
use deputize_broker::ports::StoreError;
use deputize_broker::ports::tokens::TokenStore;
use deputize_broker::token::{TokenId, TokenRecord};
use deputize_scope::TenantId;

use crate::Store;
use crate::error::store_error;
use crate::item::json;
use crate::table::Key;

#[async_trait]
impl TokenStore for Store {
    async fn find(&self, tenant: &TenantId, id: &TokenId) -> Result<Option<TokenRecord>, StoreError> {
        self.read(&Key::token(tenant, id)).await?.map(|item| item.json("record")).transpose()
    }

    async fn put(&self, tenant: &TenantId, record: &TokenRecord) -> Result<(), StoreError> {
        let mut item = Key::token(tenant, &record.id).attributes();
        item.insert("record".to_owned(), json(record)?);
        let request = self.client.put_item().table_name(&*self.table).set_item(Some(item));
        request.send().await.map(|_| ()).map_err(store_error)
    }
}
