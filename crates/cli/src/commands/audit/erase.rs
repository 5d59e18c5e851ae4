//! `deputize audit erase`: forgetting a person.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use ureq::http::Method;
use ureq::http::header::CONTENT_TYPE;

use crate::client::Client;
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The identity, as entries have it: an ARN, ISSUER#SUBJECT, or token:ID.
    identity: String,
}

pub(super) fn run(client: &Client, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let request = client.request(Method::POST, "/v1/audit/subjects:erase")?;
    let request = request.header(CONTENT_TYPE, "application/json");
    let answer = client.send(request.body(json!({ "identity": arguments.identity }).to_string())?)?;
    output::line(serde_json::to_string_pretty(&answer.json()?)?)?;
    Ok(ExitCode::SUCCESS)
}
