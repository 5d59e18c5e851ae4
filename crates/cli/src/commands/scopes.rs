//! `deputize scopes`: the broker's scope document.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::{Subcommand, ValueEnum};
use deputize_scope::{AgentId, ScopeDocument, SortedMap};
use serde_json::{Value, json};
use ureq::http::header::{CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH};
use ureq::http::{Method, StatusCode};

use crate::client::{Caller, Client, Problem};
use crate::settings::Settings;
use crate::source::NamedConnector;
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
    /// Says which authority agents would gain and lose.
    Diff {
        /// The document that would be applied.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Compare with this document, rather than with the broker's current one.
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
        /// How to tell it.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Prints the current document, or what one agent is granted.
    Show {
        /// The agent.
        agent: Option<AgentId>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// In words, a line for each thing gained (+) or lost (-).
    Text,
    /// One array.
    Json,
}

pub(crate) fn run(settings: &Settings, command: Command) -> anyhow::Result<ExitCode> {
    if let Command::Diff { file, against, format } = command {
        diff(settings, &file, against, format)?;
        return Ok(ExitCode::SUCCESS);
    }
    let client = Client::new(settings, Caller::Admin)?;
    match command {
        Command::Diff { .. } => {}
        Command::Apply { files, dry_run } => apply(&client, &files, dry_run)?,
        Command::Show { agent: None } => {
            let answer = client.send(client.request(Method::GET, "/v1/scopes")?.body(())?)?;
            output::line(answer.text.trim_end())?;
        }
        Command::Show { agent: Some(agent) } => {
            let path = format!("/v1/agents/{agent}/scopes");
            let answer = client.send(client.request(Method::GET, &path)?.body(())?)?;
            output::line(serde_json::to_string_pretty(&answer.json()?)?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn apply(client: &Client, files: &[PathBuf], dry_run: bool) -> anyhow::Result<()> {
    // Checked here as well as there: here the excerpts can be shown.
    let (text, _) = source::scopes(files)?;
    let current = current(client)?;
    let connectors = changed(client, source::connectors(files)?)?;
    let is_current = current.as_ref().is_some_and(|current| current.text == text);
    if is_current && connectors.is_empty() {
        return Ok(output::line("unchanged")?);
    }
    if dry_run {
        return Ok(output::line("would be applied")?);
    }
    // First, so that nothing is declared whose renewal the broker does not know yet.
    for NamedConnector { name, text } in connectors {
        let request = client.request(Method::PUT, "/v1/connectors")?.header(CONTENT_TYPE, "application/json");
        client.send(request.body(json!({ "name": name, "text": text }).to_string())?)?;
    }
    if is_current {
        return Ok(output::line("applied")?);
    }
    let request = client.request(Method::PUT, "/v1/scopes")?.header(CONTENT_TYPE, "application/yaml");
    // What somebody else has applied in the meantime is not overwritten unseen.
    let request = match current.as_ref().and_then(|current| current.headers.get(ETAG)) {
        Some(etag) => request.header(IF_MATCH, etag),
        None => request.header(IF_NONE_MATCH, "*"),
    };
    client.send(request.body(text)?)?;
    Ok(output::line("applied")?)
}

/// Those that the broker does not have so.
fn changed(client: &Client, connectors: Vec<NamedConnector>) -> anyhow::Result<Vec<NamedConnector>> {
    if connectors.is_empty() {
        return Ok(connectors);
    }
    let answer = client.send(client.request(Method::GET, "/v1/connectors")?.body(())?)?.json()?;
    let known = answer.get("connectors").and_then(Value::as_array).cloned().unwrap_or_default();
    let is_known = |connector: &NamedConnector| {
        let is =
            |known: &Value, name: &str, text: &str| known.get(name).and_then(Value::as_str) == Some(text);
        known.iter().any(|known| is(known, "name", &connector.name) && is(known, "text", &connector.text))
    };
    Ok(connectors.into_iter().filter(|connector| !is_known(connector)).collect())
}

fn diff(settings: &Settings, file: &PathBuf, against: Option<PathBuf>, format: Format) -> anyhow::Result<()> {
    let (_, new) = source::scopes(std::slice::from_ref(file))?;
    let old = match against {
        Some(file) => Some(source::scopes(&[file])?.1),
        None => match current(&Client::new(settings, Caller::Admin)?)? {
            Some(current) => Some(source::sound("the current document", &current.text)?),
            None => None,
        },
    };
    // Beside nothing, all that the document grants is gained.
    let old = old.unwrap_or_else(|| ScopeDocument {
        tenant: new.tenant.clone(),
        agents: SortedMap::new(),
        credentials: Vec::new(),
    });
    if old.tenant != new.tenant {
        bail!("{} is of tenant {}, the other of tenant {}", file.display(), new.tenant, old.tenant);
    }
    let changes = old.changes_to(&new);
    match format {
        Format::Json => output::line(serde_json::to_string_pretty(&changes)?)?,
        Format::Text if changes.is_empty() => output::line("no authority is gained or lost")?,
        Format::Text => {
            for change in &changes {
                output::line(change.to_string())?;
            }
        }
    }
    Ok(())
}

/// The current document, where there is one.
fn current(client: &Client) -> anyhow::Result<Option<crate::client::Answer>> {
    match client.send(client.request(Method::GET, "/v1/scopes")?.body(())?) {
        Ok(answer) => Ok(Some(answer)),
        Err(error) => match error.downcast_ref::<Problem>() {
            Some(problem) if problem.status == StatusCode::NOT_FOUND => Ok(None),
            _ => Err(error),
        },
    }
}
