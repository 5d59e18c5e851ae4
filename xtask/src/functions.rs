//! The Lambda functions as zips: `target/functions/ARCHITECTURE/NAME.zip`.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use clap::ValueEnum;

use crate::failure::Failure;
use crate::progress;
use crate::venv;
use crate::workspace::Workspace;

/// The packages under `functions/`, each of which is one function.
const FUNCTIONS: [&str; 1] = ["issuance"];

/// What Lambda's functions run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Architecture {
    #[value(name = "arm64")]
    Arm64,
    #[value(name = "x86_64")]
    X86_64,
}

impl Architecture {
    const ALL: [Self; 2] = [Self::Arm64, Self::X86_64];

    fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        }
    }

    fn target(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::X86_64 => "x86_64-unknown-linux-gnu",
        }
    }
}

pub(crate) fn run(workspace: &Workspace, only: Option<Architecture>) -> Result<ExitCode, Failure> {
    let directory = workspace.target().join("build-env");
    let requirements = workspace.root().join("xtask/python/requirements.txt");
    let python = venv::prepare("cargo-lambda and zig", &directory, &requirements)?;
    let output = workspace.target().join("functions");

    let chosen = Architecture::ALL.into_iter().filter(|it| only.is_none_or(|only| only == *it));
    for architecture in chosen {
        crate::test_env::install_rust_target(workspace, architecture.target())?;
        let zips = output.join(architecture.name());
        // One function at a time: built together, each would link the features that another asks for.
        for function in FUNCTIONS {
            build(workspace, &python, function, architecture, &zips)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn build(
    workspace: &Workspace,
    python: &Path,
    function: &str,
    architecture: Architecture,
    zips: &Path,
) -> Result<(), Failure> {
    let tools = python.parent().unwrap_or(Path::new("."));
    let arguments =
        ["build", "--release", "--output-format", "zip", "--flatten", function, "--package", function];
    let mut command = workspace.command(&tools.join("cargo-lambda").to_string_lossy(), &["lambda"]);
    command.args(arguments).args(["--target", architecture.target(), "--lambda-dir"]).arg(zips);
    // cargo-lambda asks the first `python3` on the path for zig.
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let path =
        std::env::join_paths(std::iter::once(tools.to_owned()).chain(std::env::split_paths(&inherited)))
            .map_err(|error| {
                Failure::Missing(format!("the path to {} cannot be searched: {error}", tools.display()))
            })?;
    command.env("PATH", path);
    progress::required(&format!("{function} for {}", architecture.name()), command)?;

    let made = zips.join("bootstrap.zip");
    let zip = zips.join(format!("{function}.zip"));
    let finishing = || Failure::io(format!("finishing {}", zip.display()));
    fs::rename(&made, &zip).map_err(finishing())?;
    let size = fs::metadata(&zip).map_err(finishing())?.len();
    println!("{:>7.2} MB  {}", size as f64 / 1e6, zip.display());
    Ok(())
}
