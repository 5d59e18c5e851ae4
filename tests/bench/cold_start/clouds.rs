//! What the functions and their yardsticks call: DynamoDB Local, the sandbox's STS, and a key at KMS that signs logs.

use std::sync::Arc;

use axum::Router;
use deputize_broker::{Clock as _, Random as _};
use deputize_dynamodb::Store;
use deputize_e2e::{AwsProxy, Environment, HarnessError, IssuanceCloud, RuntimeApi};
use deputize_host::{OsRandom, SystemClock};
use deputize_sandbox::Key;
use deputize_sandbox::aws::{self, SandboxAws};
use deputize_scope::TenantId;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::contender::{Contender, Role};
use crate::append;

/// The table that the handlers in Python write to.
const YARDSTICK_TABLE: &str = "yardstick";

const TENANT: &str = "acme";

/// All of them, running.
pub(crate) struct Clouds {
    around: IssuanceCloud,
    proxy: AwsProxy,
    sts: String,
    operator: aws::AccessKey,
    server: JoinHandle<()>,
    store: Store,
    clock: SystemClock,
}

impl Clouds {
    pub(crate) async fn start(environment: &Environment) -> Result<Self, HarnessError> {
        let around = IssuanceCloud::start(environment).await?;
        let proxy = AwsProxy::before(&around.moto).await?;
        around.dynamodb.call("CreateTable", &yardstick_table()).await?;

        let clock = SystemClock::start();
        let time = SystemClock::start();
        let sandbox = SandboxAws::new(
            aws::Config::new(Key::new([7; 32])),
            Arc::new(move || time.now()),
            Arc::new(|bytes: &mut [u8]| OsRandom.fill(bytes)),
        );
        let operator = sandbox.root_credentials();
        let opening = || HarnessError::part("opening a port for STS");
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(opening())?;
        let sts = format!("http://{}", listener.local_addr().map_err(opening())?);
        let router: Router = sandbox.router();
        let server = tokio::spawn(async move {
            // Ends only with the task; a failed accept is retried inside.
            let _ = axum::serve(listener, router).await;
        });

        let store = deputize_dynamodb::store(around.dynamodb.client(), IssuanceCloud::TABLE);
        let clouds = Self { around, proxy, sts, operator, server, store, clock };
        clouds.publish(environment).await?;
        Ok(clouds)
    }

    /// The scope document, published by a function that is not measured. Budgets are no part of this.
    async fn publish(&self, environment: &Environment) -> Result<(), HarnessError> {
        let budget = "{ live_leases: 1000000, per_minute: 1000000 }";
        let document = include_str!("../../../examples/mission.yaml")
            .replace("{ live_leases: 40, per_minute: 60 }", budget);
        let host = RuntimeApi::start().await?;
        let _function = host.spawn(environment, &environment.binary("issuance")?, self.variables())?;
        self.around.publish(&host, &document).await
    }

    /// The environment of all of them.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let mut variables = self.around.variables();
        for (name, value) in &mut variables {
            match name.as_str() {
                "AWS_ENDPOINT_URL" => *value = self.proxy.url().to_owned(),
                "AWS_ACCESS_KEY_ID" => value.clone_from(&self.operator.id),
                "AWS_SECRET_ACCESS_KEY" => *value = self.operator.secret.as_str().to_owned(),
                "DEPUTIZE_SETTINGS" => *value = with_log(value),
                _ => {}
            }
        }
        let own = [
            ("AWS_ENDPOINT_URL_STS", self.sts.as_str()),
            ("DEPUTIZE_LOG_KEY", AwsProxy::LOG_KEY),
            ("YARDSTICK_TABLE", YARDSTICK_TABLE),
        ];
        variables.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
        variables
    }

    /// What has to be there before an event: for sealing, something that waits.
    pub(crate) async fn prepare(&mut self, contender: &Contender) -> Result<(), HarnessError> {
        match (contender.role, contender.is_yardstick) {
            (Role::Audit, true) => self.leave_for_the_yardstick().await,
            (Role::Audit, false) => self.leave_an_event().await,
            (Role::Issuance | Role::Rotation, _) => Ok(()),
        }
    }

    async fn leave_an_event(&self) -> Result<(), HarnessError> {
        let tenant: TenantId = TENANT.parse().map_err(HarnessError::part("naming a tenant"))?;
        let event = append::event(&tenant, 0, &self.clock, &OsRandom);
        let event = event.map_err(HarnessError::part("making an event"))?;
        self.store.fill_outbox(&[event]).await.map_err(HarnessError::part("filling the outbox"))
    }

    async fn leave_for_the_yardstick(&self) -> Result<(), HarnessError> {
        let mut name = [0; 8];
        OsRandom.fill(&mut name);
        let name = u64::from_be_bytes(name).to_string();
        let item = json!({ "pk": { "S": "acme#outbox" }, "sk": { "S": name }, "at": { "S": "2026" } });
        let put = json!({ "TableName": YARDSTICK_TABLE, "Item": item });
        self.around.dynamodb.call("PutItem", &put).await.map(drop)
    }

    /// How many rows of a partition the handlers in Python have left.
    #[cfg(test)]
    pub(crate) async fn yardstick_rows(&self, partition: &str) -> Result<u64, HarnessError> {
        let query = json!({
            "TableName": YARDSTICK_TABLE,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": { ":pk": { "S": partition } },
        });
        let answer = self.around.dynamodb.call("Query", &query).await?;
        Ok(answer.get("Count").and_then(Value::as_u64).unwrap_or_default())
    }
}

impl Drop for Clouds {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The settings, with a log's name in them.
fn with_log(settings: &str) -> String {
    let mut settings: Value = serde_json::from_str(settings).unwrap_or_default();
    if let Some(settings) = settings.as_object_mut() {
        settings.insert("audit".to_owned(), json!({ "origin": "ledger.example.com" }));
    }
    settings.to_string()
}

fn yardstick_table() -> Value {
    json!({
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
    })
}
