//! The whole product on this machine: build what changed, then become `deputize up`.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::console;
use crate::failure::Failure;
use crate::progress;
use crate::test_env::{WASM, install_rust_target};
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode, Failure> {
    install_rust_target(workspace, WASM)?;
    // Cargo knows in a moment whether anything changed, and shows its own progress when it builds.
    let build = ["build", "--release", "--package", "deputize-cli", "--bin", "deputize"];
    workspace.show("the build of deputize", workspace.cargo(&build))?;
    let chosen = chooses_console(arguments) || std::env::var_os("DEPUTIZE_CONSOLE").is_some();
    let console = if chosen { None } else { built_console(workspace) };
    let mut deputize = Command::new(workspace.release_binary("deputize"));
    deputize.arg("up");
    if !chooses_aws(arguments) {
        deputize.args(["--cloud", "aws=sandbox"]);
    }
    if let Some(directory) = console {
        deputize.arg("--console").arg(directory);
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

/// Whether the caller says which console to serve.
fn chooses_console(arguments: &[String]) -> bool {
    arguments.iter().any(|argument| argument == "--console" || argument.starts_with("--console="))
}

/// The console, or a line that says why there is none: everything else works without it.
fn built_console(workspace: &Workspace) -> Option<PathBuf> {
    match console::build(workspace) {
        Ok(directory) => Some(directory),
        Err(failure) => {
            progress::skipped("console", &failure.to_string());
            None
        }
    }
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
    fn the_console_gives_way_to_the_one_that_is_asked_for() {
        let chosen = |arguments: &[&str]| {
            chooses_console(&arguments.iter().map(|&argument| argument.to_owned()).collect::<Vec<_>>())
        };
        assert!(chosen(&["--console", "elsewhere"]));
        assert!(chosen(&["--console=elsewhere"]));
        assert!(!chosen(&["--state", "console"]));
    }

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
