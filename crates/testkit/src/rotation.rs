//! What every provider of keys must do, whoever makes the keys.

// A broken promise of a provider ends the test that tries it.
#![allow(clippy::panic)]

use std::collections::BTreeSet;
use std::error::Error;

use deputize_broker::Secret;
use deputize_broker::ports::rotation::{
    KEY_LIMIT, KeyId, KeyProvider, ListedKey, OperationId, ProviderError, Subject,
};
use deputize_broker::stored::{CredentialRecord, StoredSecret};
use deputize_scope::document::StoredCredential;
use deputize_scope::identifier::Risk;
use jiff::Timestamp;

/// The most keys that are made to meet a limit.
const FEW: usize = 8;

/// A provider, and an owner there with a key that works.
pub struct Place<'a> {
    /// The provider.
    pub provider: &'a dyn KeyProvider,
    /// What is on record of the credential.
    pub record: &'a CredentialRecord,
    /// Its current version.
    pub current: &'a StoredSecret,
    /// The connector that it is declared with.
    pub connector: Option<&'a str>,
    /// Whether a key that is wrong, disabled or deleted is refused there. Some stand-ins look at no key.
    pub refuses: bool,
    /// Lets enough time pass for a change to be known everywhere.
    pub settle: &'a (dyn Fn() + Sync),
}

impl std::fmt::Debug for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Place").field("record", self.record).finish_non_exhaustive()
    }
}

/// A record of a credential whose current version this is.
///
/// # Panics
/// Never: the names are names.
#[allow(clippy::expect_used)]
pub fn record_of(current: &StoredSecret) -> CredentialRecord {
    let then = Timestamp::UNIX_EPOCH;
    let declared = StoredCredential {
        id: "deploy-key".parse().expect("a credential's name"),
        kind: current.kind(),
        agent: "devops-agent".parse().expect("an agent's name"),
        consumers: None,
        rotate: None,
        risk: Risk::Medium,
    };
    let tenant = "acme".parse().expect("a tenant's name");
    CredentialRecord::first(&tenant, &declared, current.facts(), then)
}

/// What holds while all is well. The owner has the same keys afterwards.
pub async fn key_provider_contract(place: &Place<'_>) -> Result<(), ProviderError> {
    let (provider, subject) = (place.provider, place.subject());
    let before = place.keys().await?;
    assert!(place.current_key().is_none_or(|key| before.contains(&key)), "the current key is listed");
    assert!(place.works(place.current).await?, "the current key works");

    let operation = OperationId::from_u128(0x1111);
    let made = provider.create(&subject, operation).await?;
    let id = place.check_made(&made, &before);
    (place.settle)();
    place.check_listed(&id, operation, &before).await?;
    assert!(place.works(&made).await?, "a new key works once it is known");
    assert!(place.works(place.current).await?, "and the current one still does");
    if place.refuses {
        assert!(!place.works(&forged(&made)).await?, "a key with a wrong secret does not work");
    }
    place.check_limit().await?;

    let is_disabled = provider.disable(&subject, &id).await?;
    assert_eq!(provider.disable(&subject, &id).await?, is_disabled, "disabled twice is disabled");
    (place.settle)();
    assert!(place.keys().await?.contains(&id), "a disabled key is listed");
    if place.refuses {
        assert_eq!(place.works(&made).await?, !is_disabled, "a key works until it is disabled");
    }

    for time in ["once", "twice"] {
        provider.delete(&subject, &id).await?;
        (place.settle)();
        assert_eq!(place.keys().await?, before, "a key that is deleted {time} is not listed");
    }
    if place.refuses {
        assert!(!place.works(&made).await?, "a deleted key does not work");
    }
    assert_eq!(provider.disable(&subject, &id).await?, is_disabled, "what is gone counts as disabled");
    assert_eq!(provider.last_used(&subject, &id).await?, None, "what is gone is not used");
    provider.delete(&subject, &unheard_of(&id)).await?;
    assert!(place.works(place.current).await?, "the current key works in the end");
    Ok(())
}

/// What holds where a change is made and its answer lost. `lose` plans that for the next request of those that change or
/// list keys.
pub async fn lost_answer_contract(place: &Place<'_>, lose: &(dyn Fn() + Sync)) -> Result<(), ProviderError> {
    let (provider, subject) = (place.provider, place.subject());
    let before = place.keys().await?;
    let operation = OperationId::from_u128(0x2222);
    lose();
    place.check_lost(provider.create(&subject, operation).await);
    (place.settle)();
    let made: Vec<KeyId> = place.keys().await?.difference(&before).cloned().collect();
    let [id] = made.as_slice() else { panic!("a creation whose answer is lost made one key, not {made:?}") };
    place.check_listed(id, operation, &before).await?;

    lose();
    match provider.disable(&subject, id).await {
        // No request was made: the loss is to come.
        Ok(false) => {}
        disabled => {
            place.check_lost(disabled);
            assert!(provider.disable(&subject, id).await?, "what was disabled is disabled");
            lose();
        }
    }
    place.check_lost(provider.delete(&subject, id).await);
    provider.delete(&subject, id).await?;
    (place.settle)();
    assert_eq!(place.keys().await?, before, "what was made is gone");
    lose();
    place.check_unavailable(provider.list(&subject).await);
    Ok(())
}

/// What holds while a provider takes no requests. `refuse` has it take the next one not, of those that change or list keys.
pub async fn unavailability_contract(
    place: &Place<'_>,
    refuse: &(dyn Fn() + Sync),
) -> Result<(), ProviderError> {
    let (provider, subject) = (place.provider, place.subject());
    let before = place.keys().await?;
    refuse();
    place.check_unavailable(provider.create(&subject, OperationId::from_u128(0x3333)).await);
    refuse();
    place.check_unavailable(provider.list(&subject).await);
    if let Some(key) = before.first() {
        refuse();
        place.check_unavailable(provider.delete(&subject, key).await);
    }
    (place.settle)();
    assert_eq!(place.keys().await?, before, "nothing was changed");
    Ok(())
}

impl Place<'_> {
    /// The owner of the current key.
    pub fn subject(&self) -> Subject<'_> {
        Subject { record: self.record, current: self.current, connector: self.connector }
    }

    fn current_key(&self) -> Option<KeyId> {
        self.current.facts().key_id()
    }

    async fn listed(&self) -> Result<Vec<ListedKey>, ProviderError> {
        self.provider.list(&self.subject()).await
    }

    async fn keys(&self) -> Result<BTreeSet<KeyId>, ProviderError> {
        let listed = self.listed().await?;
        let (count, ids) = (listed.len(), listed.into_iter().map(|key| key.id).collect::<BTreeSet<_>>());
        assert_eq!(ids.len(), count, "no key is listed twice");
        Ok(ids)
    }

    async fn works(&self, key: &StoredSecret) -> Result<bool, ProviderError> {
        self.provider.probe(&self.subject(), key).await
    }

    /// A new key is another one, for the same owner, and shows nothing of itself.
    fn check_made(&self, made: &StoredSecret, before: &BTreeSet<KeyId>) -> KeyId {
        assert_eq!(made.kind(), self.current.kind());
        assert_ne!(secret(made).map(Secret::reveal), secret(self.current).map(Secret::reveal));
        self.check_shown(&format!("{made:?}"), made);
        let Some(id) = made.facts().key_id() else {
            panic!("a new key has an id, or it could not be deleted")
        };
        assert!(!before.contains(&id), "a new key's id is new");
        id
    }

    /// A new key is listed beside those that were there, with the operation that made it where there are labels.
    async fn check_listed(
        &self,
        id: &KeyId,
        operation: OperationId,
        before: &BTreeSet<KeyId>,
    ) -> Result<(), ProviderError> {
        let labels = self.provider.abilities(&self.subject())?.labels;
        let listed = self.listed().await?;
        let ids: BTreeSet<KeyId> = listed.iter().map(|key| key.id.clone()).collect();
        assert!(ids.contains(id) && ids.is_superset(before) && ids.len() == before.len() + 1, "{ids:?}");
        for key in listed {
            let made_it = key.operation == Some(operation);
            assert_eq!(made_it, labels && key.id == *id, "labels say which key the operation made: {key:?}");
        }
        Ok(())
    }

    /// Where there is a limit of few keys, the next one is refused by the name that all providers have for it.
    async fn check_limit(&self) -> Result<(), ProviderError> {
        let subject = self.subject();
        let Some(most) = self.provider.abilities(&subject)?.most_keys.filter(|most| *most <= FEW) else {
            return Ok(());
        };
        let before = self.keys().await?;
        let mut more = Vec::new();
        let refused = loop {
            match self.provider.create(&subject, OperationId::from_u128(0x4444)).await {
                Ok(made) => more.extend(made.facts().key_id()),
                Err(error) => break error,
            }
            assert!(before.len() + more.len() <= most, "there are at most {most} keys");
        };
        self.check_told(&refused);
        assert!(matches!(&refused, ProviderError::Refused { code, .. } if code == KEY_LIMIT), "{refused:?}");
        for id in more {
            self.provider.delete(&subject, &id).await?;
        }
        assert_eq!(self.keys().await?, before);
        Ok(())
    }

    fn check_lost<T: std::fmt::Debug>(&self, outcome: Result<T, ProviderError>) {
        match outcome {
            Err(error @ ProviderError::Lost(_)) => self.check_told(&error),
            other => panic!("a change whose answer is lost may have been made: {other:?}"),
        }
    }

    fn check_unavailable<T: std::fmt::Debug>(&self, outcome: Result<T, ProviderError>) {
        match outcome {
            Err(error @ ProviderError::Unavailable { .. }) => self.check_told(&error),
            other => panic!("nothing was changed, and it may work later: {other:?}"),
        }
    }

    /// Whatever an error says, to whoever asks in whatever way, is no secret.
    fn check_told(&self, error: &ProviderError) {
        let mut told = format!("{error:?}");
        let mut next: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(error) = next {
            told.push_str(&format!("\n{error} {error:?}"));
            next = error.source();
        }
        self.check_shown(&told, self.current);
    }

    fn check_shown(&self, shown: &str, key: &StoredSecret) {
        assert!(secret(key).is_none_or(|secret| !shown.contains(secret.reveal())), "a secret is shown");
    }
}

/// What is secret of a key.
fn secret(key: &StoredSecret) -> Option<&Secret> {
    match key {
        StoredSecret::AwsAccessKey(key) => Some(&key.secret_access_key),
        StoredSecret::AzureClientSecret(secret) => Some(&secret.client_secret),
        StoredSecret::ApiKey(key) => Some(&key.key),
        StoredSecret::Oauth(client) => client.client_secret.as_ref(),
    }
}

/// The same key with another secret.
fn forged(key: &StoredSecret) -> StoredSecret {
    let wrong = Secret::new("wrong0wrong0wrong0wrong0wrong0wrong0wrong".to_owned());
    let mut forged = key.clone();
    match &mut forged {
        StoredSecret::AwsAccessKey(key) => key.secret_access_key = wrong,
        StoredSecret::AzureClientSecret(secret) => secret.client_secret = wrong,
        StoredSecret::ApiKey(key) => key.key = wrong,
        StoredSecret::Oauth(client) => client.client_secret = Some(wrong),
    }
    forged
}

/// An id like this one, of a key that there never was.
fn unheard_of(id: &KeyId) -> KeyId {
    let mut text = id.as_str().to_owned();
    let last = text.pop();
    text.push(if matches!(last, Some('a' | 'A')) { 'b' } else { 'A' });
    KeyId::new(text)
}
