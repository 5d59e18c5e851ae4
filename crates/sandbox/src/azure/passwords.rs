//! The passwords of applications, as client secrets are called at Graph. Their secrets are kept as digests only.

use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::SandboxAzure;
use crate::Key;

/// One password of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Password {
    /// By which it is removed.
    pub key_id: String,
    /// What somebody called it.
    pub display_name: Option<String>,
    /// Its first three characters.
    pub hint: String,
    /// When it was added.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// When it was removed.
    pub removed: Option<Timestamp>,
    digest: [u8; 32],
}

/// What a client secret is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Valid,
    Expired,
    Unknown,
}

impl Password {
    /// A password with a secret of one's own choosing, of the tenant whose configuration has this key.
    pub fn new(key: &Key, key_id: impl Into<String>, secret: &str, start: Timestamp, end: Timestamp) -> Self {
        let digest = key.of_cloud("azure").digest(secret);
        let hint = secret.chars().take(3).collect();
        Self { key_id: key_id.into(), display_name: None, hint, start, end, removed: None, digest }
    }

    /// Whether it works somewhere: its addition and its removal both take a while to be known.
    fn is_known(&self, now: Timestamp, propagation: Duration) -> bool {
        let reached = |since: Timestamp| elapsed(since, now, propagation);
        reached(self.start) && !self.removed.is_some_and(reached)
    }
}

fn elapsed(since: Timestamp, now: Timestamp, delay: Duration) -> bool {
    now.duration_since(since) >= SignedDuration::try_from(delay).unwrap_or(SignedDuration::MAX)
}

impl SandboxAzure {
    /// What a secret is good for as one of the application.
    pub(super) fn standing(&self, client_id: &str, secret: &str, now: Timestamp) -> Standing {
        let digest = self.0.key.digest(secret);
        let passwords = self.lock_passwords();
        let known =
            passwords.get(client_id).into_iter().flatten().find(|password| {
                password.digest == digest && password.is_known(now, self.0.config.propagation)
            });
        match known {
            Some(password) if password.end <= now => Standing::Expired,
            Some(password) if self.is_flapping(password, now) => Standing::Unknown,
            Some(_) => Standing::Valid,
            None => Standing::Unknown,
        }
    }

    /// Whether the request came to a machine that does not know the password yet: every other one does.
    fn is_flapping(&self, password: &Password, now: Timestamp) -> bool {
        let settled = self.0.config.propagation.saturating_add(self.0.config.flapping);
        !elapsed(password.start, now, settled) && self.0.flapped.fetch_add(1, Ordering::Relaxed) % 2 == 1
    }

    /// Adds a password with a fresh secret, which is told once.
    pub(super) fn add_password(
        &self,
        client_id: &str,
        display_name: Option<String>,
        end: Timestamp,
        now: Timestamp,
    ) -> (Password, String) {
        // Forty characters of an alphabet of 64, beginning as Entra's own do with three and `8Q~`.
        let mut bytes = [0; 40];
        self.0.random.fill(&mut bytes);
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789~_";
        let characters = bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 64)));
        let mut secret: String = characters.map(|&character| char::from(character)).collect();
        secret.replace_range(3..6, "8Q~");
        let password =
            Password { display_name, ..Password::new(&self.0.config.key, self.unique(), &secret, now, end) };
        self.lock_passwords().entry(client_id.to_owned()).or_default().push(password.clone());
        (password, secret)
    }

    /// Whether there was such a password to be removed.
    pub(super) fn remove_password(&self, client_id: &str, key_id: &str, now: Timestamp) -> bool {
        let mut passwords = self.lock_passwords();
        let there = passwords.get_mut(client_id).into_iter().flatten();
        let mut found = there.filter(|password| password.key_id == key_id && password.removed.is_none());
        found.next().map(|password| password.removed = Some(now)).is_some()
    }

    /// Those that were not removed.
    pub(super) fn listed_passwords(&self, client_id: &str) -> Vec<Password> {
        let passwords = self.lock_passwords();
        let listed = passwords.get(client_id).into_iter().flatten();
        listed.filter(|password| password.removed.is_none()).cloned().collect()
    }
}
