//! `deputize catalogue`: which permissions the clouds have.

mod aws;
mod azure;
mod gcp;
mod progress;
mod pull;
mod shelf;
mod show;
mod stage;
mod transport;
mod vendor;

use std::process::ExitCode;

use clap::Subcommand;

use crate::settings::Settings;

pub(crate) use shelf::Shelf;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Fetches all permissions of a cloud from the cloud itself, into the state directory.
    Pull(pull::Arguments),
    /// Prints which catalogues are at hand, or what one of them says of a permission.
    Show(show::Arguments),
}

pub(crate) fn run(settings: &Settings, command: &Command) -> anyhow::Result<ExitCode> {
    let shelf = Shelf::new(&settings.state.value);
    match command {
        Command::Pull(arguments) => pull::run(&shelf, arguments),
        Command::Show(arguments) => show::run(&shelf, arguments),
    }
}
