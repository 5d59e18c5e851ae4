//! An agent that uses a stored key all the time.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_types::SdkConfig;
use deputize_aws::caller_arn;
use deputize_e2e::HarnessError;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::broker::{Broker, Desk};
use crate::places::signing;

/// How fast an agent goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// It reads which key is the current one before every so manieth use, and not in between: the more, the longer the
    /// former key has to be good.
    pub(crate) uses_per_read: u64,
    /// Between two uses.
    pub(crate) pause: Duration,
}

/// What keys are used for.
#[derive(Clone, Debug)]
pub(crate) enum Resource {
    /// What a provider of API keys says of the one that calls.
    WhoAmI(String),
    /// What an AWS says of the one that calls.
    CallerIdentity(String),
}

/// A key, ready to be used.
enum Key {
    Api { http: reqwest::Client, url: String, key: String },
    Access(Box<SdkConfig>),
}

impl Resource {
    fn key(&self, http: &reqwest::Client, credential: &Value) -> Key {
        let field = |name: &str| credential[name].as_str().unwrap().to_owned();
        match self {
            Self::WhoAmI(url) => {
                Key::Api { http: http.clone(), url: format!("{url}/v1/whoami"), key: field("api_key") }
            }
            Self::CallerIdentity(url) => {
                let (id, secret) = (field("access_key_id"), field("secret_access_key"));
                Key::Access(Box::new(signing(url, &id, &secret)))
            }
        }
    }
}

impl Key {
    /// One use. What goes wrong where something does.
    async fn using(&self) -> Result<(), String> {
        match self {
            Self::Api { http, url, key } => {
                let call = http.get(url).bearer_auth(key);
                let answer = call.send().await.map_err(|error| error.to_string())?;
                if answer.status() == 200 { Ok(()) } else { Err(answer.status().to_string()) }
            }
            Self::Access(config) => caller_arn(config).await.map(drop).map_err(|error| format!("{error:?}")),
        }
    }
}

/// What an agent has met with.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) uses: u64,
    /// The uses that failed, and what was told of each.
    pub(crate) failed: Vec<String>,
    /// The versions that it has used.
    pub(crate) versions: BTreeSet<u64>,
    pub(crate) adopted: u64,
    /// How often the broker was not there.
    pub(crate) unanswered: u64,
    /// What the broker would not hear.
    pub(crate) refused: Vec<String>,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.uses += other.uses;
        self.failed.extend(other.failed);
        self.versions.extend(other.versions);
        self.adopted += other.adopted;
        self.unanswered += other.unanswered;
        self.refused.extend(other.refused);
    }
}

struct Held {
    version: u64,
    key: Key,
    is_adopted: bool,
}

/// An agent at work.
pub(crate) struct Agent {
    stop: watch::Sender<bool>,
    work: JoinHandle<Tally>,
}

impl Agent {
    /// Has an agent use a credential until it is stopped.
    pub(crate) fn start(
        broker: &Broker,
        (agent, credential): (&str, &str),
        resource: Resource,
        pace: Pace,
    ) -> Result<Self, HarnessError> {
        let (stop, stopping) = watch::channel(false);
        let worker = Worker {
            desk: broker.desk_of(agent)?,
            path: format!("/v1/agents/{agent}/credentials/{credential}"),
            resource,
            http: reqwest::Client::new(),
            held: None,
            tally: Tally::default(),
        };
        Ok(Self { stop, work: tokio::spawn(worker.work(pace, stopping)) })
    }

    pub(crate) async fn stop(self) -> Tally {
        self.stop.send(true).unwrap();
        self.work.await.unwrap()
    }
}

struct Worker {
    desk: Desk,
    path: String,
    resource: Resource,
    http: reqwest::Client,
    held: Option<Held>,
    tally: Tally,
}

impl Worker {
    async fn work(mut self, pace: Pace, stopping: watch::Receiver<bool>) -> Tally {
        while !*stopping.borrow() {
            if self.tally.uses.is_multiple_of(pace.uses_per_read) {
                self.read().await;
            }
            self.using().await;
            if !pace.pause.is_zero() {
                tokio::time::sleep(pace.pause).await;
            }
        }
        self.tally
    }

    /// Reads which key is the current one.
    async fn read(&mut self) {
        let path = format!("{}/current", self.path);
        let Some(current) = self.ask(Method::GET, &path, &Value::Null).await else { return };
        let version = current["version"].as_u64().unwrap();
        if self.held.as_ref().is_none_or(|held| held.version != version) {
            let key = self.resource.key(&self.http, &current["credential"]);
            self.held = Some(Held { version, key, is_adopted: false });
        }
    }

    /// Uses the key that it holds, once, and says so where it is the first time.
    async fn using(&mut self) {
        let Some(held) = &self.held else { return };
        let (version, is_adopted) = (held.version, held.is_adopted);
        self.tally.uses += 1;
        if let Err(told) = held.key.using().await {
            self.tally.failed.push(format!("{} version {version}: {told}", self.path));
            return;
        }
        self.tally.versions.insert(version);
        if is_adopted {
            return;
        }
        let path = format!("{}/versions/{version}/adopted", self.path);
        let taken = self.ask(Method::POST, &path, &json!({})).await.is_some();
        if taken && let Some(held) = &mut self.held {
            held.is_adopted = true;
            self.tally.adopted += 1;
        }
    }

    async fn ask(&mut self, method: Method, path: &str, body: &Value) -> Option<Value> {
        match self.desk.send(method, path, body).await {
            Ok(reply) if reply.status.is_success() => Some(reply.json()),
            Ok(reply) => {
                self.tally.refused.push(format!("{path}: {} {}", reply.status, reply.text));
                None
            }
            Err(_) => {
                self.tally.unanswered += 1;
                None
            }
        }
    }
}
