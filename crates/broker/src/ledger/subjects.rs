//! Personal data: what of an event may be about a person is kept outside of its entry, under a key of that person's. The
//! entry holds a commitment to it. Where the key is forgotten the data is gone, and every proof stays valid.

use std::collections::{BTreeMap, HashMap};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use deputize_ledger::{Commitment, EntryError};
use deputize_scope::TenantId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use super::stage::hash;
use super::{LedgerError, LedgerPorts};
use crate::audit::{EventId, Personal, PersonalField};
use crate::lease::fresh_uuid;
use crate::ports::clock::random_bytes;
use crate::ports::keys::{DataKey, EncryptionContext};
use crate::ports::ledger::{SealedPersonal, SubjectKey};
use crate::seal::SealError;

/// How long a subject's key is used before it is looked up again: what is sealed meanwhile for one who was forgotten opens
/// for nobody.
const KEPT: SignedDuration = SignedDuration::from_mins(5);

/// The keys of subjects that were used lately.
#[derive(Default)]
pub(super) struct Keys {
    since: Option<Timestamp>,
    keys: HashMap<String, (String, DataKey)>,
}

/// What is kept outside of an entry, and what its commitment is over: the data, and a salt without which it could be guessed
/// at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosed {
    /// Random.
    pub salt: [u8; 32],
    /// What may be about a person.
    pub fields: BTreeMap<PersonalField, Value>,
}

/// The name that a subject is found by.
pub(super) fn name_of(identity: &str) -> String {
    hash(identity.as_bytes())
}

impl Keys {
    /// The pseudonym and the key of a subject, who is made where there is none.
    async fn of(
        &mut self,
        tenant: &TenantId,
        identity: &str,
        ports: &LedgerPorts,
    ) -> Result<&(String, DataKey), LedgerError> {
        let now = ports.clock.now();
        if self.since.is_none_or(|since| now.duration_since(since) > KEPT) {
            *self = Self { since: Some(now), keys: HashMap::new() };
        }
        let name = name_of(identity);
        if !self.keys.contains_key(&name) {
            let known = match ports.subjects.subject(tenant, &name).await? {
                Some(known) => known,
                None => {
                    let pseudonym = fresh_uuid(&*ports.clock, &*ports.random).hyphenated().to_string();
                    let (_, key) =
                        ports.keys.generate(&context(tenant, &pseudonym)).await.map_err(SealError::from)?;
                    ports.subjects.add(tenant, &name, &SubjectKey { pseudonym, key }).await?
                }
            };
            let key = ports.keys.unwrap(&known.key, &context(tenant, &known.pseudonym)).await;
            self.keys.insert(name.clone(), (known.pseudonym, key.map_err(SealError::from)?));
        }
        Ok(self.keys.entry(name).or_default())
    }

    /// What of an event is about a person, sealed; with what stands in the entry instead.
    pub(super) async fn seal(
        &mut self,
        tenant: &TenantId,
        event: EventId,
        personal: Personal,
        ports: &LedgerPorts,
    ) -> Result<(Commitment, SealedPersonal), LedgerError> {
        let (pseudonym, key) = self.of(tenant, &personal.subject, ports).await?;
        let salt = random_bytes::<32>(&*ports.random);
        let nonce = random_bytes::<12>(&*ports.random);
        let commitment = Commitment::of(pseudonym, &salt, &json(&personal.fields)?)?;
        let text = serde_json::to_vec(&Disclosed { salt, fields: personal.fields })
            .map_err(|_| SealError::Refused)?;
        let text = Zeroizing::new(text);
        let aad = authenticated(tenant, pseudonym, event);
        let ciphertext = Aes256Gcm::new((&**key).into())
            .encrypt(&Nonce::from(nonce), Payload { msg: &text, aad: &aad })
            .map_err(|_| SealError::Refused)?;
        let sealed =
            SealedPersonal { pseudonym: pseudonym.clone(), nonce, ciphertext: hex::encode(ciphertext) };
        Ok((commitment, sealed))
    }
}

/// Opens what was sealed; none where the subject was forgotten, or what opens is not what was committed to.
pub(super) async fn open(
    tenant: &TenantId,
    event: EventId,
    commitment: &Commitment,
    sealed: &SealedPersonal,
    ports: &LedgerPorts,
) -> Result<Option<Disclosed>, LedgerError> {
    let Some(subject) = ports.subjects.by_pseudonym(tenant, &sealed.pseudonym).await? else {
        return Ok(None);
    };
    let key = ports.keys.unwrap(&subject.key, &context(tenant, &sealed.pseudonym)).await;
    let key = key.map_err(SealError::from)?;
    let ciphertext = hex::decode(&sealed.ciphertext).map_err(|_| SealError::Refused)?;
    let aad = authenticated(tenant, &sealed.pseudonym, event);
    let text = Aes256Gcm::new((&*key).into())
        .decrypt(&Nonce::from(sealed.nonce), Payload { msg: &ciphertext, aad: &aad })
        .map(Zeroizing::new)
        .map_err(|_| SealError::Refused)?;
    let disclosed: Disclosed = serde_json::from_slice(&text).map_err(|_| SealError::Refused)?;
    Ok(commitment.opens(&disclosed.salt, &json(&disclosed.fields)?).then_some(disclosed))
}

/// As it is committed to.
fn json(fields: &BTreeMap<PersonalField, Value>) -> Result<Value, EntryError> {
    serde_json::to_value(fields).map_err(EntryError::Json)
}

fn context(tenant: &TenantId, pseudonym: &str) -> EncryptionContext {
    EncryptionContext::new([("tenant", tenant.as_str()), ("subject", pseudonym)])
}

/// Bound to its event, so that no blob opens in the place of another.
fn authenticated(tenant: &TenantId, pseudonym: &str, event: EventId) -> Vec<u8> {
    let event = event.to_string();
    EncryptionContext::new([("tenant", tenant.as_str()), ("subject", pseudonym), ("event", &event)])
        .authenticated_bytes()
}
