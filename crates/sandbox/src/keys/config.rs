use std::time::Duration;

use crate::Key;

/// How the provider is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// Everything secret is derived from this: with the same key, API keys survive a restart.
    pub key: Key,
    /// How many keys an account may have, disabled ones included.
    pub most_keys: usize,
    /// How many keys a page of a list has.
    pub page: usize,
    /// How long it takes until a new key works: for the first half of it nowhere, for the second half with every other
    /// call.
    pub settling: Duration,
    /// How long a key works on that was disabled or deleted.
    pub lingering: Duration,
}

impl Config {
    /// A provider whose accounts have five keys, and whose changes are known at once.
    pub fn new(key: Key) -> Self {
        Self { key, most_keys: 5, page: 50, settling: Duration::ZERO, lingering: Duration::ZERO }
    }
}
