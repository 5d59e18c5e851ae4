//! A provider of access keys in memory, that fails when it is told to: before a call is carried out, or after.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use deputize_broker::Secret;
use deputize_broker::ports::clock::Clock;
use deputize_broker::ports::rotation::{
    Abilities, KEY_LIMIT, KeyId, KeyProvider, ListedKey, OperationId, ProviderError, Subject, Windows,
};
use deputize_broker::stored::StoredSecret;
use deputize_broker::stored::secret::StoredAccessKey;
use jiff::{SignedDuration, Timestamp};

/// What a provider is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To list the keys.
    List,
    /// To make one.
    Create,
    /// To try one.
    Probe(KeyId),
    /// To disable one.
    Disable(KeyId),
    /// To delete one.
    Delete(KeyId),
    /// When one was last used.
    LastUsed(KeyId),
}

/// A kind of call.
pub type Kind = fn(&Asked) -> bool;

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The provider says no, by this code.
    Refused(&'static str),
    /// The provider takes nothing, and says when it will.
    Busy(Duration),
    /// The call is carried out, and its answer lost.
    AnswerLost,
    /// The call is lost before anything is done.
    Dropped,
    /// The call never ends, and nothing is done.
    Hangs,
    /// The call is carried out, and the worker never hears of it nor of anything else.
    CarriedOutAndHangs,
}

/// A provider of access keys in memory.
pub struct MemoryProvider {
    abilities: Abilities,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    keys: Vec<Key>,
    made: u32,
    stubborn: u32,
    planned: Vec<(Kind, Fault)>,
    asked: Vec<Asked>,
}

struct Key {
    id: KeyId,
    secret: String,
    operation: Option<OperationId>,
    is_enabled: bool,
    fails: u32,
    used: Option<Timestamp>,
}

impl std::fmt::Debug for MemoryProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryProvider").field("asked", &self.asked()).finish_non_exhaustive()
    }
}

/// Two keys at most, as an IAM user has them; three probes, five minutes to adopt, an hour to soak.
pub fn abilities(labels: bool, evidence: bool) -> Abilities {
    let windows = Windows {
        probes: 3,
        between_probes: SignedDuration::from_secs(10),
        settling: SignedDuration::from_mins(10),
        adoption: SignedDuration::from_mins(5),
        soak: SignedDuration::from_hours(1),
        evidence: evidence.then_some(SignedDuration::from_mins(1)),
    };
    Abilities { labels, most_keys: Some(2), windows }
}

impl MemoryProvider {
    /// A provider with one key, whose answer it gives as [`Self::first`] does.
    pub fn new(abilities: Abilities, clock: Arc<dyn Clock>) -> Self {
        let provider = Self { abilities, clock, state: Mutex::default() };
        provider.add();
        provider
    }

    /// Makes a key as an owner would by hand.
    pub fn add(&self) -> StoredSecret {
        self.state().make(None)
    }

    /// The key that there is from the beginning.
    pub fn first(&self) -> StoredSecret {
        State::secret_of("AKIA1", &canary(1))
    }

    /// The next call of this kind goes wrong. Those that are planned for the same kind go wrong one after the other.
    pub fn plan(&self, kind: Kind, fault: Fault) {
        self.state().planned.push((kind, fault));
    }

    /// Keys that are made from now on fail so many times before they work.
    pub fn keys_fail_first(&self, times: u32) {
        self.state().stubborn = times;
    }

    /// What it was asked for, oldest first.
    pub fn asked(&self) -> Vec<Asked> {
        self.state().asked.clone()
    }

    /// The ids of the keys that there are, and whether each is enabled.
    pub fn keys(&self) -> Vec<(String, bool)> {
        let state = self.state();
        state.keys.iter().map(|key| (key.id.to_string(), key.is_enabled)).collect()
    }

    /// Whether a key works, as its user finds it: the provider remembers that it was used.
    pub fn works(&self, secret: &StoredSecret) -> bool {
        let now = self.clock.now();
        let mut state = self.state();
        let found = state.found(secret).filter(|key| key.is_enabled);
        found.map(|key| key.used = Some(now)).is_some()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries a call out, or lets it fail as it is planned.
    async fn answer<T>(
        &self,
        asked: Asked,
        carry_out: impl FnOnce(&mut State) -> Result<T, ProviderError> + Send,
    ) -> Result<T, ProviderError> {
        let is_a_look = matches!(asked, Asked::List | Asked::Probe(_) | Asked::LastUsed(_));
        let fault = self.state().take_fault(&asked);
        match fault {
            Some(Fault::AnswerLost | Fault::Dropped) if is_a_look => {
                Err(ProviderError::Unavailable { retry_after: None, source: "the connection broke".into() })
            }
            None => carry_out(&mut self.state()),
            Some(Fault::Refused(code)) => Err(refused(code)),
            Some(Fault::Busy(after)) => {
                Err(ProviderError::Unavailable { retry_after: Some(after), source: "busy".into() })
            }
            Some(Fault::AnswerLost) => {
                carry_out(&mut self.state())?;
                Err(ProviderError::Lost("the connection broke after the request".into()))
            }
            Some(Fault::Dropped) => Err(ProviderError::Lost("the connection broke".into())),
            Some(Fault::Hangs) => std::future::pending().await,
            Some(Fault::CarriedOutAndHangs) => {
                carry_out(&mut self.state())?;
                std::future::pending().await
            }
        }
    }
}

#[async_trait]
impl KeyProvider for MemoryProvider {
    fn abilities(&self, _: &Subject<'_>) -> Result<Abilities, ProviderError> {
        Ok(self.abilities)
    }

    async fn list(&self, _: &Subject<'_>) -> Result<Vec<ListedKey>, ProviderError> {
        let labels = self.abilities.labels;
        let listed =
            |key: &Key| ListedKey { id: key.id.clone(), operation: key.operation.filter(|_| labels) };
        self.answer(Asked::List, |state| Ok(state.keys.iter().map(listed).collect())).await
    }

    async fn create(&self, _: &Subject<'_>, operation: OperationId) -> Result<StoredSecret, ProviderError> {
        let most = self.abilities.most_keys;
        let make = |state: &mut State| {
            if most.is_some_and(|most| state.keys.len() >= most) {
                return Err(refused(KEY_LIMIT));
            }
            Ok(state.make(Some(operation)))
        };
        self.answer(Asked::Create, make).await
    }

    async fn probe(&self, _: &Subject<'_>, candidate: &StoredSecret) -> Result<bool, ProviderError> {
        let id = candidate.facts().key_id().ok_or_else(|| refused("no_such_key"))?;
        let now = self.clock.now();
        let works = |state: &mut State| {
            let Some(key) = state.found(candidate).filter(|key| key.is_enabled) else { return Ok(false) };
            if key.fails > 0 {
                key.fails -= 1;
                return Ok(false);
            }
            key.used = Some(now);
            Ok(true)
        };
        self.answer(Asked::Probe(id), works).await
    }

    async fn disable(&self, _: &Subject<'_>, key: &KeyId) -> Result<bool, ProviderError> {
        let disable = |state: &mut State| {
            state.keys.iter_mut().filter(|one| one.id == *key).for_each(|one| one.is_enabled = false);
            Ok(true)
        };
        self.answer(Asked::Disable(key.clone()), disable).await
    }

    async fn delete(&self, _: &Subject<'_>, key: &KeyId) -> Result<(), ProviderError> {
        let delete = |state: &mut State| {
            state.keys.retain(|one| one.id != *key);
            Ok(())
        };
        self.answer(Asked::Delete(key.clone()), delete).await
    }

    async fn last_used(&self, _: &Subject<'_>, key: &KeyId) -> Result<Option<Timestamp>, ProviderError> {
        let used =
            |state: &mut State| Ok(state.keys.iter().find(|one| one.id == *key).and_then(|found| found.used));
        self.answer(Asked::LastUsed(key.clone()), used).await
    }
}

impl State {
    fn make(&mut self, operation: Option<OperationId>) -> StoredSecret {
        self.made += 1;
        let (id, secret) = (format!("AKIA{}", self.made), canary(self.made));
        let made = Self::secret_of(&id, &secret);
        let fails = if operation.is_some() { self.stubborn } else { 0 };
        let id = KeyId::new(id);
        self.keys.push(Key { id, secret, operation, is_enabled: true, fails, used: None });
        made
    }

    fn secret_of(id: &str, secret: &str) -> StoredSecret {
        StoredSecret::AwsAccessKey(StoredAccessKey {
            access_key_id: id.to_owned(),
            user_name: None,
            secret_access_key: Secret::new(secret.to_owned()),
        })
    }

    fn found(&mut self, secret: &StoredSecret) -> Option<&mut Key> {
        let StoredSecret::AwsAccessKey(wanted) = secret else { return None };
        let is_it = |key: &&mut Key| {
            key.id.as_str() == wanted.access_key_id && key.secret == wanted.secret_access_key.reveal()
        };
        self.keys.iter_mut().find(is_it)
    }

    fn take_fault(&mut self, asked: &Asked) -> Option<Fault> {
        self.asked.push(asked.clone());
        let at = self.planned.iter().position(|(kind, _)| kind(asked))?;
        Some(self.planned.remove(at).1)
    }
}

/// The secret of a key: a text that nothing but an agent may ever be given.
fn canary(number: u32) -> String {
    format!("canary-of-key-{number}")
}

fn refused(code: &str) -> ProviderError {
    ProviderError::Refused { code: code.to_owned(), source: "as planned".into() }
}
