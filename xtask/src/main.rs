//! Set-up, tests, benchmarks and builds. Knows no product code, so that it builds in a moment.

mod bench;
mod catalogue;
mod console;
mod failure;
mod functions;
mod node_env;
mod progress;
mod reference;
mod stopwatch;
mod tally;
mod test;
mod test_env;
mod tool;
mod up;
mod venv;
mod wasm;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::failure::Failure;
use crate::workspace::Workspace;

/// What you do with a checkout of Deputize.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Builds deputize and runs it with the sandbox clouds.
    #[command(disable_help_flag = true)]
    Up {
        /// Passed on to `deputize up`; `--help` is its own.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Installs what tests need under cargo's target directory, then runs every check and test.
    Test {
        /// Runs only the tests whose names contain one of these, and no checks.
        #[arg(last = true)]
        filters: Vec<String>,
    },
    /// Runs the benchmarks, prints ratios, writes target/bench.json.
    #[command(disable_help_flag = true)]
    Bench {
        /// Passed on to the benchmarks; `--help` tells which there are.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Makes catalogue/aws.txt anew from the npm package that xtask/catalogue pins, and the authored ones tidy.
    Catalogue,
    /// Writes docs/findings.md, the reference of findings, from the code.
    Findings,
    /// Writes docs/events.md, the reference of audit events, from the code.
    Events,
    /// Builds the validator for JavaScript as an npm package, and prints its sizes.
    Wasm,
    /// Builds the web console, with the validator in it, and says where it is.
    Console,
    /// Builds for release.
    Build {
        /// The Lambda functions, as zips for arm64 and x86_64.
        #[arg(long, required = true)]
        functions: bool,
        /// Only this architecture.
        #[arg(long, value_enum)]
        only: Option<functions::Architecture>,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    run(arguments.task).unwrap_or_else(|failure| {
        eprintln!("error: {failure}");
        let mut source = std::error::Error::source(&failure);
        while let Some(error) = source {
            eprintln!("  because: {error}");
            source = error.source();
        }
        ExitCode::FAILURE
    })
}

fn run(task: Task) -> Result<ExitCode, Failure> {
    let workspace = Workspace::locate()?;
    match task {
        Task::Up { arguments } => up::run(&workspace, &arguments),
        Task::Test { filters } => test::run(&workspace, &filters),
        Task::Bench { arguments } => bench::run(&workspace, &arguments),
        Task::Catalogue => catalogue::run(&workspace),
        Task::Findings => reference::run(&workspace, "deputize-scope", "findings"),
        Task::Events => reference::run(&workspace, "deputize-broker", "events"),
        Task::Wasm => wasm::run(&workspace),
        Task::Console => console::run(&workspace),
        Task::Build { functions: _, only } => functions::run(&workspace, only),
    }
}
