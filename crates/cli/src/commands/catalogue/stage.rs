//! The answers of a pull that is under way, kept until it is complete so that it can be resumed.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use deputize_scope::Cloud;
use tempfile::NamedTempFile;
use thiserror::Error;

/// A folder of answers, of this process until it is dropped.
#[derive(Debug)]
pub(super) struct Stage {
    folder: PathBuf,
    _lock: File,
}

/// Why answers cannot be kept.
#[derive(Debug, Error)]
pub(super) enum StageError {
    #[error("cannot read or write {}", path.display())]
    Io {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("another process is pulling this catalogue")]
    InUse,
}

impl Stage {
    /// Takes the folder of a cloud. Answers that are there remain if they are of the same `origin`: other places or
    /// other days are not mixed.
    pub(super) fn open(shelf: &Path, cloud: Cloud, origin: &str) -> Result<Self, StageError> {
        make_private(shelf)?;
        let path = shelf.join(format!("{cloud}.lock"));
        let lock = File::options().create(true).append(true).open(&path).map_err(io_error(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StageError::InUse),
            Err(TryLockError::Error(cause)) => return Err(io_error(&path)(cause)),
        }
        let stage = Self { folder: shelf.join(format!("{cloud}.pages")), _lock: lock };
        if stage.get("origin")?.as_deref() != Some(origin) {
            stage.clear()?;
        }
        make_private(&stage.folder)?;
        stage.put("origin", origin)?;
        Ok(stage)
    }

    /// An answer that was kept.
    pub(super) fn get(&self, name: &str) -> Result<Option<String>, StageError> {
        let path = self.path(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(io_error(&path)(cause)),
        }
    }

    /// Keeps an answer, all of it or nothing.
    pub(super) fn put(&self, name: &str, text: &str) -> Result<(), StageError> {
        replace(&self.path(name), text)
    }

    /// Forgets all answers.
    pub(super) fn clear(&self) -> Result<(), StageError> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(&self.folder)(error)),
            _ => Ok(()),
        }
    }

    /// Forgets all answers, and begins anew.
    pub(super) fn restart(&self, origin: &str) -> Result<(), StageError> {
        self.clear()?;
        make_private(&self.folder)?;
        self.put("origin", origin)
    }

    /// Names come from a cloud: what is no letter, digit or hyphen does not reach the file system.
    fn path(&self, name: &str) -> PathBuf {
        let safe = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        self.folder.join(name.chars().map(safe).collect::<String>())
    }
}

/// Writes a file in the place of another, so that either the old or the new one is there whatever happens.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), StageError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || {
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)
    };
    write().map(drop).map_err(io_error(path))
}

/// The state directory may be made here, and will hold secrets.
fn make_private(folder: &Path) -> Result<(), StageError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(io_error(folder))
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> StageError {
    let path = path.to_owned();
    move |cause| StageError::Io { path, cause }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn answers_remain_for_the_same_origin_alone() {
        let shelf = TempDir::new().unwrap();
        let open = |origin| Stage::open(shelf.path(), Cloud::Gcp, origin).unwrap();
        open("one").put("page", "text").unwrap();
        assert_eq!(open("one").get("page").unwrap().as_deref(), Some("text"));
        assert_eq!(open("two").get("page").unwrap(), None);
    }

    #[test]
    fn two_processes_do_not_pull_one_catalogue() {
        let shelf = TempDir::new().unwrap();
        let _first = Stage::open(shelf.path(), Cloud::Gcp, "one").unwrap();
        assert!(matches!(Stage::open(shelf.path(), Cloud::Gcp, "one"), Err(StageError::InUse)));
        Stage::open(shelf.path(), Cloud::Azure, "one").unwrap();
    }

    #[test]
    fn names_do_not_leave_the_folder() {
        let shelf = TempDir::new().unwrap();
        let stage = Stage::open(shelf.path(), Cloud::Aws, "one").unwrap();
        stage.put("service-../../x", "text").unwrap();
        assert_eq!(stage.get("service-../../x").unwrap().as_deref(), Some("text"));
        assert_eq!(fs::read_dir(&stage.folder).unwrap().count(), 2);
    }
}
