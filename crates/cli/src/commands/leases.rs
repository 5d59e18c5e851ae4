//! `deputize leases`: what has been issued, and taking it back.

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use deputize_broker::lease::LeaseId;
use deputize_scope::AgentId;
use form_urlencoded::Serializer;
use serde_json::Value;
use ureq::http::Method;

use crate::client::{Caller, Client};
use crate::output;
use crate::settings::Settings;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists leases, the latest first.
    List {
        /// Only those of this agent.
        #[arg(long)]
        agent: Option<AgentId>,
        /// A table, or one array.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Revokes a lease; says what that means at its cloud.
    Revoke {
        /// The lease.
        id: LeaseId,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

pub(crate) fn run(settings: &Settings, command: Command) -> anyhow::Result<ExitCode> {
    let client = Client::new(settings, Caller::Admin)?;
    match command {
        Command::List { agent, format } => {
            let leases = list(&client, agent.as_ref())?;
            match format {
                Format::Json => output::line(serde_json::to_string_pretty(&leases)?)?,
                Format::Text => output::line(table(&leases))?,
            }
        }
        Command::Revoke { id } => {
            let request = client.request(Method::DELETE, &format!("/v1/leases/{id}"))?;
            let answer = client.send(request.body(())?)?;
            output::line(serde_json::to_string_pretty(&answer.json()?)?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// All pages.
fn list(client: &Client, agent: Option<&AgentId>) -> anyhow::Result<Vec<Value>> {
    let mut leases = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut query = Serializer::new(String::from("/v1/leases?"));
        query.extend_pairs(agent.map(|agent| ("agent", agent.as_str())));
        query.extend_pairs(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let answer = client.send(client.request(Method::GET, &query.finish())?.body(())?)?.json()?;
        leases.extend(answer.get("leases").and_then(Value::as_array).cloned().unwrap_or_default());
        let next = answer.get("next").and_then(Value::as_str).map(str::to_owned);
        // A broker that names the same page again would never come to an end.
        if next.is_none() || next == cursor {
            return Ok(leases);
        }
        cursor = next;
    }
}

fn table(leases: &[Value]) -> String {
    const COLUMNS: [&str; 5] = ["lease_id", "agent", "cloud", "state", "expires_at"];
    let row = |cells: [&str; 5]| {
        let [id, agent, cloud, state, expires] = cells;
        format!("{id:<36}  {agent:<20}  {cloud:<5}  {state:<9}  {expires}").trim_end().to_owned()
    };
    let rows = leases
        .iter()
        .map(|lease| row(COLUMNS.map(|name| lease.get(name).and_then(Value::as_str).unwrap_or("-"))));
    std::iter::once(row(["LEASE", "AGENT", "CLOUD", "STATE", "EXPIRES"]))
        .chain(rows)
        .collect::<Vec<_>>()
        .join("\n")
}
