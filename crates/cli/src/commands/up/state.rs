//! The state directory: for its owner alone, and of one process at a time.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use deputize_broker::{Random, Secret};
use deputize_scope::{AgentId, TenantId};
use tempfile::NamedTempFile;
use thiserror::Error;
use zeroize::Zeroizing;

/// A state directory that is this process's until it is dropped.
#[derive(Debug)]
pub(super) struct State {
    root: PathBuf,
    _lock: File,
}

/// Why the state directory cannot be used.
#[derive(Debug, Error)]
pub(super) enum StateError {
    #[error("cannot read or write {}", path.display())]
    Io {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("another process is using the state directory {}", .0.display())]
    InUse(PathBuf),
    #[error("{} is not what this program writes", .0.display())]
    Damaged(PathBuf),
}

impl State {
    /// Makes the directory where there is none, and takes it.
    pub(super) fn open(root: &Path) -> Result<Self, StateError> {
        make_private(root)?;
        make_private(&root.join("agents"))?;
        let path = root.join("lock");
        let lock = File::options().create(true).append(true).open(&path).map_err(io_error(&path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { root: root.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StateError::InUse(root.to_owned())),
            Err(TryLockError::Error(cause)) => Err(io_error(&path)(cause)),
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The database.
    pub(super) fn database(&self) -> PathBuf {
        self.root.join("deputize.db")
    }

    /// The keys that data keys are wrapped by.
    pub(super) fn keyring(&self) -> PathBuf {
        self.root.join("keyring.json")
    }

    /// The key that signs the ledger's checkpoints.
    pub(super) fn log_key(&self) -> PathBuf {
        self.root.join("ledger.key")
    }

    /// The ledger's last checkpoint.
    pub(super) fn checkpoint(&self) -> PathBuf {
        self.root.join("ledger.checkpoint")
    }

    /// The administrator's token.
    pub(super) fn admin_token(&self) -> PathBuf {
        self.root.join("admin.token")
    }

    /// An auditor's token: who has it may read all that is recorded, and change nothing.
    pub(super) fn auditor_token(&self) -> PathBuf {
        self.root.join("auditor.token")
    }

    /// An agent's token.
    pub(super) fn agent_token(&self, agent: &AgentId) -> PathBuf {
        // A name of lowercase letters, digits and hyphens is a file's name everywhere.
        self.root.join("agents").join(format!("{agent}.token"))
    }

    /// The tenant that everything here is of.
    pub(super) fn tenant(&self) -> Result<Option<TenantId>, StateError> {
        let path = self.root.join("tenant");
        let Some(text) = read(&path)? else { return Ok(None) };
        text.reveal().trim().parse().map(Some).map_err(|_| StateError::Damaged(path))
    }

    /// Remembers the tenant.
    pub(super) fn set_tenant(&self, tenant: &TenantId) -> Result<(), StateError> {
        write(&self.root.join("tenant"), &format!("{tenant}\n"))
    }

    /// The sandbox's key, made at the first start, so that its credentials survive a restart.
    pub(super) fn sandbox_key(&self, random: &dyn Random) -> Result<Zeroizing<[u8; 32]>, StateError> {
        let path = self.root.join("sandbox.key");
        let mut key = Zeroizing::new([0; 32]);
        match read(&path)? {
            Some(digits) => hex::decode_to_slice(digits.reveal().trim(), &mut *key)
                .map_err(|_| StateError::Damaged(path))?,
            None => {
                random.fill(&mut *key);
                write(&path, &Zeroizing::new(hex::encode(*key)))?;
            }
        }
        Ok(key)
    }

    /// Tells the clients of this machine where the broker is.
    pub(super) fn announce(&self, url: &str) -> Result<(), StateError> {
        write(&self.root.join("url"), &format!("{url}\n"))
    }

    /// There is no broker there any more. After a crash the file stays, and a client finds nobody there.
    pub(super) fn withdraw(&self) {
        if let Err(error) = fs::remove_file(self.root.join("url")) {
            tracing::debug!(%error, "the file with the address could not be removed");
        }
    }
}

/// The text of a file; none where there is none.
pub(super) fn read(path: &Path) -> Result<Option<Secret>, StateError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(Secret::new(text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(io_error(path)(cause)),
    }
}

/// Replaces a file by one that only its owner may read: after a crash there is the old one or the new one.
pub(super) fn write(path: &Path, text: &str) -> Result<(), StateError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let written = NamedTempFile::new_in(directory).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|failed| failed.error)?;
        File::open(directory)?.sync_all()
    });
    written.map_err(io_error(path))
}

#[cfg(unix)]
fn make_private(path: &Path) -> Result<(), StateError> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};

    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    // One that was there may have been made with other permissions.
    made.and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o700))).map_err(io_error(path))
}

/// Elsewhere a directory is as private as the one that it inherits its access list from.
#[cfg(not(unix))]
fn make_private(path: &Path) -> Result<(), StateError> {
    fs::create_dir_all(path).map_err(io_error(path))
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> StateError {
    move |cause| StateError::Io { path: path.to_owned(), cause }
}

#[cfg(test)]
mod tests {
    use deputize_host::OsRandom;

    use super::*;

    #[test]
    fn two_processes_do_not_share_a_state_directory() {
        let folder = tempfile::tempdir().unwrap();
        let first = State::open(folder.path()).unwrap();
        assert!(matches!(State::open(folder.path()), Err(StateError::InUse(_))));
        drop(first);
        State::open(folder.path()).unwrap();
    }

    #[test]
    fn the_sandbox_key_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let key = || State::open(folder.path()).unwrap().sandbox_key(&OsRandom).unwrap();
        assert_eq!(*key(), *key());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_what_is_there() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("state");
        let state = State::open(&root).unwrap();
        state.sandbox_key(&OsRandom).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&root), mode(&root.join("agents"))), (0o700, 0o700));
        assert_eq!(mode(&root.join("sandbox.key")), 0o600);
    }

    #[test]
    fn a_damaged_key_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        fs::write(folder.path().join("sandbox.key"), "00").unwrap();
        assert!(matches!(state.sandbox_key(&OsRandom), Err(StateError::Damaged(_))));
    }
}
