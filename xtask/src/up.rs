//! The whole product on this machine: build what changed, then become `deputize up`.

use std::process::{Command, ExitCode};

use crate::failure::Failure;
use crate::test_env::{WASM, install_rust_target};
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode, Failure> {
    install_rust_target(workspace, WASM)?;
    // Cargo knows in a moment whether anything changed, and shows its own progress when it builds.
    let build = ["build", "--release", "--package", "deputize-cli", "--bin", "deputize"];
    workspace.show("the build of deputize", workspace.cargo(&build))?;
    let mut deputize = Command::new(workspace.release_binary("deputize"));
    deputize.arg("up");
    if !chooses_aws(arguments) {
        deputize.args(["--cloud", "aws=sandbox"]);
    }
    become_command(deputize.args(arguments))
}

/// Whether the caller says which AWS to use: `--cloud aws=real` replaces the sandbox.
fn chooses_aws(arguments: &[String]) -> bool {
    arguments.iter().any(|argument| {
        let value = argument.strip_prefix("--cloud=").unwrap_or(argument);
        value.starts_with("aws=")
    })
}

/// Replaces this process, so that signals and the exit code are the command's own.
#[cfg(unix)]
fn become_command(command: &mut Command) -> Result<ExitCode, Failure> {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    Err(Failure::Io { what: format!("starting {}", command.get_program().display()), source: error })
}

#[cfg(not(unix))]
fn become_command(command: &mut Command) -> Result<ExitCode, Failure> {
    let starting = Failure::io(format!("starting {}", command.get_program().display()));
    let status = command.status().map_err(starting)?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sandbox_gives_way_to_the_aws_that_is_asked_for() {
        let chosen = |arguments: &[&str]| {
            chooses_aws(&arguments.iter().map(|&argument| argument.to_owned()).collect::<Vec<_>>())
        };
        assert!(chosen(&["--cloud", "aws=real"]));
        assert!(chosen(&["--cloud=aws=real"]));
        assert!(!chosen(&["--listen", "127.0.0.1:0"]));
        assert!(!chosen(&["--cloud", "gcp=sandbox"]));
    }
}
