//! `deputize request`: asks for a credential, and writes it in the form that its user takes.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use deputize_broker::request::Wanted;
use deputize_scope::identifier::CredentialType;
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
    /// A cloud (aws, gcp, azure), or a type of credential, such as api_key.
    #[arg(value_name = "CLOUD|TYPE", value_parser = wanted)]
    wanted: Wanted,
    /// A permission; may be given several times. Without any: all that is granted.
    #[arg(long = "permission", value_name = "P")]
    permissions: Vec<String>,
    /// A resource; may be given several times. Without any: those that are granted.
    #[arg(long = "resource", value_name = "R")]
    resources: Vec<String>,
    /// The role, service account, application or stored credential, where the grant has several.
    #[arg(long, value_name = "NAME")]
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
    /// Lines for a shell's `eval`: the AWS SDKs' own variables for keys of AWS, DEPUTIZE_ACCESS_TOKEN and
    /// DEPUTIZE_TOKEN_EXPIRATION for tokens, DEPUTIZE_API_KEY for an API key.
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
    let wanted = match arguments.wanted {
        Wanted::Of(cloud) => ("cloud".to_owned(), json!(cloud)),
        Wanted::Exactly(kind) => ("type".to_owned(), json!(kind)),
    };
    let mut body = Map::from_iter([wanted]);
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

/// A cloud's name, or a type's.
fn wanted(text: &str) -> Result<Wanted, String> {
    let cloud = text.parse::<Cloud>().map(Wanted::Of);
    cloud
        .or_else(|_| text.parse::<CredentialType>().map(Wanted::Exactly))
        .map_err(|_| format!("not one of {}, {}", Cloud::NAMES.join(", "), CredentialType::NAMES.join(", ")))
}

/// A part of the answer's credential, where its type has it.
fn part<'a>(answer: &'a Value, name: &str) -> Option<&'a str> {
    answer.get("credential")?.get(name)?.as_str()
}

/// The variables of a shell, and the fields of the credential that they are from. Those of another type are absent; of a
/// key that does not end by itself, what a session has is unset, lest the former one's be sent along.
const OF_AWS: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", "access_key_id"),
    ("AWS_SECRET_ACCESS_KEY", "secret_access_key"),
    ("AWS_SESSION_TOKEN", "session_token"),
    ("AWS_CREDENTIAL_EXPIRATION", "expiration"),
];
const OF_TOKENS: [(&str, &str); 2] =
    [("DEPUTIZE_ACCESS_TOKEN", "access_token"), ("DEPUTIZE_TOKEN_EXPIRATION", "expiration")];
const OF_API_KEYS: [(&str, &str); 1] = [("DEPUTIZE_API_KEY", "api_key")];

fn environment(answer: &Value) -> anyhow::Result<String> {
    let variables = [&OF_AWS[..], &OF_TOKENS, &OF_API_KEYS];
    let has_first =
        |of: &&&[(&str, &str)]| of.first().is_some_and(|(_, field)| part(answer, field).is_some());
    let variables =
        variables.iter().find(has_first).context("the answer has no credential of a known form")?;
    let lines = variables.iter().map(|(name, field)| match part(answer, field) {
        Some(value) => format!("export {name}={}", quoted(value)),
        None => format!("unset {name}"),
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// For a POSIX shell: nothing within single quotes means anything but the single quote.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>
fn credential_process(answer: &Value) -> anyhow::Result<String> {
    let required =
        |name| part(answer, name).context("the answer has no keys of AWS, which this format is for");
    let keys =
        [("AccessKeyId", required("access_key_id")?), ("SecretAccessKey", required("secret_access_key")?)];
    // An access key does not end by itself: it has neither.
    let of_session = [
        ("SessionToken", part(answer, "session_token")),
        ("Expiration", part(answer, "expiration")),
        ("AccountId", account(answer)),
    ];
    let of_session = of_session.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let mut output = Map::from_iter([("Version".to_owned(), json!(1))]);
    output.extend(keys.into_iter().chain(of_session).map(|(name, value)| (name.to_owned(), json!(value))));
    Ok(Value::Object(output).to_string())
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
    fn a_key_that_does_not_end_takes_no_session_with_it() {
        let key = json!({
            "credential": { "access_key_id": "AKIAEXAMPLE", "secret_access_key": "s" },
            "scope": { "target": "build" },
        });
        let text = environment(&key).unwrap();
        assert!(text.contains("unset AWS_SESSION_TOKEN"), "{text}");
        let output: Value = serde_json::from_str(&credential_process(&key).unwrap()).unwrap();
        assert_eq!(output, json!({ "Version": 1, "AccessKeyId": "AKIAEXAMPLE", "SecretAccessKey": "s" }));
    }

    #[test]
    fn tokens_and_keys_of_other_providers_have_variables_of_their_own() {
        let token = json!({ "credential": { "access_token": "t", "expiration": "2026-11-23T06:37:07Z" } });
        let text = environment(&token).unwrap();
        assert_eq!(
            text,
            "export DEPUTIZE_ACCESS_TOKEN='t'\nexport DEPUTIZE_TOKEN_EXPIRATION='2026-11-23T06:37:07Z'"
        );
        assert_eq!(
            environment(&json!({ "credential": { "api_key": "k" } })).unwrap(),
            "export DEPUTIZE_API_KEY='k'"
        );
        assert!(environment(&json!({ "credential": {} })).is_err());
    }

    #[test]
    fn a_cloud_or_a_type_is_asked_for() {
        assert_eq!(wanted("aws"), Ok(Wanted::Of(Cloud::Aws)));
        assert_eq!(wanted("api_key"), Ok(Wanted::Exactly(CredentialType::ApiKey)));
        assert!(wanted("AWS").unwrap_err().contains("azure, aws_iam_role"));
    }

    #[test]
    fn an_answer_of_another_cloud_is_refused_without_quoting_it() {
        let other = json!({ "credential": { "access_token": "canary" } });
        assert!(!format!("{:#}", credential_process(&other).unwrap_err()).contains("canary"));
    }
}
