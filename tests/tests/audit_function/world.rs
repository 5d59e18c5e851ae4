//! A deployment: both functions, and everything around them.

use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_types::SdkConfig;
use aws_types::region::Region;
use deputize_broker::audit::{Anomaly, AuditEvent, What};
use deputize_broker::ports::audit::{AuditOutbox as _, Waiting};
use deputize_broker::ports::ledger::LogObjects;
use deputize_broker::rotation::told::Severity;
use deputize_dynamodb::Store;
use deputize_e2e::{
    Answer, ApiGatewayEvent, AwsProxy, Environment, Function, HarnessError, IssuanceCloud, NatsServer,
    RuntimeApi, TableStream, Throttle,
};
use deputize_host::SystemClock;
use deputize_ledger::{Hash, Origin, VerifierKey};
use deputize_s3::{S3Objects, S3Settings};
use deputize_scope::TenantId;
use deputize_testkit::log_copy::LogCopy;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub(crate) const SUBJECT: &str = "security.audit.credentials";
const BUCKET: &str = "acme-ledger";
const ORIGIN: &str = "ledger.example.com";
const DEVOPS: &str = IssuanceCloud::DEVOPS;

/// How a deployment is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Files {
    InTheTable,
    InABucket,
}

pub(crate) struct Deployment {
    pub(crate) around: IssuanceCloud,
    pub(crate) aws: AwsProxy,
    pub(crate) nats: NatsServer,
    /// Before the table, for both functions.
    pub(crate) throttle: Throttle,
    issuance: RuntimeApi,
    audit: RuntimeApi,
    functions: [Function; 2],
    stream: TableStream,
    files: Arc<dyn LogObjects>,
    store: Store,
    tenant: TenantId,
}

impl Deployment {
    pub(crate) async fn start(files: Files) -> Result<Self, HarnessError> {
        let environment = Environment::locate()?;
        let around = IssuanceCloud::start(&environment).await?;
        let stream = TableStream::enable(&around.dynamodb, IssuanceCloud::TABLE).await?;
        let (aws, throttle) =
            (AwsProxy::before(&around.moto).await?, Throttle::before(&around.dynamodb).await?);
        let nats = NatsServer::start(&environment, &[]).await?;
        let store = deputize_dynamodb::store(around.dynamodb.client(), IssuanceCloud::TABLE);
        let mut variables: Vec<(String, String)> = around
            .variables()
            .into_iter()
            .map(|(name, value)| match name.as_str() {
                "AWS_ENDPOINT_URL" => (name, aws.url().to_owned()),
                "AWS_ENDPOINT_URL_DYNAMODB" => (name, throttle.url().to_owned()),
                "DEPUTIZE_SETTINGS" => (name, settings(&value, &nats, files)),
                _ => (name, value),
            })
            .collect();
        let mut set = |name: &str, value: &str| variables.push((name.to_owned(), value.to_owned()));
        set("DEPUTIZE_LOG_KEY", AwsProxy::LOG_KEY);
        set("DEPUTIZE_EVENT_BUS", "default");
        let kept: Arc<dyn LogObjects> = match files {
            Files::InTheTable => Arc::new(store.clone()),
            Files::InABucket => {
                around.moto.create_locking_bucket(BUCKET).await?;
                set("DEPUTIZE_BUCKET", BUCKET);
                Arc::new(bucket(around.moto.url()))
            }
        };
        for (name, source) in [("entries", "deputize.ledger"), ("alerts", "deputize")] {
            let archive = json!({
                "ArchiveName": name,
                "EventSourceArn": "arn:aws:events:us-east-1:123456789012:event-bus/default",
                "EventPattern": json!({ "source": [source] }).to_string(),
            });
            around.moto.json("events", "AWSEvents.CreateArchive", &archive).await?;
        }
        let (issuance, audit) = (RuntimeApi::start().await?, RuntimeApi::start().await?);
        let functions = [
            issuance.spawn(&environment, &environment.binary("issuance")?, variables.clone())?,
            audit.spawn(&environment, &environment.binary("audit")?, variables)?,
        ];
        around.publish(&issuance, include_str!("../../../examples/mission.yaml")).await?;
        let tenant = "acme".parse().unwrap();
        Ok(Self {
            around,
            aws,
            nats,
            throttle,
            issuance,
            audit,
            functions,
            stream,
            files: kept,
            store,
            tenant,
        })
    }

    /// An agent asks for a credential.
    pub(crate) async fn issue(&self) -> Result<Answer, HarnessError> {
        let ask = ApiGatewayEvent::post("/v1/agents/devops-agent/credentials").iam(DEVOPS);
        let body = json!({ "cloud": "aws", "permissions": ["ecs:DescribeServices"] });
        self.issuance.invoke(ask.json(&body)).await
    }

    /// So many do, and get one.
    pub(crate) async fn issue_many(&self, many: usize) -> Result<(), HarnessError> {
        for _ in 0..many {
            let answer = self.issue().await?;
            assert_eq!(answer.status(), Some(201), "{:?} {}", answer.text(), self.output());
        }
        Ok(())
    }

    pub(crate) async fn leases(&self) -> Result<usize, HarnessError> {
        let event = ApiGatewayEvent::get("/v1/leases").iam(IssuanceCloud::ADMIN);
        let listed = self.issuance.invoke(event).await?.json()?;
        Ok(listed["leases"].as_array().map_or(0, Vec::len))
    }

    /// The schedule.
    pub(crate) async fn seal(&self) -> Result<Value, HarnessError> {
        Ok(self.audit.invoke(json!({ "seal": true })).await?.body)
    }

    /// The records of the stream since this was last asked.
    pub(crate) async fn records(&mut self) -> Result<Vec<Value>, HarnessError> {
        self.stream.records(&self.around.dynamodb).await
    }

    /// Hands a batch of records to the function; those that it wants again.
    pub(crate) async fn deliver(&self, batch: &[Value]) -> Result<Vec<String>, HarnessError> {
        let answer = self.audit.invoke(json!({ "Records": batch })).await?.body;
        let failures = answer["batchItemFailures"].as_array().cloned().unwrap_or_else(|| {
            panic!("this is no answer to a batch: {answer} {}", self.output());
        });
        Ok(failures.iter().map(|one| one["itemIdentifier"].as_str().unwrap().to_owned()).collect())
    }

    /// Delivers what the stream has, in batches of ten, until it has nothing more: also what the function itself does
    /// to the outbox.
    pub(crate) async fn pump(&mut self) -> Result<Vec<Value>, HarnessError> {
        let mut all = Vec::new();
        loop {
            let records = self.records().await?;
            if records.is_empty() {
                return Ok(all);
            }
            for batch in records.chunks(10) {
                assert!(self.deliver(batch).await?.is_empty(), "{}", self.output());
            }
            all.extend(records);
        }
    }

    /// What waits.
    pub(crate) async fn waiting(&self) -> Vec<Waiting> {
        let mut waiting = Vec::new();
        for shard in 0..self.store.shards() {
            waiting.extend(self.store.pending(&self.tenant, shard, None, u32::MAX).await.unwrap());
        }
        waiting
    }

    /// The log, verified from its files alone, and its events.
    pub(crate) async fn log(&self) -> Log {
        let year = self.year();
        let copy = LogCopy::of(&*self.files, &self.tenant, year).await.unwrap().expect("there is a log");
        let origin = Origin::of(ORIGIN, self.tenant.as_str(), year).unwrap();
        let report = copy.verified(&VerifierKey::new(origin, &self.aws.log_key()).unwrap());
        let entries = copy.entries();
        let events =
            entries.iter().map(|entry| serde_json::from_value(entry.event.clone()).unwrap()).collect();
        Log { root: report.root, events }
    }

    fn year(&self) -> i16 {
        use deputize_broker::Clock as _;
        SystemClock::start().now().to_zoned(jiff::tz::TimeZone::UTC).year()
    }

    /// Changes a row that waits, or removes it, as somebody does who has the table in his hands.
    pub(crate) async fn tamper(&self, waiting: &Waiting, event: Option<&str>) {
        let key = waiting.key();
        let client = self.around.dynamodb.client();
        let pk = AttributeValue::S(format!("T#{}#OUTBOX#{:02}", self.tenant, key.shard));
        let sk = AttributeValue::S(key.name.clone());
        match event {
            None => {
                let delete = client.delete_item().table_name(IssuanceCloud::TABLE);
                delete.key("pk", pk).key("sk", sk).send().await.unwrap();
            }
            Some(event) => {
                let update =
                    client.update_item().table_name(IssuanceCloud::TABLE).key("pk", pk).key("sk", sk);
                let update = update.update_expression("SET event = :event, sha256 = :sha256");
                let hash = AttributeValue::S(hex::encode(Sha256::digest(event)));
                let update = update.expression_attribute_values(":sha256", hash);
                let event = AttributeValue::S(event.to_owned());
                update.expression_attribute_values(":event", event).send().await.unwrap();
            }
        }
    }

    /// How many events an archive has.
    pub(crate) async fn archived(&self, name: &str) -> Result<usize, HarnessError> {
        let described = json!({ "ArchiveName": name });
        let archive = self.around.moto.json("events", "AWSEvents.DescribeArchive", &described).await?;
        Ok(archive["EventCount"].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_default())
    }

    pub(crate) fn output(&self) -> String {
        self.functions.iter().map(Function::output).collect()
    }
}

/// A log that verifies.
#[derive(Debug, PartialEq)]
pub(crate) struct Log {
    pub(crate) root: Hash,
    pub(crate) events: Vec<AuditEvent>,
}

impl Log {
    /// The names of its events, each of which it has once.
    pub(crate) fn ids(&self) -> Vec<String> {
        let ids: Vec<String> = self.events.iter().map(|event| event.id.to_string()).collect();
        let mut unique = ids.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), ids.len(), "an event is there twice");
        ids
    }

    /// What should not have happened, all of it grave.
    pub(crate) fn anomalies(&self) -> Vec<Anomaly> {
        let anomaly = |event: &AuditEvent| match &event.what {
            What::LedgerAnomaly { anomaly, severity } => {
                assert_eq!(*severity, Severity::High);
                Some(anomaly.clone())
            }
            _ => None,
        };
        self.events.iter().filter_map(anomaly).collect()
    }
}

/// The function's settings, with what the audit function reads of them.
fn settings(settings: &str, nats: &NatsServer, files: Files) -> String {
    let mut settings: Value = serde_json::from_str(settings).unwrap();
    settings["audit"] =
        json!({ "origin": ORIGIN, "nats": { "servers": [format!("nats://{}", nats.address())] } });
    if files == Files::InABucket {
        settings["audit"]["retention"] = json!({ "mode": "compliance", "days": 400 });
    }
    settings.to_string()
}

/// The files, as an auditor reads them.
fn bucket(url: &str) -> S3Objects {
    let credentials = Credentials::new("AKIAEXAMPLE", "none", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(url)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(Region::new("us-east-1"))
        .build();
    let settings = S3Settings { bucket: BUCKET.to_owned(), prefix: None, retention: None };
    S3Objects::new(&config, settings, Arc::new(SystemClock::start()))
}
