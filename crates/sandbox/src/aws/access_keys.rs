//! IAM's access keys: two for a user, inactive ones included; each change takes a while until it is known everywhere.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html>

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const MAX_KEYS: usize = 2;

/// An access key of an IAM user. Its secret follows from its id and the account's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserKey {
    /// `AKIA…`
    pub id: String,
    /// Whether it is to work.
    pub active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was made active or inactive last.
    pub changed_at: Option<Timestamp>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// What it was used for last.
    pub last_used: Option<LastUsed>,
}

/// How long it takes until what happened to an access key is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyPropagation {
    /// Until one that was made works.
    pub made: Duration,
    /// Until one that was made active or inactive is so.
    pub changed: Duration,
    /// Until one that was deleted no longer works.
    pub deleted: Duration,
}

impl KeyPropagation {
    /// The same for all.
    pub fn all(delay: Duration) -> Self {
        Self { made: delay, changed: delay, deleted: delay }
    }
}

/// A use of an access key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastUsed {
    /// When.
    pub at: Timestamp,
    /// Of which service: `sts`.
    pub service: String,
    /// In which region.
    pub region: String,
}

/// The access keys of all users, by the users' names.
#[derive(Debug)]
pub(super) struct AccessKeys {
    keys: Mutex<BTreeMap<String, Vec<UserKey>>>,
    propagation: KeyPropagation,
}

/// The user has two keys already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LimitExceeded;

impl AccessKeys {
    pub(super) fn new(keys: BTreeMap<String, Vec<UserKey>>, propagation: KeyPropagation) -> Self {
        Self { keys: Mutex::new(keys), propagation }
    }

    /// Everything that would have to be kept.
    pub(super) fn all(&self) -> BTreeMap<String, Vec<UserKey>> {
        self.lock().clone()
    }

    pub(super) fn create(&self, user: &str, id: String, now: Timestamp) -> Result<UserKey, LimitExceeded> {
        let mut keys = self.lock();
        let keys = keys.entry(user.to_owned()).or_default();
        if keys.iter().filter(|key| key.deleted_at.is_none()).count() >= MAX_KEYS {
            return Err(LimitExceeded);
        }
        let key = UserKey {
            id,
            active: true,
            created_at: now,
            changed_at: None,
            deleted_at: None,
            last_used: None,
        };
        keys.push(key.clone());
        Ok(key)
    }

    /// Changes a key that is there. Whether there was one.
    pub(super) fn change(&self, user: &str, id: &str, change: impl FnOnce(&mut UserKey)) -> bool {
        let mut keys = self.lock();
        let mut there = keys.get_mut(user).into_iter().flatten();
        there.find(|key| key.id == id && key.deleted_at.is_none()).map(change).is_some()
    }

    pub(super) fn of_user(&self, user: &str) -> Vec<UserKey> {
        let keys = self.lock();
        let there = keys.get(user).into_iter().flatten();
        there.filter(|key| key.deleted_at.is_none()).cloned().collect()
    }

    /// Whose a key is, and what is known of it.
    pub(super) fn find(&self, id: &str) -> Option<(String, UserKey)> {
        let keys = self.lock();
        keys.iter().find_map(|(user, keys)| {
            let key = keys.iter().find(|key| key.id == id && key.deleted_at.is_none())?;
            Some((user.clone(), key.clone()))
        })
    }

    /// The user whose key this is, where the key works now: what was changed just now is as if it had not been.
    pub(super) fn user_of_working(&self, id: &str, now: Timestamp) -> Option<String> {
        let keys = self.lock();
        let works = |key: &&UserKey| key.id == id && self.works(key, now);
        keys.iter().find_map(|(user, keys)| keys.iter().find(works).map(|_| user.clone()))
    }

    pub(super) fn used(&self, user: &str, id: &str, usage: LastUsed) {
        self.change(user, id, |key| key.last_used = Some(usage));
    }

    fn works(&self, key: &UserKey, now: Timestamp) -> bool {
        let KeyPropagation { made, changed, deleted } = self.propagation;
        let known = |since: Timestamp, delay: Duration| {
            now.duration_since(since) >= SignedDuration::try_from(delay).unwrap_or(SignedDuration::MAX)
        };
        let is_changed = key.changed_at.is_none_or(|since| known(since, changed));
        let active = if is_changed { key.active } else { !key.active };
        known(key.created_at, made) && active && !key.deleted_at.is_some_and(|since| known(since, deleted))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Vec<UserKey>>> {
        // Each change is one step: a map left by a thread that panicked is as good as any.
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
