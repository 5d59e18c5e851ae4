//! What issuing costs on the embedded default, with durable commits: the broker's own time, without the cloud, as the
//! broker itself tells it (`Server-Timing`). Once at a pace that leaves the machine room, once with 64 clients that
//! each ask again as soon as they are answered.

use std::time::Duration;

use deputize_e2e::{Client, DeputizeProcess, Environment, HarnessError};
use futures::future::join_all;
use serde_json::json;
use tokio::time::{Instant, interval};

use crate::samples::Samples;
use crate::table::Table;

const AGENT: &str = "busy-agent";
const PACED: usize = 1_000;
const PACE: Duration = Duration::from_millis(10);
const CLIENTS: usize = 64;
const REQUESTS: usize = 10_000;

const SCOPES: &str = r#"
version: 1
tenant: acme
agents:
  busy-agent:
    budget: { live_leases: 1000000, per_minute: 1000000 }
    scopes:
      - cloud: aws
        role: arn:aws:iam::123456789012:role/busy
        regions: [us-east-1, us-west-2]
        permissions: [s3:GetObject, s3:PutObject, "ecs:Describe*"]
        resources: ["arn:aws:s3:::data/*", "arn:aws:ecs:*:123456789012:service/prod/*"]
"#;

/// What one answer took: in the broker, and in all.
type Taken = (Duration, Duration);

pub(crate) async fn run(environment: &Environment) -> Result<Table, HarnessError> {
    let directory = tempfile::tempdir().map_err(|source| io("making a directory", source))?;
    let file = directory.path().join("scopes.yaml");
    std::fs::write(&file, SCOPES).map_err(|source| io("writing a scope document", source))?;
    let process = DeputizeProcess::start(environment, &["--scopes", &file.to_string_lossy()]).await?;
    let client = Client::new(process.url(), &process.agent_token(AGENT)?);

    let mut paced = Vec::with_capacity(PACED);
    let mut pace = interval(PACE);
    for _ in 0..PACED {
        pace.tick().await;
        paced.push(ask(&client).await?);
    }
    let started = Instant::now();
    let busy = join_all((0..CLIENTS).map(|_| {
        let client = client.clone();
        async move {
            let mut taken = Vec::new();
            for _ in 0..REQUESTS / CLIENTS {
                taken.push(ask(&client).await?);
            }
            Ok::<_, HarnessError>(taken)
        }
    }));
    let busy: Vec<Taken> = busy.await.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
    let rate = busy.len() as f64 / started.elapsed().as_secs_f64();

    let columns = ["broker p50, ms", "broker p99, ms", "whole answer p50, ms", "answers per second"];
    let mut table = Table::new("issue, embedded", &columns);
    table.row("100 requests per second", &row(&paced, 1.0 / PACE.as_secs_f64()));
    table.row("64 clients at once", &row(&busy, rate));
    Ok(table)
}

fn row(taken: &[Taken], rate: f64) -> [f64; 4] {
    let broker: Samples = taken.iter().map(|taken| taken.0).collect();
    let whole: Samples = taken.iter().map(|taken| taken.1).collect();
    [broker.percentile(50), broker.percentile(99), whole.percentile(50), rate]
}

async fn ask(client: &Client) -> Result<Taken, HarnessError> {
    let started = Instant::now();
    let reply = client.ask(AGENT, &json!({ "cloud": "aws" }), &[]).await?;
    let whole = started.elapsed();
    let own = reply
        .header("server-timing")
        .split(',')
        .find_map(|part| part.trim().strip_prefix("broker;dur=")?.parse::<f64>().ok());
    match own {
        Some(milliseconds) if reply.status == 201 => Ok((Duration::from_secs_f64(milliseconds / 1e3), whole)),
        _ => Err(HarnessError::Function { kind: reply.status.to_string(), message: reply.text }),
    }
}

fn io(what: &str, source: std::io::Error) -> HarnessError {
    HarnessError::Io { what: what.to_owned(), source }
}
