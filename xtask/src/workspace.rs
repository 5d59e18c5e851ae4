//! Where the checkout is, and where cargo builds.

use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::MetadataCommand;

use crate::failure::Failure;

#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Asks cargo, which alone knows where `CARGO_TARGET_DIR` and its settings put the target directory.
    pub(crate) fn locate() -> Result<Self, Failure> {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
        let metadata = MetadataCommand::new().manifest_path(manifest).no_deps().exec()?;
        Ok(Self {
            root: metadata.workspace_root.into_std_path_buf(),
            target: metadata.target_directory.into_std_path_buf(),
        })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// A binary that `cargo build --release` made.
    pub(crate) fn release_binary(&self, name: &str) -> PathBuf {
        self.target.join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// Cargo, in the checkout. What would make the next build of an edited crate quicker takes as much disk as the
    /// build itself, so it is kept only where it is asked for.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        const INCREMENTAL: &str = "CARGO_INCREMENTAL";
        let mut command = self.command(std::env::var("CARGO").as_deref().unwrap_or("cargo"), arguments);
        command.env(INCREMENTAL, std::env::var(INCREMENTAL).as_deref().unwrap_or("0"));
        command
    }

    /// A program, in the checkout.
    pub(crate) fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).args(arguments);
        command
    }

    /// Runs a command that shows its own progress, on this terminal.
    pub(crate) fn show(&self, what: &str, mut command: Command) -> Result<(), Failure> {
        let status = command.status().map_err(Failure::io(format!("starting {what}")))?;
        if status.success() { Ok(()) } else { Err(Failure::Step(what.to_owned())) }
    }
}
