//! `deputize scopes`: the broker's scope document.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use deputize_scope::AgentId;
use reqwest::header::{CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH};
use reqwest::{Method, StatusCode};

use crate::client::{Caller, Client, Problem};
use crate::settings::Settings;
use crate::{output, source};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes a document the current one.
    Apply {
        /// The document; or several, each with agents of its own, that make one.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Only check it, and say whether it differs from the current one.
        #[arg(long)]
        dry_run: bool,
    },
    /// Prints the current document, or what one agent is granted.
    Show {
        /// The agent.
        agent: Option<AgentId>,
    },
}

pub(crate) async fn run(settings: &Settings, command: Command) -> anyhow::Result<ExitCode> {
    let client = Client::new(settings, Caller::Admin)?;
    match command {
        Command::Apply { files, dry_run } => apply(&client, &files, dry_run).await?,
        Command::Show { agent: None } => {
            let answer = client.send(client.request(Method::GET, "/v1/scopes")?).await?;
            output::line(answer.text.trim_end())?;
        }
        Command::Show { agent: Some(agent) } => {
            let path = format!("/v1/agents/{agent}/scopes");
            let answer = client.send(client.request(Method::GET, &path)?).await?;
            output::line(serde_json::to_string_pretty(&answer.json()?)?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn apply(client: &Client, files: &[PathBuf], dry_run: bool) -> anyhow::Result<()> {
    // Checked here as well as there: here the excerpts can be shown.
    let (text, _) = source::scopes(files)?;
    let current = current(client).await?;
    if current.as_ref().is_some_and(|current| current.text == text) {
        return Ok(output::line("unchanged")?);
    }
    if dry_run {
        return Ok(output::line("would be applied")?);
    }
    let request =
        client.request(Method::PUT, "/v1/scopes")?.header(CONTENT_TYPE, "application/yaml").body(text);
    // What somebody else has applied in the meantime is not overwritten unseen.
    let request = match current.as_ref().and_then(|current| current.headers.get(ETAG)) {
        Some(etag) => request.header(IF_MATCH, etag),
        None => request.header(IF_NONE_MATCH, "*"),
    };
    client.send(request).await?;
    Ok(output::line("applied")?)
}

/// The current document, where there is one.
async fn current(client: &Client) -> anyhow::Result<Option<crate::client::Answer>> {
    match client.send(client.request(Method::GET, "/v1/scopes")?).await {
        Ok(answer) => Ok(Some(answer)),
        Err(error) => match error.downcast_ref::<Problem>() {
            Some(problem) if problem.status == StatusCode::NOT_FOUND => Ok(None),
            _ => Err(error),
        },
    }
}
