//! `deputize up` as a newcomer and an agent meet it: one process, over HTTP.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod bad_input;
mod command_line;
mod issuer;
mod issuing;
mod load;
mod records;
mod types;

use deputize_e2e::{Client, DeputizeProcess, Environment, HarnessError};

/// A running `deputize up` with the example document.
async fn up() -> Result<DeputizeProcess, HarnessError> {
    DeputizeProcess::start(&Environment::locate()?, &[]).await
}

fn agent(process: &DeputizeProcess, name: &str) -> Result<Client, HarnessError> {
    Ok(Client::new(process.url(), &process.agent_token(name)?))
}

fn admin(process: &DeputizeProcess) -> Result<Client, HarnessError> {
    Ok(Client::new(process.url(), &process.admin_token()?))
}
