//! The key file: JSON.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use deputize_broker::ports::keys::DataKey;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::KeyringError;
use crate::private;

/// Keys by version, and which of them wraps.
pub(crate) struct Versions {
    pub(crate) current: u32,
    keys: BTreeMap<u32, DataKey>,
}

impl Versions {
    pub(crate) fn first(key: DataKey) -> Self {
        Self { current: 1, keys: BTreeMap::from([(1, key)]) }
    }

    /// Adds a key that wraps from now on; none where versions are used up.
    pub(crate) fn add(&mut self, key: DataKey) -> Option<u32> {
        let version = self.keys.last_key_value().map_or(Some(1), |(last, _)| last.checked_add(1))?;
        self.keys.insert(version, key);
        self.current = version;
        Some(version)
    }

    pub(crate) fn key(&self, version: u32) -> Option<&[u8; 32]> {
        self.keys.get(&version).map(|key| &**key)
    }
}

/// The file's text. It borrows the keys, so that they are nowhere but in buffers that are zeroised.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text<'a> {
    current: u32,
    /// Keys in hexadecimal.
    #[serde(borrow)]
    keys: BTreeMap<u32, &'a str>,
}

/// Reads the file; none where there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Versions>, KeyringError> {
    let Some(bytes) = private::read(path)? else { return Ok(None) };
    parse(&bytes).map(Some).ok_or_else(|| KeyringError::NotAKeyFile(path.to_owned()))
}

fn parse(bytes: &[u8]) -> Option<Versions> {
    // The error is dropped: it could quote the file.
    let text: Text<'_> = serde_json::from_slice(bytes).ok()?;
    let mut keys = BTreeMap::new();
    for (version, digits) in text.keys {
        let mut key = DataKey::default();
        hex::decode_to_slice(digits, &mut *key).ok()?;
        keys.insert(version, key);
    }
    keys.contains_key(&text.current).then_some(Versions { current: text.current, keys })
}

/// Replaces the file.
pub(crate) fn write(path: &Path, versions: &Versions) -> Result<(), KeyringError> {
    private::write(path, &render(versions).map_err(private::io_error(path))?)
}

fn render(versions: &Versions) -> io::Result<Zeroizing<Vec<u8>>> {
    let digits: BTreeMap<u32, Zeroizing<String>> =
        versions.keys.iter().map(|(version, key)| (*version, Zeroizing::new(hex::encode(**key)))).collect();
    let keys = digits.iter().map(|(version, digits)| (*version, digits.as_str())).collect();
    // About 80 bytes for each key, so that the buffer does not grow.
    let mut bytes = Zeroizing::new(Vec::with_capacity(64 + 96 * versions.keys.len()));
    serde_json::to_writer(&mut *bytes, &Text { current: versions.current, keys })?;
    bytes.push(b'\n');
    Ok(bytes)
}
