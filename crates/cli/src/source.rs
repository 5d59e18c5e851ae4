//! Files that a person wrote.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A file cannot be read. The process then ends with 2, as for wrong usage.
#[derive(Debug, Error)]
#[error("cannot read {}", path.display())]
pub(crate) struct Unreadable {
    path: PathBuf,
    #[source]
    cause: io::Error,
}

/// A file's bytes, whatever they are.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, Unreadable> {
    fs::read(path).map_err(|cause| Unreadable { path: path.to_owned(), cause })
}

/// A file's text.
pub(crate) fn text(path: &Path) -> Result<String, Unreadable> {
    fs::read_to_string(path).map_err(|cause| Unreadable { path: path.to_owned(), cause })
}
