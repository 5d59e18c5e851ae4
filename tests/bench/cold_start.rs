//! From the start of a function's process to its first answer, on a Runtime API host in this process,
//! and what it costs once it runs. Beside it, a Python handler that does the same through boto3.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use deputize_e2e::{ApiGatewayEvent, Environment, HarnessError, IssuanceCloud, RuntimeApi};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::samples::Samples;
use crate::table::Table;

/// How often a function that has started is asked again.
const WARM: usize = 20;

/// The table that the Python handler writes to.
const YARDSTICK_TABLE: &str = "yardstick";

/// A function that takes part.
struct Contender {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<PathBuf>,
    variables: Vec<(String, String)>,
    event: ApiGatewayEvent,
    /// Another status means that it did not do the work.
    status: u16,
}

impl Contender {
    fn command(&self, environment: &Environment) -> Command {
        let mut command = environment.command(&self.program);
        command.args(&self.arguments).envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// The clouds that all of them work against.
struct Clouds {
    around: IssuanceCloud,
}

/// What one start of a contender showed.
struct Start {
    first: Duration,
    warm: Vec<Duration>,
    /// In bytes, after the first answer.
    memory: u64,
}

pub(crate) async fn run(environment: &Environment, runs: usize) -> Result<Table, HarnessError> {
    let clouds = Clouds::start(environment).await?;
    let contenders =
        [issuance(environment, &clouds).await?, greeting(environment)?, python(environment, &clouds)];

    // In turns, so that a busy moment of the machine meets all of them.
    let mut starts: Vec<Vec<Start>> = contenders.iter().map(|_| Vec::new()).collect();
    for _ in 0..runs {
        for (contender, starts) in contenders.iter().zip(&mut starts) {
            starts.push(start(environment, contender).await?);
        }
    }

    let columns = ["first answer p50, ms", "first answer p90, ms", "next answers p50, ms", "memory, MB"];
    let mut table = Table::new("cold start", &columns);
    for (contender, starts) in contenders.iter().zip(&starts) {
        let first: Samples = starts.iter().map(|start| start.first).collect();
        let warm: Samples = starts.iter().flat_map(|start| start.warm.iter().copied()).collect();
        let memory = starts.iter().map(|start| start.memory).max().unwrap_or(0) as f64 / 1e6;
        let values = [first.percentile(50), first.percentile(90), warm.percentile(50), memory];
        table.row(contender.name, &values);
    }
    Ok(table)
}

impl Clouds {
    async fn start(environment: &Environment) -> Result<Self, HarnessError> {
        let around = IssuanceCloud::start(environment).await?;
        let table = json!({
            "TableName": YARDSTICK_TABLE,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                { "AttributeName": "pk", "AttributeType": "S" },
                { "AttributeName": "sk", "AttributeType": "S" },
            ],
            "KeySchema": [
                { "AttributeName": "pk", "KeyType": "HASH" },
                { "AttributeName": "sk", "KeyType": "RANGE" },
            ],
        });
        around.dynamodb.call("CreateTable", &table).await?;
        Ok(Self { around })
    }
}

/// Where Debian keeps all its roots in one file, as Amazon Linux does. Beside it lie 300 more files with the same
/// roots, which a function in Lambda does not meet.
const ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// What this is about. The scope document is published beforehand, by a function that is not measured.
async fn issuance(environment: &Environment, clouds: &Clouds) -> Result<Contender, HarnessError> {
    let mut variables = clouds.around.variables();
    if Path::new(ROOTS).exists() {
        variables.push(("SSL_CERT_FILE".to_owned(), ROOTS.to_owned()));
    }
    let contender = Contender {
        name: "issuance",
        program: environment.binary("issuance")?,
        arguments: Vec::new(),
        variables,
        event: ask("/v1/agents/devops-agent/credentials"),
        status: 201,
    };
    let host = RuntimeApi::start().await?;
    let _function = host.spawn_command(environment, contender.command(environment))?;
    let budget = "{ live_leases: 1000000, per_minute: 1000000 }";
    let document =
        include_str!("../../examples/mission.yaml").replace("{ live_leases: 40, per_minute: 60 }", budget);
    clouds.around.publish(&host, &document).await?;
    Ok(contender)
}

/// What any function in Rust costs that does nothing.
fn greeting(environment: &Environment) -> Result<Contender, HarnessError> {
    Ok(Contender {
        name: "Rust, nothing but an answer",
        program: environment.binary("greeting")?,
        arguments: Vec::new(),
        variables: Vec::new(),
        event: ApiGatewayEvent::get("/ada"),
        status: 200,
    })
}

/// The same work as issuance does, through boto3.
fn python(environment: &Environment, clouds: &Clouds) -> Contender {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/python_issuance");
    let mut variables = clouds.around.variables();
    variables.push(("YARDSTICK_TABLE".to_owned(), YARDSTICK_TABLE.to_owned()));
    Contender {
        name: "Python, through boto3",
        program: environment.python(),
        arguments: vec![folder.join("runtime.py")],
        variables,
        event: ask("/v1/agents/devops-agent/credentials"),
        status: 201,
    }
}

/// The request that is measured: all that the agent's scope allows at AWS.
fn ask(path: &str) -> ApiGatewayEvent {
    ApiGatewayEvent::post(path)
        .iam("arn:aws:sts::111122223333:assumed-role/devops-runtime/i-0123456789abcdef0")
        .json(&json!({ "cloud": "aws", "duration_seconds": 3600, "purpose": "benchmark" }))
}

async fn start(environment: &Environment, contender: &Contender) -> Result<Start, HarnessError> {
    let host = RuntimeApi::start().await?;
    let command = contender.command(environment);

    let started = Instant::now();
    let function = host.spawn_command(environment, command)?;
    let answer = host.invoke(contender.event.clone()).await?;
    let first = started.elapsed();
    if answer.status() != Some(contender.status) {
        return Err(unexpected(contender, &answer.body));
    }
    let memory = function.peak_memory().unwrap_or(0);

    let mut warm = Vec::with_capacity(WARM);
    for _ in 0..WARM {
        warm.push(host.invoke(contender.event.clone()).await?.elapsed);
    }
    Ok(Start { first, warm, memory })
}

fn unexpected(contender: &Contender, answer: &Value) -> HarnessError {
    HarnessError::Function { kind: contender.name.to_owned(), message: format!("it answered {answer}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_python_yardstick_issues_and_records_as_issuance_does() -> Result<(), HarnessError> {
        let environment = Environment::locate()?;
        let clouds = Clouds::start(&environment).await?;
        let contender = python(&environment, &clouds);
        let host = RuntimeApi::start().await?;
        host.spawn_command(&environment, contender.command(&environment))?;

        let answer = host.invoke(contender.event).await?;
        assert_eq!(answer.status(), Some(201), "{}", answer.body);
        let issued = answer.json()?;
        assert!(issued["credential"]["session_token"].is_string(), "the answer has no credential");
        let rows = clouds.around.dynamodb.call("Scan", &json!({ "TableName": YARDSTICK_TABLE })).await?;
        assert_eq!(rows["Count"], 2, "one lease and one audit event");

        let refused = host.invoke(ask("/v1/agents/somebody-else/credentials")).await?;
        assert_eq!(refused.status(), Some(403));
        Ok(())
    }
}
