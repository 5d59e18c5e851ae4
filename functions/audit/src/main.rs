//! Lambda function: what waits in the outbox becomes entries of the ledger, and monitoring is told.

mod event;

use std::env;
use std::sync::Arc;

use aws_config::BehaviorVersion;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_types::SdkConfig;
use deputize_aws::{EventBridge, EventBridgeMonitor};
use deputize_broker::ledger::{LedgerPorts, LedgerSettings, Sequencer};
use deputize_broker::ports::clock::Clock;
use deputize_broker::ports::ledger::{CheckpointMemory, LogObjects, Monitor};
use deputize_broker::ports::rotation::Alerts;
use deputize_clouds::{AuditSettings, Environment};
use deputize_host::{Format, LogAlerts, OsRandom, SystemClock, init_tracing};
use deputize_kms::{KmsKeeper, KmsLogSigner};
use deputize_nats::{NatsMonitor, NatsSettings};
use deputize_s3::{S3Objects, S3Settings};
use lambda_runtime::{Error, LambdaEvent, service_fn};

use crate::event::Handler;

/// The key at KMS that signs checkpoints.
const LOG_KEY: &str = "DEPUTIZE_LOG_KEY";

/// The bucket that keeps the ledger's files. Without it the table does.
const BUCKET: &str = "DEPUTIZE_BUCKET";

/// The event bus that is told of every entry, and on which alerts are raised.
const EVENT_BUS: &str = "DEPUTIZE_EVENT_BUS";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_tracing(Format::Json)?;
    let variable = |name: &str| env::var(name).ok().filter(|text| !text.is_empty());
    let Environment { table, kms_key, clouds, settings } = Environment::read(variable)?;
    let log_key =
        variable(LOG_KEY).ok_or_else(|| format!("the environment variable {LOG_KEY} is missing"))?;
    let https = Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_https();
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(https).load().await;

    let store = Arc::new(deputize_dynamodb::store(aws_sdk_dynamodb::Client::new(&config), &table));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let bus = variable(EVENT_BUS);
    let bucket = variable(BUCKET).map(|bucket| files(bucket, &clouds.audit, &config, &clock)).transpose()?;
    let alerts: Arc<dyn Alerts> = match &bus {
        Some(bus) => Arc::new(EventBridge::new(&config, bus.clone())),
        None => Arc::new(LogAlerts),
    };
    let ports = LedgerPorts {
        outbox: store.clone(),
        heads: store.clone(),
        index: store.clone(),
        subjects: store.clone(),
        // What is in a bucket is outside of the table: the checkpoint there is the one that is remembered.
        objects: bucket.unwrap_or(store),
        keys: Arc::new(KmsKeeper::new(&config, kms_key)),
        signer: Arc::new(KmsLogSigner::new(&config, log_key)),
        monitors: monitors(bus, &clouds.audit, &config)?,
        memory: None::<Arc<dyn CheckpointMemory>>,
        alerts,
        clock: Arc::clone(&clock),
        random: Arc::new(OsRandom),
    };
    let whose = LedgerSettings::new(settings.tenant.clone(), clouds.audit.origin)?;
    let handler = Handler::new(settings.tenant, Sequencer::new(whose, ports), clock);
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| handler.handle(event))).await
}

/// The files of the ledger in a bucket.
fn files(
    bucket: String,
    audit: &AuditSettings,
    config: &SdkConfig,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn LogObjects>, Error> {
    let retention = audit.retention.clone().map(serde_json::from_value).transpose()?;
    Ok(Arc::new(S3Objects::new(config, S3Settings { bucket, prefix: None, retention }, Arc::clone(clock))))
}

/// Who is told of every entry.
fn monitors(
    bus: Option<String>,
    audit: &AuditSettings,
    config: &SdkConfig,
) -> Result<Vec<Arc<dyn Monitor>>, Error> {
    let mut monitors: Vec<Arc<dyn Monitor>> = Vec::new();
    if let Some(bus) = bus {
        monitors.push(Arc::new(EventBridgeMonitor::new(config, bus)));
    }
    if let Some(nats) = &audit.nats {
        let settings: NatsSettings = serde_json::from_value(nats.clone())?;
        monitors.push(Arc::new(NatsMonitor::new(settings)));
    }
    Ok(monitors)
}
