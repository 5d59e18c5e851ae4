//! The keys of all accounts, and which of them work when.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Config;

/// What a key is: sealed, it is the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApiKey {
    pub(super) id: String,
    pub(super) account: String,
    pub(super) label: String,
    pub(super) created_at: Timestamp,
    /// The first one of an account works at once: nobody has another to wait with.
    pub(super) is_first: bool,
}

/// A key, and what became of it.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) key: ApiKey,
    pub(super) disabled_at: Option<Timestamp>,
    deleted_at: Option<Timestamp>,
    /// How often it was tried while it was not known everywhere.
    tried: u64,
}

/// The account has as many keys as it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany;

/// By account, in the order in which they were made.
#[derive(Debug, Default)]
pub(super) struct Accounts(Mutex<BTreeMap<String, Vec<Kept>>>);

impl Accounts {
    /// Keeps a key that was just made.
    pub(super) fn add(&self, key: ApiKey, most: usize) -> Result<(), TooMany> {
        let mut accounts = self.lock();
        let keys = accounts.entry(key.account.clone()).or_default();
        if keys.iter().filter(|kept| kept.deleted_at.is_none()).count() >= most {
            return Err(TooMany);
        }
        keys.push(Kept::new(key));
        Ok(())
    }

    /// Whether a key works now. One that is not known is taken up: it was made before a restart.
    pub(super) fn works(&self, key: &ApiKey, config: &Config, now: Timestamp) -> bool {
        let mut accounts = self.lock();
        let keys = accounts.entry(key.account.clone()).or_default();
        if !keys.iter().any(|kept| kept.key.id == key.id) {
            keys.push(Kept::new(key.clone()));
        }
        keys.iter_mut().find(|kept| kept.key.id == key.id).is_some_and(|kept| kept.works(config, now))
    }

    /// The keys of an account that were not deleted.
    pub(super) fn of(&self, account: &str) -> Vec<Kept> {
        let accounts = self.lock();
        accounts
            .get(account)
            .into_iter()
            .flatten()
            .filter(|kept| kept.deleted_at.is_none())
            .cloned()
            .collect()
    }

    /// Disables a key of an account. Whether there is one.
    pub(super) fn disable(&self, account: &str, id: &str, now: Timestamp) -> bool {
        self.change(account, id, |kept| kept.disabled_at = kept.disabled_at.or(Some(now)))
    }

    /// Deletes a key of an account. Whether there was one.
    pub(super) fn delete(&self, account: &str, id: &str, now: Timestamp) -> bool {
        self.change(account, id, |kept| kept.deleted_at = Some(now))
    }

    fn change(&self, account: &str, id: &str, change: impl FnOnce(&mut Kept)) -> bool {
        let mut accounts = self.lock();
        let mut there = accounts.get_mut(account).into_iter().flatten();
        there.find(|kept| kept.key.id == id && kept.deleted_at.is_none()).map(change).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Vec<Kept>>> {
        // Each change is one step: a map left by a thread that panicked is as good as any.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn new(key: ApiKey) -> Self {
        Self { key, disabled_at: None, deleted_at: None, tried: 0 }
    }

    fn works(&mut self, config: &Config, now: Timestamp) -> bool {
        let since = |then: Timestamp| now.duration_since(then);
        let ended = [self.disabled_at, self.deleted_at].into_iter().flatten().min();
        if ended.is_some_and(|ended| since(ended) >= signed(config.lingering)) {
            return false;
        }
        let age = since(self.key.created_at);
        if self.key.is_first || age >= signed(config.settling) {
            return true;
        }
        if age < signed(config.settling / 2) {
            return false;
        }
        self.tried += 1;
        self.tried.is_multiple_of(2)
    }
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
