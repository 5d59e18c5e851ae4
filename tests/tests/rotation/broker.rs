//! `deputize up`, and what an admin asks of it.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use deputize_e2e::{Client, DeputizeProcess, Environment, HarnessError, Reply, until};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The connector's name, relative to the scope document.
pub(crate) const CONNECTOR: &str = "connectors/keys.json";

/// Waiting for longer than any pause between two attempts, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(300);

/// A stored credential of a test.
#[derive(Clone, Debug)]
pub(crate) struct Declared {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    /// Who uses it. The first owns it.
    pub(crate) agents: Vec<&'static str>,
}

/// Where the broker is at the moment. It moves with each restart.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    token: String,
    url: Arc<Mutex<String>>,
    client: Client,
    at: String,
}

impl Desk {
    /// Sends where the broker is now. An error where it is not.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Reply, HarnessError> {
        let url = self.url.lock().unwrap().clone();
        if url != self.at {
            self.client = Client::new(&url, &self.token);
            self.at = url;
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.client.send(method, path, &[("content-type", "application/json")], body).await
    }
}

/// A broker whose clouds are real, and which stores these credentials.
pub(crate) struct Broker {
    process: DeputizeProcess,
    url: Arc<Mutex<String>>,
    admin: Desk,
    // Holds the scope document for as long as the process may read it.
    _folder: TempDir,
}

impl Broker {
    pub(crate) async fn start(
        declared: &[Declared],
        connector: Option<String>,
        aws: &[(String, String)],
    ) -> Result<Self, HarnessError> {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("scopes.json");
        fs::write(&path, document(declared)).unwrap();
        fs::create_dir(folder.path().join("connectors")).unwrap();
        if let Some(connector) = connector {
            fs::write(folder.path().join(CONNECTOR), connector).unwrap();
        }
        // No time is lost, but for what a provider takes until a key works.
        let rotation = json!({
            "between_probes": "0s", "settling": "60s", "adoption": "30s", "soak": "0s",
            "private_addresses": true,
        });
        let settings = json!({ "aws": { "region": "us-east-1" }, "rotation": rotation }).to_string();
        let mut variables = vec![("DEPUTIZE_CLOUD", "aws=real"), ("DEPUTIZE_SETTINGS", &settings)];
        variables.extend(aws.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let arguments = ["--scopes", path.to_str().unwrap()];
        let process = DeputizeProcess::start_with(&Environment::locate()?, &arguments, &variables).await?;
        let url = Arc::new(Mutex::new(process.url().to_owned()));
        let admin = desk(&url, process.admin_token()?);
        Ok(Self { process, url, admin, _folder: folder })
    }

    pub(crate) fn desk_of(&self, agent: &str) -> Result<Desk, HarnessError> {
        Ok(desk(&self.url, self.process.agent_token(agent)?))
    }

    pub(crate) async fn import(&mut self, id: &str, credential: &Value) -> Result<(), HarnessError> {
        let body = json!({ "id": id, "credential": credential });
        let reply = self.admin.send(Method::POST, "/v1/credentials", &body).await?;
        assert_eq!(reply.status, 201, "{}", reply.text);
        Ok(())
    }

    /// What is on record.
    pub(crate) async fn show(&mut self, id: &str) -> Result<Value, HarnessError> {
        let reply = self.admin.send(Method::GET, &format!("/v1/credentials/{id}"), &Value::Null).await?;
        assert_eq!(reply.status, 200, "{}", reply.text);
        Ok(reply.json())
    }

    /// The key that an agent is given.
    pub(crate) async fn current(&self, (agent, id): (&str, &str)) -> Result<Value, HarnessError> {
        let path = format!("/v1/agents/{agent}/credentials/{id}/current");
        let reply = self.desk_of(agent)?.send(Method::GET, &path, &Value::Null).await?;
        assert_eq!(reply.status, 200, "{}", reply.text);
        Ok(reply.json()["credential"].clone())
    }

    /// Asks for a rotation where none is under way. Whether it did.
    pub(crate) async fn rotate_if_steady(&mut self, id: &str) -> Result<bool, HarnessError> {
        if self.show(id).await?["rotation"]["phase"] != "steady" {
            return Ok(false);
        }
        let path = format!("/v1/credentials/{id}:rotate");
        let reply = self.admin.send(Method::POST, &path, &Value::Null).await?;
        assert_eq!(reply.status, 202, "{}", reply.text);
        Ok(true)
    }

    /// Waits until no rotation is under way and there is at least this version. What is on record then.
    pub(crate) async fn steady(&mut self, id: &str, version: u64) -> Result<Value, HarnessError> {
        let what = format!("{id} with version {version}");
        let mut last = Value::Null;
        let found = until(&what, PATIENCE, async || {
            tokio::time::sleep(Duration::from_millis(50)).await;
            last = self.show(id).await?;
            assert_ne!(last["rotation"]["phase"], "failed", "{last}");
            let is_there = last["version"].as_u64() >= Some(version);
            Ok((is_there && last["rotation"]["phase"] == "steady").then(|| last.clone()))
        });
        let found = found.await;
        found.inspect_err(|_| eprintln!("{last}"))
    }

    pub(crate) fn kill(&mut self) -> Result<(), HarnessError> {
        self.process.kill()
    }

    pub(crate) async fn restart(&mut self) -> Result<(), HarnessError> {
        self.process.restart().await?;
        self.process.url().clone_into(&mut self.url.lock().unwrap());
        Ok(())
    }

    pub(crate) fn state(&self) -> &Path {
        self.process.state()
    }

    pub(crate) fn output(&self) -> String {
        self.process.output()
    }
}

fn desk(url: &Arc<Mutex<String>>, token: String) -> Desk {
    let at = url.lock().unwrap().clone();
    Desk { client: Client::new(&at, &token), token, url: Arc::clone(url), at }
}

fn document(declared: &[Declared]) -> String {
    let role = "arn:aws:iam::123456789012:role/agent";
    let agent =
        json!({ "scopes": [{ "cloud": "aws", "role": role, "permissions": ["ecs:DescribeServices"] }] });
    let agents: serde_json::Map<String, Value> =
        declared.iter().flat_map(|one| &one.agents).map(|name| ((*name).to_owned(), agent.clone())).collect();
    let credential = |Declared { id, kind, agents }: &Declared| {
        let mut rotate = json!({ "every": "7d" });
        if *kind == "api_key" {
            rotate["connector"] = CONNECTOR.into();
        }
        json!({ "id": id, "type": kind, "agent": agents[0], "consumers": agents, "rotate": rotate })
    };
    let credentials: Vec<_> = declared.iter().map(credential).collect();
    json!({ "version": 1, "tenant": "acme", "agents": agents, "credentials": credentials }).to_string()
}
