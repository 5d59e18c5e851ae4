//! Which adapter fills which port.

use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use deputize_api::{AuditRoutes, Authentication};
use deputize_broker::ledger::{LedgerReader, Sequencer};
use deputize_broker::ports::keys::KeyKeeper;
use deputize_broker::ports::minter::Minter;
use deputize_broker::ports::tokens::TokenStore;
use deputize_broker::rotation::{Providers, Rotator};
use deputize_broker::stored::{OauthMinter, StoredMinter, Vault};
use deputize_broker::{AwsSettings, Broker, Clock, Ports, Random, Settings as BrokerSettings};
use deputize_connectors::OauthEndpoint;
use deputize_dynamodb::Embedded;
use deputize_dynamodb::table::create_table;
use deputize_host::{LogAlerts, OsRandom, SystemClock};
use deputize_keyring::Keyring;
use deputize_scope::TenantId;
use deputize_scope::catalogue::Catalogues;

use super::clouds;
use super::ledger;
use super::state::State;
use crate::commands::catalogue::Shelf;
use crate::issuer;
use crate::settings::Settings;

const TABLE: &str = "deputize";

/// Time and randomness of this process.
#[derive(Clone)]
pub(super) struct Host {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
}

impl Host {
    pub(super) fn start() -> Self {
        Self { clock: Arc::new(SystemClock::start()), random: Arc::new(OsRandom) }
    }
}

/// What is served, and what is done beside.
pub(super) struct Served {
    pub(super) broker: Arc<Broker>,
    pub(super) tokens: Arc<dyn TokenStore>,
    pub(super) database: Embedded,
    pub(super) router: Router,
    pub(super) rotator: Rotator,
    pub(super) sequencer: Sequencer,
}

/// Puts the process together. `url` is where it will be reached.
pub(super) async fn wire(
    settings: &Settings,
    state: &State,
    tenant: &TenantId,
    url: &str,
    host: &Host,
) -> anyhow::Result<Served> {
    let database = Embedded::open(&state.database()).context("cannot open the database")?;
    let client = database.client();
    create_table(&client, TABLE).await.context("cannot open the database")?;
    let store = Arc::new(deputize_dynamodb::store(client, TABLE));
    // Only now: a directory without a database is still nobody's.
    state.set_tenant(tenant)?;
    let keys = Keyring::open_or_create(state.keyring(), Arc::clone(&host.random))?;

    let keys: Arc<dyn KeyKeeper> = Arc::new(keys);
    let vault = Vault {
        credentials: Arc::clone(&store) as _,
        outbox: Arc::clone(&store) as _,
        keys: Arc::clone(&keys),
        clock: Arc::clone(&host.clock),
        random: Arc::clone(&host.random),
    };
    let (whose, ledger) = ledger::open(settings, state, tenant, &store, &keys, host)?;
    let audit = AuditRoutes {
        reader: LedgerReader::new(whose.clone(), ledger.clone()),
        witnesses: ledger::witnesses(settings)?,
    };
    let sequencer = Sequencer::new(whose, ledger);
    let issuer = issuer::configured_or_local(&settings.clouds.value.identity, url, tenant)?;
    let open = |who| issuer::open(who, state.root(), &host.clock, &host.random);
    let issuer = issuer.map(open).transpose()?;
    let issuer = issuer.map(|issuer| Arc::new(issuer.recording(tenant.clone(), Arc::clone(&store) as _)));
    let clouds = clouds::choose(settings, state, tenant, url, host, &vault, issuer.as_ref()).await?;
    let broker_settings = BrokerSettings {
        tenant: tenant.clone(),
        admins: Vec::new(),
        auditors: Vec::new(),
        aws: AwsSettings { role_template: clouds.role_template },
        gcp: settings.clouds.value.gcp_settings(),
        azure: settings.clouds.value.azure_settings(),
    };
    let tokens = OauthMinter::new(vault.clone(), Arc::new(OauthEndpoint::default()));
    let mut minters = clouds.minters;
    minters.extend([
        Arc::new(StoredMinter::aws_access_keys(vault.clone())) as Arc<dyn Minter>,
        Arc::new(StoredMinter::api_keys(vault)),
        Arc::new(tokens.clone()),
    ]);
    let ports = Ports {
        scopes: Arc::clone(&store) as _,
        leases: Arc::clone(&store) as _,
        credentials: Arc::clone(&store) as _,
        connectors: Arc::clone(&store) as _,
        outbox: Arc::clone(&store) as _,
        tokens: Arc::clone(&store) as _,
        keys,
        minters,
        clock: Arc::clone(&host.clock),
        random: Arc::clone(&host.random),
    };
    let broker = Arc::new(Broker::new(broker_settings, ports));
    let rotation = settings.clouds.value.rotation.clone();
    let providers = Providers {
        keys: clouds.keys,
        windows: Arc::new(move |windows| rotation.over(windows)),
        tokens: Some(Arc::new(tokens)),
        alerts: Arc::new(LogAlerts),
    };
    let rotator = Rotator::new(Arc::clone(&broker), providers);
    let api = deputize_api::router(
        Arc::clone(&broker),
        Authentication::BearerToken,
        shelf(settings),
        issuer,
        Some(audit),
    );
    let router = clouds.routes.merge(api);
    Ok(Served { broker, tokens: store, database, router, rotator, sequencer })
}

/// The catalogues as `deputize check` has them on this machine.
fn shelf(settings: &Settings) -> deputize_api::Shelf {
    let shelf = Shelf::new(&settings.state.value);
    deputize_api::Shelf::new(move || shelf.catalogues().unwrap_or_else(|_| Catalogues::built_in()))
}
