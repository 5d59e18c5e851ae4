//! `deputize audit`: what happened, and proofs of it that need no trust.

mod copy;
mod erase;
mod export;
mod handover;
mod keys;
mod logs;
mod progress;
mod proof;
mod tail;
mod verified;
mod verify;
mod witness;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;

use crate::client::{Caller, Client};
use crate::settings::{Flags, Settings};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Prints what happened last, and with --follow what happens.
    Tail(tail::Arguments),
    /// Verifies the ledger: at a broker, in a copy, or one proof or piece of evidence. Exit 1: something is wrong.
    Verify(verify::Arguments),
    /// Copies the ledger into a directory; again, and only what is new is fetched.
    Copy(copy::Arguments),
    /// Fetches what proves that the ledger holds an event.
    Proof(proof::Arguments),
    /// Writes evidence for a SOC 2 criterion, with a proof for every row.
    Export(export::Arguments),
    /// Watches a ledger from elsewhere: remembers its last checkpoint, checks that it only grew, and cosigns. It keeps
    /// that and its own key in the file that --state names, which must not be where the ledger is.
    Witness(witness::Arguments),
    /// Makes what the ledger could tell of a person unreadable, for good.
    Erase(erase::Arguments),
}

pub(crate) fn run(mut flags: Flags, command: Command) -> anyhow::Result<ExitCode> {
    let memory = matches!(command, Command::Witness(_)).then(|| flags.take_state()).flatten();
    // What is offline asks nobody, and needs no settings.
    let broker = |url: Option<String>| {
        let mut settings = Settings::load(flags)?;
        settings.url.value = url.or(settings.url.value);
        Client::new(&settings, Caller::Admin)
    };
    match command {
        Command::Tail(arguments) => tail::run(&broker(None)?, &arguments),
        Command::Verify(arguments) => verify::run(broker, &arguments),
        Command::Copy(arguments) => copy::run(&broker(None)?, &arguments),
        Command::Proof(arguments) => proof::run(&broker(None)?, &arguments),
        Command::Export(arguments) => export::run(&broker(None)?, &arguments),
        Command::Witness(arguments) => {
            let memory = memory.context("say by --state FILE where the witness keeps what it has seen")?;
            witness::run(&memory, || broker(None), &arguments)
        }
        Command::Erase(arguments) => erase::run(&broker(None)?, &arguments),
    }
}
