//! `deputize narrow`: passes on less than a lease has.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use deputize_broker::lease::LeaseId;
use deputize_scope::{AgentId, Seconds};
use serde_json::{Map, Value, json};
use ureq::http::Method;
use ureq::http::header::CONTENT_TYPE;

use crate::aws::{Aws, scoped};
use crate::client::{Caller, Client};
use crate::issued::Format;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The lease to narrow.
    lease: LeaseId,
    /// The agent that holds it [default: whose token DEPUTIZE_TOKEN or DEPUTIZE_TOKEN_FILE is].
    #[arg(long, value_name = "AGENT")]
    agent: Option<AgentId>,
    /// A permission; may be given several times. Without any: all that the lease has.
    #[arg(long = "permission", value_name = "P")]
    permissions: Vec<String>,
    /// A resource; may be given several times. Without any: those that the lease has.
    #[arg(long = "resource", value_name = "R")]
    resources: Vec<String>,
    /// How long, such as 5m [default: as long as the lease still lives].
    #[arg(long)]
    duration: Option<Seconds>,
    /// Why, for the record.
    #[arg(long, value_name = "TEXT")]
    purpose: Option<String>,
    /// How it is narrowed.
    #[arg(long, value_enum, default_value = "mint")]
    via: Via,
    /// How to write the credential.
    #[arg(long, value_enum, default_value = "json")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Via {
    /// The broker has the cloud give another credential.
    Mint,
    /// The session of AWS in this environment is narrowed by its holder, at STS, under the policy that the broker proved.
    ScopeDown,
}

pub(crate) fn run(settings: &Settings, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let caller = arguments.agent.as_ref().map_or(Caller::Holder, Caller::Agent);
    let client = Client::new(settings, caller)?;
    let path = format!("/v1/leases/{}:narrow", arguments.lease);
    let request = client.request(Method::POST, &path)?.header(CONTENT_TYPE, "application/json");
    let mut answer = client.send(request.body(body(arguments).to_string())?)?.json()?;
    if arguments.via == Via::ScopeDown {
        let credential = answer.get_mut("credential").context("the broker's answer has no policy")?;
        *credential = scope_down(credential)?;
    }
    arguments.format.write(&answer)?;
    Ok(ExitCode::SUCCESS)
}

fn body(arguments: &Arguments) -> Value {
    let via = match arguments.via {
        Via::Mint => "mint",
        Via::ScopeDown => "scope_down",
    };
    let mut body = Map::from_iter([("via".to_owned(), json!(via))]);
    let lists = [("permissions", &arguments.permissions), ("resources", &arguments.resources)];
    body.extend(
        lists
            .into_iter()
            .filter(|(_, list)| !list.is_empty())
            .map(|(name, list)| (name.to_owned(), json!(list))),
    );
    if let Some(duration) = arguments.duration {
        body.insert("duration_seconds".to_owned(), json!(duration.get()));
    }
    if let Some(purpose) = &arguments.purpose {
        body.insert("purpose".to_owned(), json!(purpose));
    }
    Value::Object(body)
}

/// Has STS do what the broker proved, with the session of this environment.
fn scope_down(given: &Value) -> anyhow::Result<Value> {
    let policy = given.get("policy").and_then(Value::as_str);
    let seconds =
        given.get("duration_seconds").and_then(Value::as_u64).and_then(|seconds| u32::try_from(seconds).ok());
    let (policy, seconds) = policy.zip(seconds).context("the broker's answer has no policy")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let session = runtime.block_on(async {
        let sdk = Aws::sdk().await;
        scoped::narrow(&sdk, policy, seconds).await
    })?;
    Ok(json!({
        "access_key_id": session.access_key_id,
        "secret_access_key": session.secret_access_key.reveal(),
        "session_token": session.session_token.reveal(),
        "expiration": session.expiration,
    }))
}
