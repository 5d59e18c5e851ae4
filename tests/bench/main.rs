//! Benchmarks. What matters is how things compare on one machine, so every table has ratios.
//!
//! A new benchmark is a module with a `run` that gives a [`Table`], and a line in [`Benchmark`].

mod append;
mod cold_start;
mod issue;
mod ledger;
mod proof;
mod rotation;
mod samples;
mod seal;
mod table;
mod validator;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use deputize_e2e::{Environment, HarnessError};
use mimalloc::MiMalloc;
use serde_json::{Value, json};

use crate::table::Table;

/// As the command line does.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Runs benchmarks, prints their tables, and writes them as JSON.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask bench")]
struct Arguments {
    /// Which to run; all of them by default.
    benchmarks: Vec<Benchmark>,
    /// How often each thing is measured.
    #[arg(long, default_value_t = 15)]
    runs: usize,
    /// The Python that has parliament.
    #[arg(long, default_value = "target/bench-env/python/bin/python")]
    parliament: PathBuf,
    /// How many stored credentials the large store of a sweep has.
    #[arg(long, default_value_t = 1_000_000)]
    stored: usize,
    /// Where the JSON goes, where it is to go anywhere.
    #[arg(long)]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Benchmark {
    /// From the start of a function's process to its first answer, and its memory.
    ColdStart,
    /// What issuing costs on the embedded default.
    Issue,
    /// What a tick of rotation costs with few and with many stored credentials.
    Sweep,
    /// How many rotations a tick takes up in a second.
    Rotation,
    /// Sealing and opening stored secrets, beside openssl.
    Seal,
    /// Growing the ledger on the embedded engine.
    Append,
    /// Verifying a log offline, beside openssl.
    Ledger,
    /// A scope document, checked natively.
    Document,
    /// Plain IAM policies, beside parliament.
    Policies,
    /// A scope document, checked in Node.
    Wasm,
    /// A proof of an audit entry, checked natively, in Node and in Chromium.
    Proof,
    /// Texts that are made to cost much, natively and in Node.
    Hostile,
    /// Loading the permission catalogues, natively and in Node.
    Catalogue,
}

impl Benchmark {
    async fn run(self, environment: &Environment, arguments: &Arguments) -> Result<Vec<Table>, HarnessError> {
        let table = match self {
            Self::ColdStart => return cold_start::run(environment, arguments.runs.max(1)).await,
            Self::Issue => issue::run(environment).await,
            Self::Sweep => rotation::sweep(arguments.runs.max(1), arguments.stored).await,
            Self::Rotation => rotation::pace().await,
            Self::Seal => seal::run().await,
            Self::Append => append::run().await,
            Self::Ledger => ledger::run().await,
            Self::Document => validator::document(),
            Self::Policies => validator::policies(environment, &arguments.parliament).await,
            Self::Wasm => validator::wasm(environment).await,
            Self::Proof => proof::run(environment).await,
            Self::Hostile => validator::hostile(environment).await,
            Self::Catalogue => validator::catalogue(environment).await,
        };
        table.map(|table| vec![table])
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            if let Some(source) = std::error::Error::source(&error) {
                eprintln!("  because: {source}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), HarnessError> {
    let environment = Environment::locate()?;
    let chosen = match arguments.benchmarks.as_slice() {
        [] => Benchmark::value_variants(),
        chosen => chosen,
    };
    let mut tables = Vec::new();
    for benchmark in chosen {
        for table in benchmark.run(&environment, &arguments).await? {
            println!("{table}");
            tables.push(table.json());
        }
    }
    arguments.output.map_or(Ok(()), |output| write(&output, &tables))
}

fn write(output: &Path, tables: &[Value]) -> Result<(), HarnessError> {
    let cores = std::thread::available_parallelism().map(usize::from).ok();
    let report = json!({ "cores": cores, "benchmarks": tables });
    std::fs::write(output, format!("{report:#}\n"))
        .map_err(|source| HarnessError::Io { what: format!("writing {}", output.display()), source })?;
    println!("written to {}", output.display());
    Ok(())
}
