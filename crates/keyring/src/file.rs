//! The key file: JSON, for its owner alone, replaced as a whole.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use deputize_broker::ports::keys::DataKey;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use crate::KeyringError;

/// A file larger than this is none of ours: it would hold thousands of keys.
const MAX_BYTES: u64 = 1024 * 1024;

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

/// Keeps other processes from the file until it is dropped. The directory is what is locked: the file itself is
/// replaced, and may not be there yet.
pub(crate) fn lock(path: &Path) -> Result<File, KeyringError> {
    let locked = File::open(directory(path)).and_then(|directory| directory.lock().map(|()| directory));
    locked.map_err(io_error(path))
}

/// Reads the file; none where there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Versions>, KeyringError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error(path)(error)),
    };
    refuse_exposed(&file, path)?;
    let size = file.metadata().map_err(io_error(path))?.len();
    let not_a_key_file = || KeyringError::NotAKeyFile(path.to_owned());
    let capacity = usize::try_from(size.min(MAX_BYTES)).map_err(|_| not_a_key_file())?;
    // Large enough from the start: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(capacity + 1));
    file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(io_error(path))?;
    parse(&bytes).map(Some).ok_or_else(not_a_key_file)
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

/// Replaces the file: after a crash there is the old one or the new one, and nothing in between.
pub(crate) fn write(path: &Path, versions: &Versions) -> Result<(), KeyringError> {
    let written = render(versions).and_then(|bytes| {
        let directory = directory(path);
        // Made with mode 0600.
        let mut file = NamedTempFile::new_in(&directory)?;
        file.write_all(&bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|failed| failed.error)?;
        File::open(&directory)?.sync_all()
    });
    written.map_err(io_error(path))
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

#[cfg(unix)]
fn refuse_exposed(file: &File, path: &Path) -> Result<(), KeyringError> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = file.metadata().map_err(io_error(path))?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(KeyringError::Exposed { path: path.to_owned(), mode }) }
}

/// Elsewhere a file is as private as the directory that it inherits its access list from.
#[cfg(not(unix))]
fn refuse_exposed(_: &File, _: &Path) -> Result<(), KeyringError> {
    Ok(())
}

fn directory(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> KeyringError {
    move |source| KeyringError::Io { path: path.to_owned(), source }
}
