//! `deputize request`: asks for a credential, and writes it in the form that its user takes.

use std::process::ExitCode;

use clap::Args;
use deputize_broker::request::Wanted;
use deputize_scope::identifier::CredentialType;
use deputize_scope::{AgentId, Cloud, Seconds};
use serde_json::{Map, Value, json};
use ureq::http::Method;
use ureq::http::header::CONTENT_TYPE;

use crate::client::{Caller, Client};
use crate::issued::Format;
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

pub(crate) fn run(settings: &Settings, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let client = Client::new(settings, Caller::Agent(&arguments.agent))?;
    let path = format!("/v1/agents/{}/credentials", arguments.agent);
    let mut request = client.request(Method::POST, &path)?.header(CONTENT_TYPE, "application/json");
    if let Some(key) = &arguments.idempotency_key {
        request = request.header("idempotency-key", key);
    }
    let answer = client.send(request.body(body(&arguments).to_string())?)?.json()?;
    arguments.format.write(&answer)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cloud_or_a_type_is_asked_for() {
        assert_eq!(wanted("aws"), Ok(Wanted::Of(Cloud::Aws)));
        assert_eq!(wanted("api_key"), Ok(Wanted::Exactly(CredentialType::ApiKey)));
        assert!(wanted("AWS").unwrap_err().contains("azure, aws_iam_role"));
    }
}
