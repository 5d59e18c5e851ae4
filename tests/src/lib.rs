//! The harness of the end-to-end tests and of the benchmarks: emulators, a Lambda Runtime API host,
//! API Gateway events and the `deputize` process, each started on a free port of the loopback
//! interface, found ready by asking it, and ended by process id when its handle is dropped.
//!
//! What needs installing is under `target/test-env`, put there by `cargo xtask test`:
//!
//! ```no_run
//! # async fn example() -> Result<(), deputize_e2e::HarnessError> {
//! use deputize_e2e::{ApiGatewayEvent, DynamoDbLocal, Environment, Moto, RuntimeApi};
//!
//! let environment = Environment::locate()?;
//! let moto = Moto::start(&environment).await?;
//! let table = DynamoDbLocal::start(&environment).await?;
//!
//! let host = RuntimeApi::start().await?;
//! let variables = moto.variables().into_iter().chain(table.variables());
//! let _function = host.spawn(&environment, &environment.binary("issuance")?, variables)?;
//! let event = ApiGatewayEvent::post("/v1/agents/devops-agent/credentials")
//!     .iam("arn:aws:iam::111122223333:role/devops-runtime")
//!     .json(&serde_json::json!({ "cloud": "aws" }));
//! let answer = host.invoke(event).await?;
//! assert_eq!(answer.status(), Some(201));
//! # Ok(())
//! # }
//! ```

mod aws_call;
mod aws_proxy;
mod client;
mod console;
mod deputize;
mod dynamodb_local;
mod environment;
mod error;
mod event;
mod issuance;
mod moto;
mod nats_server;
mod process;
mod proxy;
mod readiness;
mod runtime_api;
mod shelf;
mod table_stream;
mod throttle;
mod validator;

pub use aws_proxy::AwsProxy;
pub use client::{Client, Reply};
pub use console::{AuditScenario, Scenario};
pub use deputize::DeputizeProcess;
pub use dynamodb_local::DynamoDbLocal;
pub use environment::{Environment, ScriptOutput};
pub use error::HarnessError;
pub use event::ApiGatewayEvent;
pub use issuance::IssuanceCloud;
pub use moto::Moto;
pub use nats_server::NatsServer;
pub use process::Process;
pub use readiness::until;
pub use runtime_api::{Answer, Function, RuntimeApi};
pub use shelf::{InstantProvider, Shelf, StoreRequests};
pub use table_stream::TableStream;
pub use throttle::Throttle;
pub use validator::{Checked, JavaScriptHost, Strain};
