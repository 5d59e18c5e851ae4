//! DynamoDB Local: AWS's own engine, right on transactions and races.

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::aws_call::{Endpoint, REGION, credentials};
use crate::{Environment, HarnessError, Process, until};

/// Java starts in a second or two; the rest is for a machine that is busy with other tests.
const START: Duration = Duration::from_secs(60);

/// It cannot choose a port by itself, and a free one may be taken before it opens it.
const ATTEMPTS: usize = 3;

/// A running DynamoDB Local, in memory and empty at first.
#[derive(Debug)]
pub struct DynamoDbLocal {
    endpoint: Endpoint,
    process: Process,
}

impl DynamoDbLocal {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// [`HarnessError`] where it does not come up; its output is in the error.
    pub async fn start(environment: &Environment) -> Result<Self, HarnessError> {
        let mut attempt = 1;
        loop {
            match Self::start_once(environment).await {
                Err(HarnessError::Exited { .. }) if attempt < ATTEMPTS => attempt += 1,
                outcome => return outcome,
            }
        }
    }

    async fn start_once(environment: &Environment) -> Result<Self, HarnessError> {
        let port = free_port()?;
        let mut command = environment.command(Path::new("java"));
        command
            .current_dir(environment.dynamodb_local()?)
            // Small heap, quick compiler, one collector: it lives for seconds, beside other tests.
            .args(["-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"])
            .args(["-Djava.library.path=./DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar"])
            .args(["-inMemory", "-sharedDb", "-disableTelemetry", "-port", &port.to_string()]);
        let mut process = Process::start("dynamodb-local", command, &environment.logs())?;
        let endpoint = Endpoint::new(format!("http://127.0.0.1:{port}"));
        until("DynamoDB Local's first answer", START, async || {
            // A port that answers while the process has ended is somebody else's.
            process.ensure_running()?;
            Ok(endpoint.json("dynamodb", "DynamoDB_20120810.ListTables", &json!({})).await.ok())
        })
        .await?;
        process.ensure_running()?;
        Ok(Self { endpoint, process })
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        self.endpoint.url()
    }

    /// What to put into the environment of an SDK's process so that its DynamoDB calls go here.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        let mut variables = credentials();
        variables.push(("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), self.url().to_owned()));
        variables
    }

    /// One call, as in `call("CreateTable", &json!({ "TableName": … }))`.
    ///
    /// # Errors
    /// [`HarnessError::Refused`] with its answer where it is not a success.
    pub async fn call(&self, operation: &str, body: &Value) -> Result<Value, HarnessError> {
        self.endpoint.json("dynamodb", &format!("DynamoDB_20120810.{operation}"), body).await
    }

    /// A call to the streams of its tables, as in `stream_call("DescribeStream", &json!({ "StreamArn": … }))`.
    ///
    /// # Errors
    /// [`HarnessError::Refused`] with its answer where it is not a success.
    pub async fn stream_call(&self, operation: &str, body: &Value) -> Result<Value, HarnessError> {
        self.endpoint.json("dynamodb", &format!("DynamoDBStreams_20120810.{operation}"), body).await
    }

    /// The SDK's client of it.
    #[must_use]
    pub fn client(&self) -> aws_sdk_dynamodb::Client {
        let credentials = aws_sdk_dynamodb::config::Credentials::new("test", "test", None, None, "test");
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version_latest()
            .region(aws_sdk_dynamodb::config::Region::new(REGION))
            .credentials_provider(credentials)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(self.url());
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    /// Its process, for tests in which the table is to fall silent.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

fn free_port() -> Result<u16, HarnessError> {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(HarnessError::io("finding a free port"))
}
