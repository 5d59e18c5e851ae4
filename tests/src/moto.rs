//! moto: STS, IAM, KMS and more of AWS in one process.

use std::time::Duration;

use serde_json::Value;

use crate::aws_call::{Endpoint, credentials};
use crate::{Environment, HarnessError, Process, until};

/// Python starts in under a second; the rest is for a machine that is busy with other tests.
const START: Duration = Duration::from_secs(60);

/// A running moto server, empty at first. It ignores session policies and loses writes under
/// concurrent transactions: use [`crate::DynamoDbLocal`] for tables.
#[derive(Debug)]
pub struct Moto {
    endpoint: Endpoint,
    process: Process,
}

impl Moto {
    /// Starts one on a port that the operating system chooses.
    ///
    /// # Errors
    /// [`HarnessError`] where it does not come up; its output is in the error.
    pub async fn start(environment: &Environment) -> Result<Self, HarnessError> {
        let mut command = environment.command(&environment.python());
        command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]);
        // Unbuffered, or the line with the port would stay in the process.
        command.env("PYTHONUNBUFFERED", "1");
        let mut process = Process::start("moto", command, &environment.logs())?;
        let url = process
            .line("the line with its port", START, |line| {
                line.split_once("Running on ").map(|(_, url)| url.trim().to_owned())
            })
            .await?;
        let endpoint = Endpoint::new(url);
        until("moto's first answer", START, async || {
            process.ensure_running()?;
            Ok(endpoint.answers().await.then_some(()))
        })
        .await?;
        Ok(Self { endpoint, process })
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        self.endpoint.url()
    }

    /// What to put into the environment of an SDK's process so that every call goes here.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        let mut variables = credentials();
        variables.push(("AWS_ENDPOINT_URL".to_owned(), self.url().to_owned()));
        variables
    }

    /// A call in the JSON protocol, as in `json("kms", "TrentService.CreateKey", &json!({}))`.
    ///
    /// # Errors
    /// [`HarnessError::Refused`] with moto's answer where it is not a success.
    pub async fn json(&self, service: &str, target: &str, body: &Value) -> Result<Value, HarnessError> {
        self.endpoint.json(service, target, body).await
    }

    /// A call in the query protocol, as in `query("sts", "GetCallerIdentity", &[])`; gives the XML.
    ///
    /// # Errors
    /// [`HarnessError::Refused`] with moto's answer where it is not a success.
    pub async fn query(
        &self,
        service: &str,
        action: &str,
        form: &[(&str, &str)],
    ) -> Result<String, HarnessError> {
        self.endpoint.query(service, action, form).await
    }

    /// Makes a bucket in which objects can be locked.
    ///
    /// # Errors
    /// [`HarnessError::Refused`] with moto's answer where it is not a success.
    pub async fn create_locking_bucket(&self, name: &str) -> Result<(), HarnessError> {
        self.endpoint.put(&format!("/{name}"), ("x-amz-bucket-object-lock-enabled", "true")).await.map(|_| ())
    }

    /// Forgets everything that was created.
    ///
    /// # Errors
    /// [`HarnessError::Call`] where moto does not answer.
    pub async fn reset(&self) -> Result<(), HarnessError> {
        self.endpoint.post("/moto-api/reset").await.map(|_| ())
    }

    /// From now on each call has to be signed with a key that there is, by somebody who may make it; or, as in the
    /// beginning, none has to.
    ///
    /// # Errors
    /// [`HarnessError::Call`] where moto does not answer.
    pub async fn authorize_calls(&self, authorize: bool) -> Result<(), HarnessError> {
        // How many calls go unchecked.
        let unchecked = if authorize { "0" } else { "inf" };
        self.endpoint.post_text("/moto-api/reset-auth", unchecked).await.map(|_| ())
    }

    /// Its process, for tests in which AWS is to fall silent.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}
