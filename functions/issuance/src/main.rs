//! Lambda function: API Gateway to decision to credential; and, on a schedule, the reaper.

mod audit;
mod event;
mod gateway;

use std::env;
use std::sync::Arc;

use aws_config::BehaviorVersion;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use deputize_api::{Authentication, Shelf, router};
use deputize_aws::{AwsMinter, AwsMinterSettings};
use deputize_broker::ports::clock::{Clock, Random};
use deputize_broker::ports::keys::KeyKeeper;
use deputize_broker::ports::minter::Minter;
use deputize_broker::stored::{OauthMinter, StoredMinter, Vault};
use deputize_broker::{Broker, Ports};
use deputize_clouds::{Environment, Surroundings};
use deputize_connectors::OauthEndpoint;
use deputize_host::{Format, OsRandom, SystemClock, init_tracing};
use deputize_kms::{InvalidSigningKeys, KmsKeeper, issuer as kms_issuer};
use deputize_scope::catalogue::Catalogues;
use lambda_http::{Error, LambdaEvent, lambda_runtime, service_fn};

use crate::audit::{BUCKET, LOG_KEY, Reading};
use crate::event::Handler;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_tracing(Format::Json)?;
    let Environment { table, kms_key, clouds, settings } = Environment::read(|name| env::var(name).ok())?;
    let https = Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_https();
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(https).load().await;

    let store = Arc::new(deputize_dynamodb::store(aws_sdk_dynamodb::Client::new(&config), &table));
    // A function's own credentials are always a role's session.
    let minter = AwsMinterSettings { chained: true, region: clouds.aws.region.clone() };
    let keys: Arc<dyn KeyKeeper> = Arc::new(KmsKeeper::new(&config, kms_key));
    let (clock, random): (Arc<dyn Clock>, Arc<dyn Random>) =
        (Arc::new(SystemClock::start()), Arc::new(OsRandom));
    let vault = Vault {
        credentials: store.clone(),
        outbox: store.clone(),
        keys: keys.clone(),
        clock: clock.clone(),
        random: random.clone(),
    };
    let variable = |name: &str| env::var(name).ok().filter(|text| !text.is_empty());
    let reading = Reading { log_key: variable(LOG_KEY), bucket: variable(BUCKET), settings: &clouds.audit };
    let audit = reading.routes(&settings.tenant, &config, &store, &keys, &clock, &random)?;
    let mut issuer = None;
    let identity = deputize_clouds::identity(&clouds.identity, &config, &clock, |source| {
        let own = kms_issuer(source.settings(&settings.tenant), &source.keys, &config, &clock, &random)?;
        Ok::<_, InvalidSigningKeys>(issuer.insert(own).clone())
    })?;
    let surroundings = Surroundings {
        clock: clock.clone(),
        random: random.clone(),
        identity,
        secrets: Some(Arc::new(vault.clone())),
    };
    let mut minters: Vec<Arc<dyn Minter>> = vec![Arc::new(AwsMinter::new(&config, minter))];
    minters.extend(deputize_clouds::minters(&clouds, &surroundings));
    minters.extend([
        Arc::new(StoredMinter::aws_access_keys(vault.clone())) as Arc<dyn Minter>,
        Arc::new(StoredMinter::api_keys(vault.clone())),
        Arc::new(OauthMinter::new(vault, Arc::new(OauthEndpoint::default()))),
    ]);
    let ports = Ports {
        scopes: store.clone(),
        leases: store.clone(),
        credentials: store.clone(),
        connectors: store.clone(),
        outbox: store.clone(),
        tokens: store,
        keys,
        minters,
        clock,
        random,
    };
    let broker = Arc::new(Broker::new(settings, ports));
    let shelf = Shelf::new(Catalogues::built_in);
    let api = router(Arc::clone(&broker), Authentication::Gateway, shelf, issuer, audit);
    let handler = Handler::new(broker, api);
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| handler.handle(event))).await
}
