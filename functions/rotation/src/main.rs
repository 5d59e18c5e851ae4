//! Lambda function: each minute, what is due of stored credentials goes on; and one credential at once, where asked.

mod event;

use std::env;
use std::sync::Arc;

use aws_config::BehaviorVersion;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use deputize_aws::EventBridge;
use deputize_broker::ports::clock::{Clock, Random};
use deputize_broker::ports::keys::KeyKeeper;
use deputize_broker::ports::rotation::{Alerts, KeyProvider};
use deputize_broker::rotation::{Providers, Rotator};
use deputize_broker::stored::{OauthMinter, Vault};
use deputize_broker::{Broker, Ports};
use deputize_clouds::{Environment, Surroundings, key_providers};
use deputize_connectors::{ConnectorSettings, DeclaredConnector, OauthEndpoint};
use deputize_host::{Format, LogAlerts, OsRandom, SystemClock, init_tracing};
use deputize_kms::{KmsKeeper, issuer};
use deputize_scope::identifier::CredentialType;
use lambda_runtime::{Error, LambdaEvent, service_fn};

use crate::event::Handler;

/// The event bus on which alerts are raised. Without it they are in the log, and in the ledger a little later.
const EVENT_BUS: &str = "DEPUTIZE_EVENT_BUS";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_tracing(Format::Json)?;
    let Environment { table, kms_key, clouds, settings } = Environment::read(|name| env::var(name).ok())?;
    let https = Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_https();
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(https).load().await;

    let store = Arc::new(deputize_dynamodb::store(aws_sdk_dynamodb::Client::new(&config), &table));
    let keys: Arc<dyn KeyKeeper> = Arc::new(KmsKeeper::new(&config, kms_key));
    let (clock, random): (Arc<dyn Clock>, Arc<dyn Random>) =
        (Arc::new(SystemClock::start()), Arc::new(OsRandom));
    let ports = Ports {
        scopes: store.clone(),
        leases: store.clone(),
        credentials: store.clone(),
        connectors: store.clone(),
        outbox: store.clone(),
        tokens: store.clone(),
        keys: keys.clone(),
        // It rotates, and issues nothing.
        minters: Vec::new(),
        clock: clock.clone(),
        random: random.clone(),
    };
    let vault = Vault {
        credentials: store.clone(),
        outbox: store,
        keys,
        clock: clock.clone(),
        random: random.clone(),
    };
    let identity = deputize_clouds::identity(&clouds.identity, &config, &clock, |source| {
        let settings = source.settings(&settings.tenant);
        issuer(settings, &source.keys, &config, &clock, &random)
    })?;
    let surroundings = Surroundings { clock: clock.clone(), random, identity, secrets: None };
    let mut providers = key_providers(&clouds, &surroundings, &config)?;
    let rotation = clouds.rotation.clone();
    let connector = ConnectorSettings { allow_private: rotation.private_addresses };
    let connector = DeclaredConnector::new(connector);
    providers.insert(CredentialType::ApiKey, Arc::new(connector) as Arc<dyn KeyProvider>);
    let alerts: Arc<dyn Alerts> = match env::var(EVENT_BUS).ok().filter(|bus| !bus.is_empty()) {
        Some(bus) => Arc::new(EventBridge::new(&config, bus)),
        None => Arc::new(LogAlerts),
    };
    let windows = Arc::new(move |windows| rotation.over(windows));
    let tokens = Some(Arc::new(OauthMinter::new(vault, Arc::new(OauthEndpoint::default()))));
    let broker = Arc::new(Broker::new(settings, ports));
    let rotator = Rotator::new(Arc::clone(&broker), Providers { keys: providers, windows, tokens, alerts });
    let handler = Handler::new(broker, rotator, clock);
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| handler.handle(event))).await
}
