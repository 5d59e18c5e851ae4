//! `deputize credentials`: what is stored. Secrets go in, by standard input or a file; none comes out.

mod connect;
mod redirect;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Subcommand, ValueEnum};
use deputize_scope::identifier::CredentialId;
use form_urlencoded::Serializer;
use serde_json::{Value, json};
use ureq::http::Method;
use ureq::http::header::CONTENT_TYPE;
use zeroize::Zeroizing;

use crate::client::{Caller, Client};
use crate::output;
use crate::settings::Settings;

/// More than the largest secret that the broker takes.
const LARGEST: u64 = 256 * 1_024;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists what is stored, by name.
    List {
        /// A table, or one array.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Shows what is on record of a stored credential. The secret is not.
    Show {
        /// The credential.
        id: CredentialId,
    },
    /// Stores a secret under a name that the scope document declares.
    ///
    /// The secret is read from standard input or a file: a JSON object with the fields of its type, or, for an API key,
    /// the key itself as plain text.
    Import {
        /// The credential.
        id: CredentialId,
        /// Read it from this file [default: standard input].
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Has a stored credential renewed now, rather than when it is due. `show` tells how far it is.
    Rotate {
        /// The credential.
        id: CredentialId,
    },
    /// Gets a refresh token from a person who agrees in a browser, and stores it as an oauth_token.
    Connect(connect::Arguments),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

pub(crate) fn run(settings: &Settings, command: Command) -> anyhow::Result<ExitCode> {
    let client = Client::new(settings, Caller::Admin)?;
    match command {
        Command::List { format } => {
            let records = list(&client)?;
            match format {
                Format::Json => output::line(serde_json::to_string_pretty(&records)?)?,
                Format::Text => output::line(table(&records))?,
            }
        }
        Command::Show { id } => {
            let request = client.request(Method::GET, &format!("/v1/credentials/{id}"))?;
            let answer = client.send(request.body(())?)?;
            output::line(serde_json::to_string_pretty(&answer.json()?)?)?;
        }
        Command::Import { id, file } => {
            let fields = fields(&read(file.as_deref())?)?;
            output::line(import(&client, &id, fields)?)?;
        }
        Command::Rotate { id } => {
            let request = client.request(Method::POST, &format!("/v1/credentials/{id}:rotate"))?;
            let record = client.send(request.body(())?)?.json()?;
            output::line(match phase(&record) {
                "steady" | "failed" => format!("{id} is rotated as soon as a worker takes it up"),
                phase => format!("a rotation of {id} is under way: {phase}"),
            })?;
        }
        Command::Connect(arguments) => output::line(connect::run(&client, arguments)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Stores a secret; what to tell of it.
fn import(client: &Client, id: &CredentialId, fields: Value) -> anyhow::Result<String> {
    let body = Zeroizing::new(json!({ "id": id, "credential": fields }).to_string());
    let request = client.request(Method::POST, "/v1/credentials")?.header(CONTENT_TYPE, "application/json");
    let record = client.send(request.body(body.as_str())?)?.json()?;
    let part = |name| record.get(name).and_then(Value::as_str).unwrap_or("?");
    let version = record.get("version").and_then(Value::as_u64).unwrap_or_default();
    Ok(format!("stored version {version} of {id}, {} of agent {}", part("type"), part("agent")))
}

/// A secret from a file or from standard input: never from the command line, which every process can read.
fn read(file: Option<&Path>) -> anyhow::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    match file {
        Some(path) => {
            let file =
                std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
            file.take(LARGEST).read_to_string(&mut text)
        }
        None => std::io::stdin().lock().take(LARGEST).read_to_string(&mut text),
    }
    .context("cannot read the secret: it is not UTF-8 text")?;
    Ok(text)
}

/// The fields of a secret that was written as JSON; or those of an API key that was written as it is.
fn fields(text: &str) -> anyhow::Result<Value> {
    // What is read from a file or a pipe ends with a line's end as a rule; a key never does.
    let text = text.trim_end_matches(['\r', '\n']);
    if text.trim().is_empty() {
        bail!("there is no secret to import: the input is empty");
    }
    if !text.trim_start().starts_with('{') {
        return Ok(json!({ "api_key": text }));
    }
    // The parser's own error could quote a piece of it.
    serde_json::from_str(text).map_err(|error| {
        anyhow::anyhow!("the input is not JSON, at line {}, column {}", error.line(), error.column())
    })
}

/// All pages.
fn list(client: &Client) -> anyhow::Result<Vec<Value>> {
    let mut records = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut query = Serializer::new(String::from("/v1/credentials?"));
        query.extend_pairs(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let answer = client.send(client.request(Method::GET, &query.finish())?.body(())?)?.json()?;
        records.extend(answer.get("credentials").and_then(Value::as_array).cloned().unwrap_or_default());
        let next = answer.get("next").and_then(Value::as_str).map(str::to_owned);
        // A broker that names the same page again would never come to an end.
        if next.is_none() || next == cursor {
            return Ok(records);
        }
        cursor = next;
    }
}

/// Where the renewal of a credential stands.
fn phase(record: &Value) -> &str {
    record.pointer("/rotation/phase").and_then(Value::as_str).unwrap_or("-")
}

fn table(records: &[Value]) -> String {
    let row = |cells: [&str; 8]| {
        let [id, kind, agent, risk, version, updated, phase, due] = cells;
        format!(
            "{id:<24}  {kind:<23}  {agent:<20}  {risk:<6}  {version:>7}  {updated:<20}  {phase:<12}  {due}"
        )
        .trim_end()
        .to_owned()
    };
    let rows = records.iter().map(|record| {
        let part = |name| record.get(name).and_then(Value::as_str).unwrap_or("-");
        let version = record.get("version").and_then(Value::as_u64).unwrap_or_default().to_string();
        let due = record.pointer("/rotation/due_at").and_then(Value::as_str).unwrap_or("-");
        let (updated, due) = (seconds(part("updated_at")), seconds(due));
        row([part("id"), part("type"), part("agent"), part("risk"), &version, &updated, phase(record), &due])
    });
    std::iter::once(row([
        "CREDENTIAL",
        "TYPE",
        "AGENT",
        "RISK",
        "VERSION",
        "UPDATED",
        "ROTATION",
        "NEXT STEP",
    ]))
    .chain(rows)
    .collect::<Vec<_>>()
    .join("\n")
}

/// A time without the part of its second.
fn seconds(time: &str) -> String {
    match time.split_once('.') {
        Some((whole, _)) => format!("{whole}Z"),
        None => time.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_as_it_is_and_json_as_its_fields() {
        assert_eq!(fields("ghp_x\r\n").unwrap(), json!({ "api_key": "ghp_x" }));
        assert_eq!(fields("  {\"client_id\": \"a\"}\n").unwrap(), json!({ "client_id": "a" }));
        assert!(fields(" \n").is_err());
    }

    #[test]
    fn what_is_not_json_is_refused_without_quoting_it() {
        let told = format!("{:#}", fields(r#"{"api_key": canary"#).unwrap_err());
        assert!(told.contains("column") && !told.contains("canary"), "{told}");
    }
}
