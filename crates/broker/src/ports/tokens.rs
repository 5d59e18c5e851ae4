//! Local bearer tokens.

use async_trait::async_trait;
use deputize_scope::TenantId;

use super::StoreError;
use crate::token::{TokenId, TokenRecord};

/// Stores what is kept of a bearer token: its hash and whom it stands for.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// The record of a token.
    async fn find(&self, tenant: &TenantId, id: &TokenId) -> Result<Option<TokenRecord>, StoreError>;

    /// Adds or replaces a record.
    async fn put(&self, tenant: &TenantId, record: &TokenRecord) -> Result<(), StoreError>;
}
