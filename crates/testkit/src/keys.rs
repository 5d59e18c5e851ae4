//! What every key keeper must do, whatever keeps its keys.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use deputize_broker::Random;
use deputize_broker::ports::clock::random_bytes;
use deputize_broker::ports::keys::{DataKey, EncryptionContext, KeyError, KeyKeeper, WrappedKey};
use deputize_broker::seal::{SealError, Sealed, open, seal};

/// Bytes that look random, and that are the same in every run: a keyed hash of a counter. Not fit for keys that guard
/// anything.
#[derive(Debug)]
pub struct Scrambled(AtomicU64);

impl Scrambled {
    /// Another seed, other bytes.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed.wrapping_mul(0x0102_0304_0506_0709)))
    }
}

impl Random for Scrambled {
    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            let count = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            let mixed = (count ^ (count >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            *byte = (mixed >> 56) as u8;
        }
    }
}

/// Keeps data keys in memory, each with its context. What it calls a wrapped key is the key's name.
pub struct MemoryKeys {
    random: Scrambled,
    keys: Mutex<BTreeMap<Vec<u8>, (EncryptionContext, DataKey)>>,
}

impl Default for MemoryKeys {
    fn default() -> Self {
        Self { random: Scrambled::new(11), keys: Mutex::default() }
    }
}

impl std::fmt::Debug for MemoryKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryKeys").finish_non_exhaustive()
    }
}

#[async_trait]
impl KeyKeeper for MemoryKeys {
    async fn generate(&self, context: &EncryptionContext) -> Result<(DataKey, WrappedKey), KeyError> {
        let (name, key) = (random_bytes::<16>(&self.random).to_vec(), random_bytes::<32>(&self.random));
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.insert(name.clone(), (context.clone(), DataKey::new(key)));
        Ok((DataKey::new(key), WrappedKey { key_id: "memory".into(), ciphertext: name }))
    }

    async fn unwrap(&self, wrapped: &WrappedKey, context: &EncryptionContext) -> Result<DataKey, KeyError> {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let known = keys.get(&wrapped.ciphertext).filter(|(bound_to, _)| bound_to == context);
        known.map(|(_, key)| key.clone()).ok_or(KeyError::Refused)
    }
}

/// Holds a key keeper to its contract through [`seal`] and [`open`]: what is sealed opens in its context, and in no
/// other; nothing that was changed opens; each blob has its own key.
///
/// # Errors
/// [`SealError`] where a blob cannot be sealed at all.
///
/// # Panics
/// Where the keeper breaks the contract: it is called by tests.
pub async fn key_keeper_contract(keys: &dyn KeyKeeper) -> Result<(), SealError> {
    let random = Scrambled::new(0);
    let context = EncryptionContext::new([("tenant", "acme"), ("lease", "1")]);
    let sealed = sealed(keys, &random, &context).await?;

    let opened = open(keys, &context, &sealed).await;
    assert!(opened.is_ok_and(|plain| *plain == PLAINTEXT), "a blob opens in its context");
    for (what, elsewhere) in [
        ("another tenant", EncryptionContext::new([("tenant", "evil"), ("lease", "1")])),
        ("another row", EncryptionContext::new([("tenant", "acme"), ("lease", "2")])),
        ("a part of its context", EncryptionContext::new([("tenant", "acme")])),
        ("more than its context", EncryptionContext::new([("tenant", "acme"), ("lease", "1"), ("x", "y")])),
        ("no context", EncryptionContext::new::<&str, &str>([])),
    ] {
        assert!(open(keys, &elsewhere, &sealed).await.is_err(), "a blob moved to {what} does not open");
    }
    for (what, changed) in changes(&sealed) {
        assert!(open(keys, &context, &changed).await.is_err(), "a blob with {what} does not open");
    }

    let again = self::sealed(keys, &random, &context).await?;
    assert!(again.key != sealed.key, "each blob has a data key of its own");
    let swapped = Sealed { key: again.key.clone(), ..sealed.clone() };
    assert!(open(keys, &context, &swapped).await.is_err(), "a blob with another's data key does not open");
    assert!(open(keys, &context, &again).await.is_ok(), "the second blob opens too");
    assert!(open(keys, &context, &sealed).await.is_ok(), "and the first one still does");
    Ok(())
}

const PLAINTEXT: &[u8] = b"what nobody else may read";

async fn sealed(
    keys: &dyn KeyKeeper,
    random: &Scrambled,
    context: &EncryptionContext,
) -> Result<Sealed, SealError> {
    let sealed = seal(keys, random, context, PLAINTEXT).await?;
    let shown = sealed.ciphertext.windows(PLAINTEXT.len()).any(|window| window == PLAINTEXT);
    assert!(!shown, "a sealed blob does not show what is in it");
    Ok(sealed)
}

/// The blob with one bit of each part changed, and with each part cut short.
fn changes(sealed: &Sealed) -> Vec<(&'static str, Sealed)> {
    let flipped = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        if let Some(last) = bytes.last_mut() {
            *last ^= 1;
        }
        bytes
    };
    let cut = |bytes: &[u8]| bytes.split_last().map(|(_, rest)| rest.to_vec()).unwrap_or_default();
    let mut nonce = sealed.nonce;
    nonce.iter_mut().take(1).for_each(|byte| *byte ^= 1);
    let with_key = |ciphertext: Vec<u8>| {
        let mut changed = sealed.clone();
        changed.key.ciphertext = ciphertext;
        changed
    };
    vec![
        ("a changed ciphertext", Sealed { ciphertext: flipped(&sealed.ciphertext), ..sealed.clone() }),
        ("a ciphertext cut short", Sealed { ciphertext: cut(&sealed.ciphertext), ..sealed.clone() }),
        ("no ciphertext", Sealed { ciphertext: Vec::new(), ..sealed.clone() }),
        ("a changed nonce", Sealed { nonce, ..sealed.clone() }),
        ("a changed wrapped key", with_key(flipped(&sealed.key.ciphertext))),
        ("a wrapped key cut short", with_key(cut(&sealed.key.ciphertext))),
        ("no wrapped key", with_key(Vec::new())),
    ]
}
