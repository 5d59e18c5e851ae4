//! deputize: the command line, and the whole product in one process.

mod aws;
mod client;
mod commands;
mod http;
mod issued;
mod issuer;
mod output;
mod report;
mod settings;
mod source;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;

use crate::commands::{
    audit, catalogue, check, compile, config, contains, credentials, explain, leases, narrow, request,
    scopes, up,
};
use crate::settings::{Flags, Settings, UpFlags};
use crate::source::Unreadable;

/// Issuing allocates much and keeps little, on all threads.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Gives AI agents the credentials that they need, for as long as they need them.
#[derive(Debug, Parser)]
#[command(name = "deputize", version, propagate_version = true)]
struct Arguments {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the whole product in one process.
    Up(UpFlags),
    /// Validates scope documents and IAM policies. Exit 0: clean; 1: findings; 2: unreadable file or wrong usage.
    Check(check::Arguments),
    /// Prints what the cloud will be sent for an agent.
    Compile(compile::Arguments),
    /// Proves that one scope lies within another, or shows a call that does not.
    Contains(contains::Arguments),
    /// Explains a finding by its code, or a permission. Exit 2: neither is known.
    Explain(explain::Arguments),
    /// Asks for a credential.
    Request(request::Arguments),
    /// Passes on less than a lease has, for a sub-agent.
    Narrow(narrow::Arguments),
    /// The scope document of the broker.
    #[command(subcommand)]
    Scopes(scopes::Command),
    /// Stored credentials: long-lived secrets that cannot be avoided.
    #[command(subcommand)]
    Credentials(credentials::Command),
    /// What has been issued.
    #[command(subcommand)]
    Leases(leases::Command),
    /// The ledger: what happened, and proofs of it that need no trust.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Which permissions the clouds have.
    #[command(subcommand)]
    Catalogue(catalogue::Command),
    /// The settings in effect, and where each is from; and whether the clouds are as they say.
    Config(config::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    run(arguments).unwrap_or_else(|error| {
        if output::is_reader_gone(&error) {
            return ExitCode::FAILURE;
        }
        // The whole chain: the last cause is often what a person can do something about.
        eprintln!("error: {error:#}");
        if error.is::<Unreadable>() { ExitCode::from(2) } else { ExitCode::FAILURE }
    })
}

fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let flags = arguments.flags;
    match arguments.command {
        Command::Up(up) => serve(up::run(&Settings::load_up(flags, up)?)),
        Command::Check(arguments) => check::run(&Settings::load(flags)?, &arguments),
        Command::Compile(arguments) => compile::run(&arguments),
        Command::Contains(arguments) => contains::run(&arguments),
        Command::Explain(arguments) => explain::run(&Settings::load(flags)?, &arguments),
        Command::Request(arguments) => request::run(&Settings::load(flags)?, arguments),
        Command::Narrow(arguments) => narrow::run(&Settings::load(flags)?, &arguments),
        Command::Scopes(command) => scopes::run(&Settings::load(flags)?, command),
        Command::Credentials(command) => credentials::run(&Settings::load(flags)?, command),
        Command::Leases(command) => leases::run(&Settings::load(flags)?, command),
        Command::Audit(command) => audit::run(flags, command),
        Command::Catalogue(command) => catalogue::run(&Settings::load(flags)?, &command),
        Command::Config(arguments) => config::run(flags, arguments),
    }
}

/// Runs the broker.
fn serve(broker: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(broker)
}
