//! A log that was copied into a directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::verify::{SourceError, TileSource};

/// The files of a log as they were published: `tile/…` below a directory.
#[derive(Clone, Debug)]
pub struct DirectorySource {
    root: PathBuf,
}

impl DirectorySource {
    /// The log below this directory.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }
}

impl TileSource for DirectorySource {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, SourceError> {
        match fs::read(self.root.join(path)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn each(&self, found: &mut dyn FnMut(&str)) -> Result<bool, SourceError> {
        let tiles = self.root.join("tile");
        if tiles.exists() {
            walk(&tiles, "tile", found)?;
        }
        Ok(true)
    }
}

fn walk(directory: &Path, name: &str, found: &mut dyn FnMut(&str)) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        // Links are not followed: they are no files of a log.
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &name, found)?;
        } else {
            found(&name);
        }
    }
    Ok(())
}
