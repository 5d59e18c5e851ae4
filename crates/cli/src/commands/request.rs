//! `deputize request`: asks for a credential, and writes it in the form that its user takes.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use deputize_scope::{AgentId, Cloud, Seconds};
use serde_json::{Map, Value, json};
use ureq::http::Method;
use ureq::http::header::CONTENT_TYPE;

use crate::client::{Caller, Client};
use crate::output;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The agent to ask as.
    agent: AgentId,
    /// The cloud: aws.
    cloud: Cloud,
    /// A permission; may be given several times. Without any: all that is granted.
    #[arg(long = "permission", value_name = "P")]
    permissions: Vec<String>,
    /// A resource; may be given several times. Without any: those that are granted.
    #[arg(long = "resource", value_name = "R")]
    resources: Vec<String>,
    /// The role, where the grant has several.
    #[arg(long, value_name = "ROLE")]
    target: Option<String>,
    /// How long, such as 15m [default: as long as is granted].
    #[arg(long)]
    duration: Option<Seconds>,
    /// Why, for the record.
    #[arg(long, value_name = "TEXT")]
    purpose: Option<String>,
    /// How to write the credential.
    #[arg(long, value_enum, default_value = "json")]
    format: Format,
    /// The same key again gets the same answer, for as long as it is kept.
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The broker's whole answer.
    Json,
    /// Lines for a shell's `eval`.
    Env,
    /// What `credential_process` of an AWS profile is to print.
    CredentialProcess,
}

pub(crate) fn run(settings: &Settings, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let client = Client::new(settings, Caller::Agent(&arguments.agent))?;
    let path = format!("/v1/agents/{}/credentials", arguments.agent);
    let mut request = client.request(Method::POST, &path)?.header(CONTENT_TYPE, "application/json");
    if let Some(key) = &arguments.idempotency_key {
        request = request.header("idempotency-key", key);
    }
    let answer = client.send(request.body(body(&arguments).to_string())?)?.json()?;
    let text = match arguments.format {
        Format::Json => serde_json::to_string_pretty(&answer)?,
        Format::Env => environment(&answer)?,
        Format::CredentialProcess => credential_process(&answer)?,
    };
    output::line(text)?;
    Ok(ExitCode::SUCCESS)
}

fn body(arguments: &Arguments) -> Value {
    let mut body = Map::from_iter([("cloud".to_owned(), json!(arguments.cloud))]);
    if !arguments.permissions.is_empty() {
        body.insert("permissions".to_owned(), json!(arguments.permissions));
    }
    if !arguments.resources.is_empty() {
        body.insert("resources".to_owned(), json!(arguments.resources));
    }
    if let Some(target) = &arguments.target {
        body.insert("target".to_owned(), json!(target));
    }
    if let Some(duration) = arguments.duration {
        body.insert("duration_seconds".to_owned(), json!(duration.get()));
    }
    if let Some(purpose) = &arguments.purpose {
        body.insert("purpose".to_owned(), json!(purpose));
    }
    Value::Object(body)
}

/// A part of the answer's AWS credential.
fn part<'a>(answer: &'a Value, name: &str) -> anyhow::Result<&'a str> {
    let value = answer.get("credential").and_then(|credential| credential.get(name));
    value
        .and_then(Value::as_str)
        .with_context(|| format!("the answer has no {name}: this format is for aws only"))
}

fn environment(answer: &Value) -> anyhow::Result<String> {
    let lines = [
        ("AWS_ACCESS_KEY_ID", "access_key_id"),
        ("AWS_SECRET_ACCESS_KEY", "secret_access_key"),
        ("AWS_SESSION_TOKEN", "session_token"),
        ("AWS_CREDENTIAL_EXPIRATION", "expiration"),
    ];
    let lines = lines.map(|(name, field)| Ok(format!("export {name}={}", quoted(part(answer, field)?))));
    Ok(lines.into_iter().collect::<anyhow::Result<Vec<_>>>()?.join("\n"))
}

/// For a POSIX shell: nothing within single quotes means anything but the single quote.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>
fn credential_process(answer: &Value) -> anyhow::Result<String> {
    let mut output = json!({
        "Version": 1,
        "AccessKeyId": part(answer, "access_key_id")?,
        "SecretAccessKey": part(answer, "secret_access_key")?,
        "SessionToken": part(answer, "session_token")?,
        "Expiration": part(answer, "expiration")?,
    });
    if let (Some(account), Some(output)) = (account(answer), output.as_object_mut()) {
        output.insert("AccountId".to_owned(), json!(account));
    }
    Ok(output.to_string())
}

/// The account of the role that the session is of.
fn account(answer: &Value) -> Option<&str> {
    let role = answer.get("scope")?.get("target")?.as_str()?;
    role.split(':').nth(4).filter(|account| !account.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Value {
        json!({
            "credential": {
                "access_key_id": "ASIAEXAMPLE", "secret_access_key": "a/b'c", "session_token": "t+/=",
                "expiration": "2026-11-23T06:37:07Z",
            },
            "scope": { "target": "arn:aws:iam::123456789012:role/agent" },
        })
    }

    #[test]
    fn the_environment_survives_a_shell() {
        let text = environment(&answer()).unwrap();
        assert!(text.contains(r"export AWS_SECRET_ACCESS_KEY='a/b'\''c'"), "{text}");
        assert_eq!(text.lines().count(), 4);
    }

    #[test]
    fn credential_process_has_the_version_as_a_number_and_the_account_of_the_role() {
        let output: Value = serde_json::from_str(&credential_process(&answer()).unwrap()).unwrap();
        assert_eq!(output["Version"], 1);
        assert_eq!(output["SessionToken"], "t+/=");
        assert_eq!(output["AccountId"], "123456789012");
    }

    #[test]
    fn an_answer_of_another_cloud_is_refused_without_quoting_it() {
        let other = json!({ "credential": { "access_token": "canary" } });
        assert!(!format!("{:#}", credential_process(&other).unwrap_err()).contains("canary"));
    }
}
