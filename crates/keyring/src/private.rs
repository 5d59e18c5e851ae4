//! Files for their owner alone, replaced as a whole, and changed by one process at a time.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use crate::KeyringError;

/// A file larger than this is none of ours: it would hold hundreds of keys.
const MAX_BYTES: u64 = 1024 * 1024;

/// Keeps other processes from the file until it is dropped. The directory is what is locked: the file itself is
/// replaced, and may not be there yet.
pub(crate) fn lock(path: &Path) -> Result<File, KeyringError> {
    let locked = File::open(directory(path)).and_then(|directory| directory.lock().map(|()| directory));
    locked.map_err(io_error(path))
}

/// Reads the file; none where there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error(path)(error)),
    };
    refuse_exposed(&file, path)?;
    let size = file.metadata().map_err(io_error(path))?.len();
    let capacity =
        usize::try_from(size.min(MAX_BYTES)).map_err(|_| KeyringError::NotAKeyFile(path.to_owned()))?;
    // Large enough from the start: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(capacity + 1));
    file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(io_error(path))?;
    Ok(Some(bytes))
}

/// Replaces the file: after a crash there is the old one or the new one, and nothing in between.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), KeyringError> {
    let written = || {
        let directory = directory(path);
        // Made with mode 0600.
        let mut file = NamedTempFile::new_in(&directory)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|failed| failed.error)?;
        File::open(&directory)?.sync_all()
    };
    written().map_err(io_error(path))
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

pub(crate) fn io_error(path: &Path) -> impl Fn(io::Error) -> KeyringError {
    move |source| KeyringError::Io { path: path.to_owned(), source }
}
