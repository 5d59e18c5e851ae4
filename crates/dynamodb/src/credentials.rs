//! Stored credentials: a record each, which is listed, and its sealed versions.

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, Update};
use deputize_broker::ports::StoreError;
use deputize_broker::ports::credentials::{ChangeError, CredentialChange, CredentialPage, CredentialStore};
use deputize_broker::scopes::ScopesVersion;
use deputize_broker::stored::{CredentialRecord, SealedVersion, VersionNumber, VersionState};
use deputize_scope::TenantId;
use deputize_scope::identifier::CredentialId;
use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};

use crate::Store;
use crate::error::{impossible, store_error};
use crate::item::{self, Attributes, Item, due_time, number, plain, text, time, ttl};
use crate::table::{CREDENTIAL_SHARDS, DUE, Key, ROTATION_SHARDS, credentials_partition, rotation_partition};
use crate::transaction::{Part, Refusal, Transaction};

/// How long a retired version is kept: a refresh token's successor comes with each access token.
const RETIRED_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
const NANOSECOND: SignedDuration = SignedDuration::from_nanos(1);
/// The record is the one that was read.
const AS_READ: &str = "revision = :before";
/// There is none yet.
const ABSENT: &str = "attribute_not_exists(pk)";

#[async_trait]
impl CredentialStore for Store {
    async fn find(
        &self,
        tenant: &TenantId,
        id: &CredentialId,
    ) -> Result<Option<CredentialRecord>, StoreError> {
        self.read(&Key::credential(tenant, id)).await?.map(|item| item.json("record")).transpose()
    }

    async fn version(
        &self,
        tenant: &TenantId,
        id: &CredentialId,
        number: VersionNumber,
    ) -> Result<Option<SealedVersion>, StoreError> {
        self.read(&Key::version(tenant, id, number)).await?.map(|item| version(&item)).transpose()
    }

    async fn list(
        &self,
        tenant: &TenantId,
        after: Option<&CredentialId>,
        limit: u32,
    ) -> Result<CredentialPage, StoreError> {
        let limit = (limit as usize).max(1);
        // One more than wanted tells whether there are more.
        let shards = (0..CREDENTIAL_SHARDS).map(|shard| {
            self.records_of(credentials_partition(tenant, shard), after, limit.saturating_add(1))
        });
        let mut records: Vec<CredentialRecord> = try_join_all(shards).await?.into_iter().flatten().collect();
        records.sort_by(|one, other| one.id.cmp(&other.id));
        let more = records.len() > limit;
        records.truncate(limit);
        let next = records.last().map(|record| record.id.clone()).filter(|_| more);
        Ok(CredentialPage { records, next })
    }

    async fn change(&self, change: CredentialChange) -> Result<(), ChangeError> {
        let CredentialChange { before, after, version, event } = &change;
        let Some(event) = event else { return self.take_up(&change).await };
        let mut transaction = Transaction::default();
        let row = item::credential(after)?;
        let put = match before {
            Some(before) => self
                .put_of(row)
                .condition_expression(AS_READ)
                .expression_attribute_values(":before", number(before.revision)),
            None => self.put_of(row).condition_expression(ABSENT),
        };
        transaction.put(Part::Credential, put.build().map_err(impossible)?);
        if let Some(version) = version {
            let put = self.put_of(version_row(after, version)?).condition_expression(ABSENT);
            transaction.put(Part::Version, put.build().map_err(impossible)?);
        }
        if let Some(before) = before.as_ref().filter(|before| before.current != after.current) {
            transaction.update(Part::Former, self.retire(before, after.updated_at)?);
            if version.is_none() {
                transaction.update(Part::Version, self.promote(after)?);
            }
        }
        match self.commit(transaction, event, 'c').await {
            Ok(()) => Ok(()),
            Err(Refusal::Store(error)) => Err(error.into()),
            Err(Refusal::Conditions(_)) => Err(ChangeError::Superseded),
        }
    }

    async fn due_rotations(
        &self,
        tenant: &TenantId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<CredentialId>, StoreError> {
        let shards =
            (0..ROTATION_SHARDS).map(|shard| self.due_of(rotation_partition(tenant, shard), now, limit));
        let mut due: Vec<(String, CredentialId)> =
            try_join_all(shards).await?.into_iter().flatten().collect();
        due.sort();
        due.truncate(limit as usize);
        Ok(due.into_iter().map(|(_, id)| id).collect())
    }

    async fn scheduled_by(&self, tenant: &TenantId) -> Result<Option<ScopesVersion>, StoreError> {
        let item = self.read(&Key::schedules(tenant)).await?;
        item.map(|item| item.number("version").map(ScopesVersion)).transpose()
    }

    async fn set_scheduled_by(&self, tenant: &TenantId, version: ScopesVersion) -> Result<(), StoreError> {
        let mut row = Key::schedules(tenant).attributes();
        row.insert("version".to_owned(), number(version.0));
        let put = self.client.put_item().table_name(&*self.table).set_item(Some(row));
        put.send().await.map(|_| ()).map_err(store_error)
    }
}

impl Store {
    /// What is due of one shard, with the text that orders it.
    async fn due_of(
        &self,
        partition: String,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(String, CredentialId)>, StoreError> {
        let request = self
            .client
            .query()
            .table_name(&*self.table)
            .index_name(DUE.name)
            .key_condition_expression("due_pk = :pk AND due_sk < :now")
            .expression_attribute_values(":pk", AttributeValue::S(partition))
            // Names sort after the bare time: what is due at this very moment is among them.
            .expression_attribute_values(
                ":now",
                text(due_time(now.saturating_add(NANOSECOND).unwrap_or(now))),
            )
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let page = request.send().await.map_err(store_error)?;
        let id = |item: Attributes| {
            let item = Item::from(item);
            let id = item.text("sk")?.parse().map_err(|error| item.inconsistent("sk", error))?;
            Ok((item.text(DUE.sk)?.to_owned(), id))
        };
        page.items.unwrap_or_default().into_iter().map(id).collect()
    }

    /// Writes the record alone.
    async fn take_up(&self, change: &CredentialChange) -> Result<(), ChangeError> {
        let mut put = self.client.put_item().table_name(&*self.table);
        put = put.set_item(Some(item::credential(&change.after)?));
        put = match &change.before {
            Some(before) => put
                .condition_expression(AS_READ)
                .expression_attribute_values(":before", number(before.revision)),
            None => put.condition_expression(ABSENT),
        };
        match put.send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(PutItemError::is_conditional_check_failed_exception) =>
            {
                Err(ChangeError::Superseded)
            }
            Err(error) => Err(store_error(error).into()),
        }
    }

    async fn records_of(
        &self,
        partition: String,
        after: Option<&CredentialId>,
        limit: usize,
    ) -> Result<Vec<CredentialRecord>, StoreError> {
        let mut records = Vec::new();
        let mut start = None;
        loop {
            let mut request = self
                .client
                .query()
                .table_name(&*self.table)
                .consistent_read(true)
                .limit(i32::try_from(limit).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start)
                .expression_attribute_values(":pk", AttributeValue::S(partition.clone()));
            request = match after {
                Some(after) => request
                    .key_condition_expression("pk = :pk AND sk > :after")
                    .expression_attribute_values(":after", text(after)),
                None => request.key_condition_expression("pk = :pk"),
            };
            let page = request.send().await.map_err(store_error)?;
            for item in page.items.unwrap_or_default() {
                records.push(Item::from(item).json("record")?);
            }
            start = page.last_evaluated_key;
            if start.is_none() || records.len() >= limit {
                return Ok(records);
            }
        }
    }

    /// The version that was current is one no more, and is removed after a while.
    fn retire(&self, before: &CredentialRecord, now: Timestamp) -> Result<Update, StoreError> {
        let lapses = now.saturating_add(RETIRED_KEPT).unwrap_or(Timestamp::MAX);
        self.update_of(&Key::version(&before.tenant, &before.id, before.current))
            .update_expression("SET #state = :retired, #ttl = :ttl")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":retired", plain(&VersionState::Retired)?)
            .expression_attribute_values(":ttl", ttl(lapses))
            .build()
            .map_err(impossible)
    }

    /// A version that was added before becomes the current one.
    fn promote(&self, after: &CredentialRecord) -> Result<Update, StoreError> {
        self.update_of(&Key::version(&after.tenant, &after.id, after.current))
            .update_expression("SET #state = :current")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":current", plain(&VersionState::Current)?)
            .build()
            .map_err(impossible)
    }
}

pub(crate) fn version_row(
    record: &CredentialRecord,
    version: &SealedVersion,
) -> Result<Attributes, StoreError> {
    let mut row = Key::version(&record.tenant, &record.id, version.number).attributes();
    row.extend([
        ("number".to_owned(), number(version.number)),
        ("sealed".to_owned(), item::sealed(&version.sealed)),
        ("created_at".to_owned(), time(version.created_at)),
        ("state".to_owned(), plain(&version.state)?),
        ("refreshed".to_owned(), AttributeValue::Bool(version.refreshed)),
    ]);
    Ok(row)
}

fn version(item: &Item) -> Result<SealedVersion, StoreError> {
    Ok(SealedVersion {
        number: VersionNumber(item.number("number")?),
        sealed: item.sealed("sealed")?.ok_or_else(|| item.inconsistent("sealed", "is missing"))?,
        created_at: item.time("created_at")?,
        state: item.plain("state")?,
        refreshed: item.flag("refreshed")?,
    })
}
