//! The ledger as an auditor meets it: over HTTP, and by the command line, which believes nobody.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod evidence;
mod routes;
mod story;
mod witness;

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use deputize_e2e::{Client, DeputizeProcess, Environment, HarnessError, until};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Long enough for a machine that is busy with other tests.
const LIMIT: Duration = Duration::from_secs(60);

/// A broker with a ledger, and a directory for what an auditor keeps.
struct World {
    process: DeputizeProcess,
    mine: TempDir,
}

/// What a command said.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl World {
    async fn new() -> Result<Self, HarnessError> {
        Self::with(TempDir::new().unwrap(), &json!({})).await
    }

    /// A broker with these settings.
    async fn with(mine: TempDir, settings: &Value) -> Result<Self, HarnessError> {
        let variables = [("DEPUTIZE_SETTINGS", settings.to_string())];
        let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
        let process = DeputizeProcess::start_with(&Environment::locate()?, &[], &variables).await?;
        Ok(Self { process, mine })
    }

    fn admin(&self) -> Client {
        Client::new(self.process.url(), &self.process.admin_token().unwrap())
    }

    fn agent(&self) -> Client {
        Client::new(self.process.url(), &self.process.agent_token("devops-agent").unwrap())
    }

    /// Issues a credential; its lease.
    async fn issue(&self) -> String {
        let body =
            json!({ "cloud": "aws", "permissions": ["ecs:DescribeServices"], "duration_seconds": 900 });
        let path = "/v1/agents/devops-agent/credentials";
        let reply = self.agent().send(Method::POST, path, &[], body.to_string()).await.unwrap();
        assert_eq!(reply.status, 201, "{}", reply.text);
        reply.json()["lease_id"].as_str().unwrap().to_owned()
    }

    /// The entry of a kind that tells of a lease, once it is sealed.
    async fn sealed(&self, kind: &str, lease: &str) -> Value {
        let path = format!("/v1/audit/entries?kind={kind}&lease={lease}");
        self.entry(&path).await
    }

    /// The newest entry of a search, once there is one.
    async fn entry(&self, path: &str) -> Value {
        let admin = self.admin();
        let found = until("an entry", LIMIT, async || {
            let reply = admin.get(path).await?;
            assert_eq!(reply.status, 200, "{}", reply.text);
            Ok(reply.json()["entries"].get(0).cloned())
        });
        found.await.unwrap()
    }

    /// The key of the log, as an auditor would have been given it.
    async fn key(&self) -> String {
        self.admin().get("/v1/audit/key").await.unwrap().text.trim().to_owned()
    }

    /// Runs `deputize audit ARGUMENTS` as the administrator.
    async fn audit(&self, arguments: &[&str]) -> Said {
        let command = self.process.command(&self.process.admin_token().unwrap()).unwrap();
        said(command, self.mine.path(), arguments).await
    }

    /// The same, without a broker.
    async fn offline(&self, arguments: &[&str]) -> Said {
        offline(self.mine.path(), arguments).await
    }
}

async fn offline(directory: &Path, arguments: &[&str]) -> Said {
    let environment = Environment::locate().unwrap();
    said(environment.command(&environment.binary("deputize").unwrap()), directory, arguments).await
}

async fn said(mut command: Command, directory: &Path, arguments: &[&str]) -> Said {
    command.arg("audit").args(arguments).current_dir(directory);
    let run = tokio::task::spawn_blocking(move || command.output());
    let Output { status, stdout, stderr } = run.await.unwrap().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: status.code(), out: text(stdout), err: text(stderr) }
}

impl Said {
    /// What it wrote, where it went well.
    #[track_caller]
    fn well(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self.out
    }

    /// What it complained of.
    #[track_caller]
    fn badly(self) -> String {
        assert_eq!(self.code, Some(1), "{}{}", self.out, self.err);
        self.err
    }
}
