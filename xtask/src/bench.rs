//! Builds for release what the benchmarks measure, and runs them.

use std::process::{Command, ExitCode};

use crate::failure::Failure;
use crate::test_env;
use crate::workspace::Workspace;
use crate::{venv, wasm};

/// What is measured. Each is built by itself: built together, a function would link the features
/// that the command line asks for.
const MEASURED: [(&str, &str); 2] = [("issuance", "issuance"), ("deputize-cli", "deputize")];

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode, Failure> {
    test_env::prepare(workspace)?;
    for (package, binary) in MEASURED {
        let build = workspace.cargo(&["build", "--release", "--package", package, "--bin", binary]);
        workspace.show(&format!("the build of {binary}"), build)?;
    }
    let benchmarks = workspace.cargo(&["build", "--release", "--package", "deputize-e2e", "--bins"]);
    workspace.show("the build of the benchmarks", benchmarks)?;

    let requirements = workspace.root().join("tests/bench/parliament/requirements.txt");
    let python = venv::prepare("parliament", &workspace.target().join("bench-env/python"), &requirements)?;
    wasm::build(workspace)?;

    let mut bench = Command::new(workspace.release_binary("bench"));
    bench.arg("--parliament").arg(python);
    bench.arg("--output").arg(workspace.target().join("bench.json")).args(arguments);
    let status = bench.status().map_err(Failure::io("starting the benchmarks"))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
