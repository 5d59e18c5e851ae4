//! Items: what is stored, and how it is read back. What was not written by this program is told by key and attribute.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use deputize_broker::audit::AuditEvent;
use deputize_broker::idempotency::{Claim, IdempotencyRecord};
use deputize_broker::lease::{Lease, LeaseId};
use deputize_broker::ports::StoreError;
use deputize_broker::ports::keys::WrappedKey;
use deputize_broker::seal::Sealed;
use deputize_broker::stored::CredentialRecord;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::error::impossible;
use crate::table::{
    BY_AGENT, BY_TENANT, DUE, Key, agent_partition, due_partition, rotation_partition, rotation_shard,
    shard_of, tenant_partition,
};

/// The attributes of an item.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// An item being read.
#[derive(Debug)]
pub(crate) struct Item(Attributes);

impl From<Attributes> for Item {
    fn from(attributes: Attributes) -> Self {
        Self(attributes)
    }
}

impl Item {
    /// A text attribute.
    pub(crate) fn text(&self, name: &'static str) -> Result<&str, StoreError> {
        match self.0.get(name) {
            Some(AttributeValue::S(text)) => Ok(text),
            Some(_) => Err(self.inconsistent(name, "is not a text")),
            None => Err(self.inconsistent(name, "is missing")),
        }
    }

    /// Bytes.
    pub(crate) fn bytes(&self, name: &'static str) -> Result<&[u8], StoreError> {
        match self.0.get(name) {
            Some(AttributeValue::B(bytes)) => Ok(bytes.as_ref()),
            Some(_) => Err(self.inconsistent(name, "is not bytes")),
            None => Err(self.inconsistent(name, "is missing")),
        }
    }

    /// Whether it has an attribute as another one has it.
    pub(crate) fn is_same(&self, other: &Attributes, name: &'static str) -> bool {
        self.0.get(name).is_some_and(|value| other.get(name) == Some(value))
    }

    /// All of it, as somebody may read it who has to find out what it is.
    pub(crate) fn everything(&self) -> Vec<u8> {
        let sorted: std::collections::BTreeMap<_, _> = self.0.iter().collect();
        format!("{sorted:?}").into_bytes()
    }

    /// A value that is stored as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, name: &'static str) -> Result<T, StoreError> {
        serde_json::from_str(self.text(name)?).map_err(|error| self.inconsistent(name, error))
    }

    /// A value whose JSON is a plain text.
    pub(crate) fn plain<T: DeserializeOwned>(&self, name: &'static str) -> Result<T, StoreError> {
        let text = serde_json::Value::String(self.text(name)?.to_owned());
        serde_json::from_value(text).map_err(|error| self.inconsistent(name, error))
    }

    /// A number.
    pub(crate) fn number<T: std::str::FromStr<Err: ToString>>(
        &self,
        name: &'static str,
    ) -> Result<T, StoreError> {
        match self.0.get(name) {
            Some(AttributeValue::N(digits)) => {
                digits.parse().map_err(|error: T::Err| self.inconsistent(name, error.to_string()))
            }
            Some(_) => Err(self.inconsistent(name, "is not a number")),
            None => Err(self.inconsistent(name, "is missing")),
        }
    }

    /// A truth value.
    pub(crate) fn flag(&self, name: &'static str) -> Result<bool, StoreError> {
        match self.0.get(name) {
            Some(AttributeValue::Bool(flag)) => Ok(*flag),
            Some(_) => Err(self.inconsistent(name, "is not a truth value")),
            None => Err(self.inconsistent(name, "is missing")),
        }
    }

    /// A time.
    pub(crate) fn time(&self, name: &'static str) -> Result<Timestamp, StoreError> {
        Timestamp::from_nanosecond(self.number(name)?).map_err(|error| self.inconsistent(name, error))
    }

    /// The record of an idempotency key.
    pub(crate) fn idempotency(&self) -> Result<IdempotencyRecord, StoreError> {
        let lease = self.text("claimed_by")?.parse::<LeaseId>();
        Ok(IdempotencyRecord {
            fingerprint: self.plain("fingerprint")?,
            lease: lease.map_err(|error| self.inconsistent("claimed_by", error))?,
            answer: self.sealed("answer")?,
            until: self.time("lapses_at")?,
        })
    }

    pub(crate) fn sealed(&self, name: &'static str) -> Result<Option<Sealed>, StoreError> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let parts = value.as_m().map_err(|_| self.inconsistent(name, "is not a map"))?;
        let bytes = |part: &str| match parts.get(part) {
            Some(AttributeValue::B(bytes)) => Ok(bytes.as_ref().to_vec()),
            _ => Err(self.inconsistent(name, format!("has no bytes {part}"))),
        };
        let Some(AttributeValue::S(key_id)) = parts.get("key_id") else {
            return Err(self.inconsistent(name, "has no text key_id"));
        };
        let nonce = bytes("nonce")?
            .try_into()
            .map_err(|_| self.inconsistent(name, "has a nonce of a wrong length"))?;
        let key = WrappedKey { key_id: key_id.clone(), ciphertext: bytes("wrapped")? };
        Ok(Some(Sealed { key, nonce, ciphertext: bytes("ciphertext")? }))
    }

    pub(crate) fn inconsistent(&self, attribute: &'static str, problem: impl ToString) -> StoreError {
        let part = |name| self.0.get(name).and_then(|value| value.as_s().ok()).map_or("?", String::as_str);
        let key = format!("{}/{}", part("pk"), part("sk"));
        StoreError::Inconsistent { key, attribute, problem: problem.to_string() }
    }
}

/// A text attribute.
pub(crate) fn text(value: impl ToString) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

/// A number.
pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A time, exact to the nanosecond.
pub(crate) fn time(value: Timestamp) -> AttributeValue {
    number(value.as_nanosecond())
}

/// When DynamoDB may remove an item: seconds since 1970, never before `lapses_at`.
pub(crate) fn ttl(lapses_at: Timestamp) -> AttributeValue {
    number(lapses_at.as_second().saturating_add(1))
}

/// A value as JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<AttributeValue, StoreError> {
    serde_json::to_string(value).map(AttributeValue::S).map_err(impossible)
}

/// A value whose JSON is a plain text.
pub(crate) fn plain<T: Serialize>(value: &T) -> Result<AttributeValue, StoreError> {
    match serde_json::to_value(value).map_err(impossible)? {
        serde_json::Value::String(text) => Ok(AttributeValue::S(text)),
        other => Ok(AttributeValue::S(other.to_string())),
    }
}

/// A lease, with the attributes that the indexes read.
pub(crate) fn lease(lease: &Lease) -> Result<Attributes, StoreError> {
    let id = lease.id.to_string();
    let mut item = Key::lease(&lease.tenant, lease.id).attributes();
    let mut set = |name: &str, value| item.insert(name.to_owned(), value);
    set("lease", json(lease)?);
    set("state", text(lease.state.name()));
    set("agent", text(&lease.agent));
    set(BY_AGENT.pk, text(agent_partition(&lease.tenant, &lease.agent)));
    set(BY_TENANT.pk, text(tenant_partition(&lease.tenant, shard_of(&id))));
    set(BY_AGENT.sk, text(&id));
    if let Some(due) = lease.due() {
        // An agent's leases are in one shard, so that what is due of one agent is one query.
        set(DUE.pk, text(due_partition(&lease.tenant, shard_of(lease.agent.as_str()))));
        set(DUE.sk, text(format_args!("{}#{id}", due_time(due))));
    }
    Ok(item)
}

/// What is on record of a stored credential, with the attributes that the index of what is due reads.
pub(crate) fn credential(record: &CredentialRecord) -> Result<Attributes, StoreError> {
    let mut item = Key::credential(&record.tenant, &record.id).attributes();
    item.insert("record".to_owned(), json(record)?);
    item.insert("revision".to_owned(), number(record.revision));
    if let Some(due) = record.rotation.due {
        let id = record.id.as_str();
        item.insert(DUE.pk.to_owned(), text(rotation_partition(&record.tenant, rotation_shard(id))));
        item.insert(DUE.sk.to_owned(), text(format_args!("{}#{id}", due_time(due))));
    }
    Ok(item)
}

/// A time whose order as text is its order as time: nanoseconds since 1970 in 20 digits, none before.
pub(crate) fn due_time(time: Timestamp) -> String {
    format!("{:020}", time.as_nanosecond().max(0))
}

/// An idempotency key that a lease claims.
pub(crate) fn claim(lease: &Lease, claim: &Claim) -> Result<Attributes, StoreError> {
    let mut item = Key::idempotency(&lease.tenant, &lease.agent, &claim.key).attributes();
    item.extend([
        ("fingerprint".to_owned(), plain(&claim.fingerprint)?),
        ("claimed_by".to_owned(), text(lease.id)),
        ("lapses_at".to_owned(), time(claim.until)),
        ("ttl".to_owned(), ttl(claim.until)),
    ]);
    Ok(item)
}

/// A sealed credential. Bytes, not JSON: a quarter of the size.
pub(crate) fn sealed(sealed: &Sealed) -> AttributeValue {
    let bytes = |bytes: &[u8]| AttributeValue::B(Blob::new(bytes));
    AttributeValue::M(HashMap::from([
        ("key_id".to_owned(), text(&sealed.key.key_id)),
        ("wrapped".to_owned(), bytes(&sealed.key.ciphertext)),
        ("nonce".to_owned(), bytes(&sealed.nonce)),
        ("ciphertext".to_owned(), bytes(&sealed.ciphertext)),
    ]))
}

/// An audit event, with the hash by which it is known to be as it was written.
pub(crate) fn event(event: &AuditEvent) -> Result<Attributes, StoreError> {
    let written = serde_json::to_string(event).map_err(impossible)?;
    let mut item = Key::event(&event.tenant, event.id).attributes();
    item.insert("sha256".to_owned(), text(sha256(written.as_bytes())));
    item.insert("event".to_owned(), text(written));
    Ok(item)
}

/// In lowercase hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
