//! DynamoDB in the process: the SDK's client on an engine that keeps its table in one SQLite file. No port is open,
//! and nothing leaves the process.

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Region, StalledStreamProtectionConfig};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use dynoxide::actions::batch_write_item::{BatchWriteItemRequest, BatchWriteItemResponse};
use dynoxide::actions::transact_write_items::{
    TransactDelete, TransactPut, TransactWriteItem, TransactWriteItemsRequest,
};
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::group::Group;

/// Why the file of the embedded store could not be opened.
#[derive(Debug, Error)]
pub enum EmbeddedError {
    /// The file system.
    #[error("cannot open {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The name is not Unicode, which the engine asks for.
    #[error("the path {} is not unicode", .0.display())]
    Path(PathBuf),
    /// The engine.
    #[error("cannot open the engine's file {}", path.display())]
    Engine {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: DynoxideError,
    },
    /// The engine, while removing what has lapsed.
    #[error("cannot remove what has lapsed")]
    Sweep(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// DynamoDB in a file. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Embedded {
    engine: Engine,
    client: Client,
}

impl Embedded {
    /// Opens the file `path`, which is made where there is none, and readable by its owner only.
    ///
    /// What was acknowledged survives the loss of power: the engine sets SQLite's journal to WAL and leaves
    /// `synchronous` at the default that SQLite is built with, which is FULL, so that each commit ends with an fsync of
    /// the log (sqlite.org/pragma.html#pragma_synchronous). Its bulk-loading switch, the one thing that lowers it, is
    /// never called.
    ///
    /// # Errors
    /// [`EmbeddedError`] where the file cannot be made or is none of the engine's.
    pub fn open(path: &Path) -> Result<Self, EmbeddedError> {
        let file = |source| EmbeddedError::File { path: path.to_owned(), source };
        // SQLite gives its log and its index the permissions of the file itself, so it has to be private before.
        OpenOptions::new().create(true).append(true).mode(0o600).open(path).map_err(file)?;
        std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(file)?;
        let name = path.to_str().ok_or_else(|| EmbeddedError::Path(path.to_owned()))?;
        let database =
            Database::new(name).map_err(|source| EmbeddedError::Engine { path: path.to_owned(), source })?;
        let engine = Engine { database, group: Group::default() };
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("local"))
            .endpoint_url("http://embedded.invalid")
            // There is nobody on the way who would check a signature.
            .allow_no_auth()
            .http_client(engine.clone())
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        Ok(Self { engine, client: Client::from_conf(config.build()) })
    }

    /// The SDK's client.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Removes what has outlived its time to live, as DynamoDB does by itself within days; how many items it was.
    ///
    /// # Errors
    /// [`EmbeddedError::Sweep`] where the engine cannot.
    pub async fn sweep(&self) -> Result<usize, EmbeddedError> {
        let Engine { database, .. } = self.engine.clone();
        let swept = tokio::task::spawn_blocking(move || database.sweep_ttl()).await;
        swept
            .map_err(|error| EmbeddedError::Sweep(error.into()))?
            .map_err(|error| EmbeddedError::Sweep(error.into()))
    }
}

/// The engine where the SDK expects the network.
#[derive(Clone)]
struct Engine {
    database: Database,
    group: Group,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

impl HttpClient for Engine {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Engine {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let engine = self.clone();
        HttpConnectorFuture::new(async move {
            // The engine blocks on its lock and on the disk.
            let answer = tokio::task::spawn_blocking(move || answer(&engine, &request));
            answer.await.map_err(|error| ConnectorError::other(error.into(), None))?
        })
    }
}

/// One call in DynamoDB's JSON 1.0: the operation is in a header, the error in the body.
fn answer(engine: &Engine, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default();
    let body = request.body().bytes().unwrap_or_default();
    let (status, text) = match dispatch(engine, operation, body) {
        Ok(text) => (200, text),
        Err(error) => (error.status_code(), error.to_json()),
    };
    let status = status.try_into().map_err(|error| ConnectorError::other(Box::new(error), None))?;
    let mut response = HttpResponse::new(status, SdkBody::from(text));
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    Ok(response)
}

/// The operations that the store uses.
fn dispatch(engine: &Engine, operation: &str, body: &[u8]) -> Result<String, DynoxideError> {
    let Engine { database, group } = engine;
    match operation {
        "GetItem" => call(body, |request| database.get_item(request)),
        "PutItem" => call(body, |request| database.put_item(request)),
        "Query" => call(body, |request| database.query(request)),
        "TransactWriteItems" => {
            call(body, |request: TransactWriteItemsRequest| group.write(database, request.transact_items))
        }
        // Its writes may go one by one; that they go together is no harm, and one fsync is enough for them.
        "BatchWriteItem" => call(body, |request: BatchWriteItemRequest| {
            group.write(database, actions(request))?;
            Ok(BatchWriteItemResponse::default())
        }),
        "CreateTable" => call(body, |request| database.create_table(request)),
        "DescribeTable" => call(body, |request| database.describe_table(request)),
        "UpdateTimeToLive" => call(body, |request| database.update_time_to_live(request)),
        "DescribeTimeToLive" => call(body, |request| database.describe_time_to_live(request)),
        other => Err(DynoxideError::ValidationException(format!("{other} is not served in the process"))),
    }
}

/// The writes of a batch, as a transaction has them.
fn actions(batch: BatchWriteItemRequest) -> Vec<TransactWriteItem> {
    let writes = batch.request_items.into_iter().flat_map(|(table, writes)| {
        writes.into_iter().map(move |write| TransactWriteItem {
            put: write.put_request.map(|put| TransactPut {
                table_name: table.clone(),
                item: put.item,
                ..TransactPut::default()
            }),
            delete: write.delete_request.map(|delete| TransactDelete {
                table_name: table.clone(),
                key: delete.key,
                ..TransactDelete::default()
            }),
            ..TransactWriteItem::default()
        })
    });
    writes.collect()
}

fn call<Request: DeserializeOwned, Answer: Serialize>(
    body: &[u8],
    run: impl FnOnce(Request) -> Result<Answer, DynoxideError>,
) -> Result<String, DynoxideError> {
    let request = serde_json::from_slice(body)
        .map_err(|error| DynoxideError::SerializationException(error.to_string()))?;
    let answer = run(request)?;
    serde_json::to_string(&answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}
