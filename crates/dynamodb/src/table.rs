//! The one table: its keys, its indexes, and what is asked of them.
//!
//! | what | pk | sk | written | read by |
//! | --- | --- | --- | --- | --- |
//! | current scope document | `T#t#SCOPES` | `HEAD` | publish | key |
//! | text of a version | `T#t#SCOPES` | `V#version#etag` | publish | key |
//! | lease | `T#t#LEASE#id` | `LEASE` | begin, settle | key |
//! | leases of an agent | index `by_agent`: `T#t#AGENT#a` | lease id | begin, settle | query, newest first |
//! | leases of a tenant | index `by_tenant`: `T#t#LEASES#shard` | lease id | begin, settle | a query per shard, merged |
//! | leases that want attention | index `due`: `T#t#DUE#shard` | due time, lease id | begin, settle | a query per shard |
//! | live leases of an agent | `T#t#AGENT#a` | `LIVE` | begin, settle | its condition |
//! | leases begun in a minute | `T#t#AGENT#a` | `RATE#minute` | begin | its condition |
//! | idempotency key | `T#t#IDEM#a#sha256(key)` | `KEY` | begin, settle | key |
//! | audit event | `T#t#OUTBOX#shard` | event id | with each change | query, oldest first |
//! | stored credential | `T#t#CREDENTIALS#shard` | credential id | import, refresh, rotation | key; a query per shard, merged |
//! | rotations that want attention | index `due`: `T#t#ROTATIONS#shard` | due time, credential id | the same | a query per shard |
//! | sealed version | `T#t#CREDENTIAL#id` | `V#number` | import, refresh, rotation | key |
//! | whose schedules are set | `T#t#SCHEDULES` | `HEAD` | rotation | key |
//! | connector | `T#t#CONNECTORS` | its name | put | key; a query |
//! | head of the ledger | `T#t#LEDGER` | `HEAD` | each batch of entries | key |
//! | how far a monitor has been told | `T#t#LEDGER` | `TOLD#monitor` | publication | key |
//! | place of an event in the ledger | `T#t#ENTRY#event id` | `ENTRY` | when its entry is there | key |
//! | subject of entries | `T#t#SUBJECT#sha256(identity)` | `SUBJECT` | first entry | key |
//! | key of a subject | `T#t#PSEUDONYM#pseudonym` | `KEY` | first entry | key |
//! | file of the ledger | `T#t#FILE#path` | `FILE`, `PART#sha256#number` | each batch of entries | key |
//! | bearer token | `T#t#TOKEN#id` | `TOKEN` | put | key |
//!
//! Nothing is scanned. The `due` index holds live leases and rotations, by when they want attention, so that a sweep costs what is due, not what exists. What
//! a whole tenant writes to is spread over shards, because a partition takes 1,000 writes a second
//! (docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html).

use std::collections::HashMap;
use std::fmt::Display;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::update_time_to_live::UpdateTimeToLiveError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    Projection, ProjectionType, ScalarAttributeType, TableStatus, TimeToLiveSpecification, TimeToLiveStatus,
};
use deputize_broker::audit::EventId;
use deputize_broker::idempotency::IdempotencyKey;
use deputize_broker::lease::LeaseId;
use deputize_broker::ports::StoreError;
use deputize_broker::ports::audit::OutboxKey;
use deputize_broker::ports::ledger::ObjectPath;
use deputize_broker::scopes::{Etag, ScopesVersion};
use deputize_broker::stored::VersionNumber;
use deputize_broker::token::TokenId;
use deputize_scope::identifier::CredentialId;
use deputize_scope::{AgentId, TenantId};
use sha2::{Digest, Sha256};

use crate::error::{impossible, store_error};

/// How many partitions the outbox of a tenant is spread over.
pub const OUTBOX_SHARDS: u8 = 16;

/// How many partitions of an index the leases of a tenant are spread over.
pub(crate) const LEASE_SHARDS: u8 = 8;

/// How many partitions the stored credentials of a tenant are spread over: few, because there are few of them.
pub(crate) const CREDENTIAL_SHARDS: u8 = 4;

/// How often and how long `create_table` waits for a table to become active.
const POLLS: u32 = 600;
const POLL: Duration = Duration::from_millis(100);

/// How many partitions of an index the rotations of a tenant are spread over: each step of one is a write there.
pub(crate) const ROTATION_SHARDS: u8 = 16;

/// A primary key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl Key {
    fn new(tenant: &TenantId, rest: impl Display, sk: impl Display) -> Self {
        Self { pk: partition(tenant, rest), sk: sk.to_string() }
    }

    pub(crate) fn scopes_head(tenant: &TenantId) -> Self {
        Self::new(tenant, "SCOPES", "HEAD")
    }

    pub(crate) fn scopes_text(tenant: &TenantId, version: ScopesVersion, etag: &Etag) -> Self {
        Self::new(tenant, "SCOPES", format_args!("V#{:020}#{}", version.0, etag.as_str()))
    }

    pub(crate) fn lease(tenant: &TenantId, id: LeaseId) -> Self {
        Self::new(tenant, format_args!("LEASE#{id}"), "LEASE")
    }

    pub(crate) fn live(tenant: &TenantId, agent: &AgentId) -> Self {
        Self::new(tenant, format_args!("AGENT#{agent}"), "LIVE")
    }

    /// `minute`: since 1970.
    pub(crate) fn rate(tenant: &TenantId, agent: &AgentId, minute: i64) -> Self {
        Self::new(tenant, format_args!("AGENT#{agent}"), format_args!("RATE#{minute:010}"))
    }

    pub(crate) fn idempotency(tenant: &TenantId, agent: &AgentId, key: &IdempotencyKey) -> Self {
        let hash = hex::encode(Sha256::digest(key.to_string().as_bytes()));
        Self::new(tenant, format_args!("IDEM#{agent}#{hash}"), "KEY")
    }

    pub(crate) fn event(tenant: &TenantId, id: EventId) -> Self {
        // The last digit of a UUID of version 7 is random.
        let name = id.to_string();
        let shard = name.chars().last().and_then(|digit| digit.to_digit(16)).unwrap_or(0);
        Self::new(tenant, format_args!("OUTBOX#{shard:02}"), name)
    }

    /// Where something waits in the outbox.
    pub(crate) fn waiting(tenant: &TenantId, key: &OutboxKey) -> Self {
        Self { pk: outbox_partition(tenant, key.shard), sk: key.name.clone() }
    }

    pub(crate) fn ledger_head(tenant: &TenantId) -> Self {
        Self::new(tenant, "LEDGER", "HEAD")
    }

    pub(crate) fn told(tenant: &TenantId, monitor: &str) -> Self {
        Self::new(tenant, "LEDGER", format_args!("TOLD#{monitor}"))
    }

    pub(crate) fn entry(tenant: &TenantId, event: &str) -> Self {
        Self::new(tenant, format_args!("ENTRY#{event}"), "ENTRY")
    }

    pub(crate) fn subject(tenant: &TenantId, name: &str) -> Self {
        Self::new(tenant, format_args!("SUBJECT#{name}"), "SUBJECT")
    }

    pub(crate) fn pseudonym(tenant: &TenantId, pseudonym: &str) -> Self {
        Self::new(tenant, format_args!("PSEUDONYM#{pseudonym}"), "KEY")
    }

    /// `path`: the first segment of it is the tenant.
    pub(crate) fn file(path: &ObjectPath) -> Self {
        Self { pk: file_partition(path), sk: "FILE".to_owned() }
    }

    /// A part of a file of that SHA-256.
    pub(crate) fn part(path: &ObjectPath, sha256: &str, number: usize) -> Self {
        Self { pk: file_partition(path), sk: format!("PART#{sha256}#{number:04}") }
    }

    pub(crate) fn token(tenant: &TenantId, id: &TokenId) -> Self {
        Self::new(tenant, format_args!("TOKEN#{id}"), "TOKEN")
    }

    pub(crate) fn credential(tenant: &TenantId, id: &CredentialId) -> Self {
        let shard = shard_of(id.as_str()) % CREDENTIAL_SHARDS;
        Self { pk: credentials_partition(tenant, shard), sk: id.to_string() }
    }

    pub(crate) fn version(tenant: &TenantId, id: &CredentialId, number: VersionNumber) -> Self {
        Self::new(tenant, format_args!("CREDENTIAL#{id}"), format_args!("V#{:020}", number.0))
    }

    pub(crate) fn schedules(tenant: &TenantId) -> Self {
        Self::new(tenant, "SCHEDULES", "HEAD")
    }

    pub(crate) fn connector(tenant: &TenantId, name: &str) -> Self {
        Self { pk: connectors_partition(tenant), sk: name.to_owned() }
    }

    pub(crate) fn attributes(&self) -> HashMap<String, AttributeValue> {
        HashMap::from([
            ("pk".to_owned(), AttributeValue::S(self.pk.clone())),
            ("sk".to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }
}

impl Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.pk, self.sk)
    }
}

/// The partition of a tenant's `rest`. Names of tenants and agents hold no `#`.
fn partition(tenant: &TenantId, rest: impl Display) -> String {
    format!("T#{tenant}#{rest}")
}

fn file_partition(path: &ObjectPath) -> String {
    let (tenant, rest) = path.as_str().split_once('/').unwrap_or((path.as_str(), ""));
    format!("T#{tenant}#FILE#{rest}")
}

pub(crate) fn outbox_partition(tenant: &TenantId, shard: u8) -> String {
    partition(tenant, format_args!("OUTBOX#{shard:02}"))
}

/// An index, with the names of its key's attributes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Index {
    pub(crate) name: &'static str,
    pub(crate) pk: &'static str,
    pub(crate) sk: &'static str,
}

pub(crate) const BY_AGENT: Index = Index { name: "by_agent", pk: "agent_pk", sk: "lease_id" };
pub(crate) const BY_TENANT: Index = Index { name: "by_tenant", pk: "tenant_pk", sk: "lease_id" };
pub(crate) const DUE: Index = Index { name: "due", pk: "due_pk", sk: "due_sk" };

pub(crate) fn agent_partition(tenant: &TenantId, agent: &AgentId) -> String {
    partition(tenant, format_args!("AGENT#{agent}"))
}

pub(crate) fn tenant_partition(tenant: &TenantId, shard: u8) -> String {
    partition(tenant, format_args!("LEASES#{shard}"))
}

pub(crate) fn credentials_partition(tenant: &TenantId, shard: u8) -> String {
    partition(tenant, format_args!("CREDENTIALS#{shard}"))
}

pub(crate) fn due_partition(tenant: &TenantId, shard: u8) -> String {
    partition(tenant, format_args!("DUE#{shard}"))
}

pub(crate) fn rotation_partition(tenant: &TenantId, shard: u8) -> String {
    partition(tenant, format_args!("ROTATIONS#{shard:02}"))
}

pub(crate) fn connectors_partition(tenant: &TenantId) -> String {
    partition(tenant, "CONNECTORS")
}

/// The shard of a credential's rotation.
pub(crate) fn rotation_shard(name: &str) -> u8 {
    Sha256::digest(name.as_bytes()).first().copied().unwrap_or(0) % ROTATION_SHARDS
}

/// The shard of a name.
pub(crate) fn shard_of(name: &str) -> u8 {
    Sha256::digest(name.as_bytes()).first().copied().unwrap_or(0) % LEASE_SHARDS
}

/// Makes the table where there is none, waits until it is active, and has lapsed records removed by the attribute
/// `ttl`. A table that exists is left as it is.
///
/// # Errors
/// [`StoreError`], also where the table does not become active within a minute.
pub async fn create_table(client: &Client, table: &str) -> Result<(), StoreError> {
    let mut request = client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    let names = ["pk", "sk", BY_AGENT.pk, BY_AGENT.sk, BY_TENANT.pk, DUE.pk, DUE.sk];
    for name in names {
        let text = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        request = request.attribute_definitions(text.build().map_err(impossible)?);
    }
    request = request.set_key_schema(Some(key_schema("pk", "sk")?));
    for index in [BY_AGENT, BY_TENANT, DUE] {
        let projection = Projection::builder()
            .projection_type(ProjectionType::Include)
            .non_key_attributes("agent")
            .non_key_attributes("lease")
            .build();
        let index = GlobalSecondaryIndex::builder()
            .index_name(index.name)
            .set_key_schema(Some(key_schema(index.pk, index.sk)?))
            .projection(projection);
        request = request.global_secondary_indexes(index.build().map_err(impossible)?);
    }
    if let Err(error) = request.send().await {
        // It exists, or another process is just making it.
        if !matches!(error.as_service_error(), Some(CreateTableError::ResourceInUseException(_))) {
            return Err(store_error(error));
        }
    }
    become_active(client, table).await?;
    expire_lapsed(client, table).await
}

fn key_schema(pk: &str, sk: &str) -> Result<Vec<KeySchemaElement>, StoreError> {
    [(pk, KeyType::Hash), (sk, KeyType::Range)]
        .into_iter()
        .map(|(name, kind)| {
            KeySchemaElement::builder().attribute_name(name).key_type(kind).build().map_err(impossible)
        })
        .collect()
}

async fn become_active(client: &Client, table: &str) -> Result<(), StoreError> {
    for _ in 0..POLLS {
        let description = client.describe_table().table_name(table).send().await;
        match description {
            Ok(answer)
                if answer.table().and_then(|table| table.table_status()) == Some(&TableStatus::Active) =>
            {
                return Ok(());
            }
            // A table that was just made may not be known everywhere yet.
            Err(error)
                if !error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) =>
            {
                return Err(store_error(error));
            }
            Ok(_) | Err(_) => tokio::time::sleep(POLL).await,
        }
    }
    Err(StoreError::Unavailable("the table did not become active".into()))
}

async fn expire_lapsed(client: &Client, table: &str) -> Result<(), StoreError> {
    let answer = client.describe_time_to_live().table_name(table).send().await.map_err(store_error)?;
    let status = answer.time_to_live_description().and_then(|description| description.time_to_live_status());
    if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
        return Ok(());
    }
    let specification = TimeToLiveSpecification::builder().attribute_name("ttl").enabled(true);
    let request = client.update_time_to_live().table_name(table);
    match request.time_to_live_specification(specification.build().map_err(impossible)?).send().await {
        Err(error) if !is_already_enabled(error.as_service_error()) => Err(store_error(error)),
        _ => Ok(()),
    }
}

/// Another process was quicker.
fn is_already_enabled(error: Option<&UpdateTimeToLiveError>) -> bool {
    error.and_then(|error| error.meta().message()).is_some_and(|message| message.contains("already enabled"))
}
