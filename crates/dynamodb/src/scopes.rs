//! Scope documents.

use async_trait::async_trait;
use deputize_broker::ports::StoreError;
use deputize_broker::ports::scopes::{Publication, PublishError, ScopeStore};
use deputize_broker::scopes::{Etag, ScopesHead, ScopesVersion};
use deputize_scope::TenantId;

use crate::Store;
use crate::error::impossible;
use crate::item::{number, plain, text, time};
use crate::table::Key;
use crate::transaction::{Part, Refusal, Transaction};

#[async_trait]
impl ScopeStore for Store {
    async fn head(&self, tenant: &TenantId) -> Result<Option<ScopesHead>, StoreError> {
        let Some(item) = self.read(&Key::scopes_head(tenant)).await? else { return Ok(None) };
        let version = ScopesVersion(item.number("version")?);
        Ok(Some(ScopesHead { version, etag: item.plain("etag")?, published_at: item.time("published_at")? }))
    }

    async fn text(
        &self,
        tenant: &TenantId,
        version: ScopesVersion,
        etag: &Etag,
    ) -> Result<Option<String>, StoreError> {
        let item = self.read(&Key::scopes_text(tenant, version, etag)).await?;
        item.map(|item| item.text("text").map(str::to_owned)).transpose()
    }

    async fn publish(&self, publication: Publication) -> Result<(), PublishError> {
        let Publication { tenant, replaces, head, text: document, event } = &publication;
        let mut item = Key::scopes_head(tenant).attributes();
        item.insert("version".to_owned(), number(head.version));
        item.insert("etag".to_owned(), plain(&head.etag)?);
        item.insert("published_at".to_owned(), time(head.published_at));
        let put = match replaces {
            Some(version) => self
                .put_of(item)
                .condition_expression("version = :version")
                .expression_attribute_values(":version", number(version)),
            None => self.put_of(item).condition_expression("attribute_not_exists(pk)"),
        };
        let mut transaction = Transaction::default();
        transaction.put(Part::Scopes, put.build().map_err(impossible)?);

        let mut body = Key::scopes_text(tenant, head.version, &head.etag).attributes();
        body.insert("text".to_owned(), text(document));
        transaction.put(Part::Text, self.put_of(body).build().map_err(impossible)?);

        match self.commit(transaction, event, 'p').await {
            Ok(()) => Ok(()),
            Err(Refusal::Store(error)) => Err(error.into()),
            Err(Refusal::Conditions(_)) => Err(PublishError::Superseded),
        }
    }
}
