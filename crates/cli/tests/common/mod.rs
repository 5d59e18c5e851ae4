//! Running the command line, and what came of it.

use std::path::PathBuf;

use assert_cmd::Command;
use tempfile::TempDir;

pub(crate) fn deputize() -> Command {
    Command::new(env!("CARGO_BIN_EXE_deputize"))
}

/// A file in a folder.
pub(crate) fn written(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// Exit code, standard output, standard error.
pub(crate) fn outcome(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}
