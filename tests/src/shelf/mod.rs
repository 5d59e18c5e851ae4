//! As many stored credentials as are asked for, on the embedded engine, and a worker that rotates those that are due.

mod provider;
mod requests;

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use deputize_broker::caller::Actor;
use deputize_broker::ports::rotation::KeyProvider;
use deputize_broker::rotation::{Providers, Rotation, Rotator, Ticked};
use deputize_broker::scopes::{Precondition, ScopesVersion};
use deputize_broker::stored::secret::StoredAccessKey;
use deputize_broker::stored::{CredentialRecord, SealedVersion, StoredSecret, Vault, VersionNumber};
use deputize_broker::{AwsSettings, AzureSettings, Broker, GcpSettings, Ports, Secret, Settings};
use deputize_dynamodb::{Embedded, Store, create_table, store};
use deputize_host::{LogAlerts, OsRandom, SystemClock};
use deputize_keyring::Keyring;
use deputize_scope::document::StoredCredential;
use deputize_scope::identifier::{CredentialType, Risk};
use deputize_scope::{AgentId, TenantId};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

pub use self::provider::InstantProvider;
pub use self::requests::StoreRequests;
use crate::HarnessError;

const TABLE: &str = "deputize";
/// Declares the agent. What is stored was declared by documents before it: a document is never as long as a full store.
const DOCUMENT: &str = "version: 1\ntenant: acme\nagents: { devops: {} }\n";
/// How many are sealed and written at a time, and by how many tasks.
const CHUNK: usize = 1_000;
const TASKS: usize = 4;

/// A store of access keys in a file, a provider that answers at once, and a worker.
pub struct Shelf {
    stored: usize,
    round: u64,
    requests: StoreRequests,
    store: Store,
    vault: Vault,
    rotator: Rotator,
    tenant: TenantId,
    agent: AgentId,
    directory: TempDir,
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shelf").field("stored", &self.stored).finish_non_exhaustive()
    }
}

impl Shelf {
    /// Fills a store with so many credentials, as imports leave them; none is due before a day has passed. `progress` is
    /// told how many there are, again and again.
    pub async fn fill(
        stored: usize,
        provider: InstantProvider,
        progress: impl Fn(usize),
    ) -> Result<Self, HarnessError> {
        let shelf = Self::empty(stored, provider).await?;
        let now = shelf.vault.clock.now();
        let chunks = (0..stored).step_by(CHUNK).map(|first| first..stored.min(first + CHUNK));
        let mut written = stream::iter(chunks)
            .map(|numbers| shelf.put(numbers, move |number| in_seconds(now, 86_400 + number as i64)))
            .buffer_unordered(TASKS);
        let mut there = 0;
        while let Some(many) = written.try_next().await? {
            there += many;
            progress(there);
        }
        drop(written);
        // Nothing is due: the schedules are set, and what is read first is read.
        shelf.tick().await?;
        Ok(shelf)
    }

    /// Has so many of them due, whatever became of them before: steady, and at a version that never was.
    pub async fn make_due(&mut self, due: usize) -> Result<(), HarnessError> {
        self.round += 1;
        let past = in_seconds(self.vault.clock.now(), -60);
        let spread = self.stored / due.max(1);
        let numbers: Vec<usize> = (0..due).map(|number| number * spread).collect();
        self.put(numbers, |_| past).await.map(|_| ())
    }

    /// One tick, that has all the time it wants.
    pub async fn tick(&self) -> Result<Ticked, HarnessError> {
        self.rotator.tick(Duration::MAX).await.map_err(HarnessError::part("a tick"))
    }

    /// What the store was asked for.
    pub fn requests(&self) -> &StoreRequests {
        &self.requests
    }

    /// Writes one row, durably, as a yardstick for what else is written.
    pub async fn write_one_row(&self) -> Result<(), HarnessError> {
        let written = self.vault.credentials.set_scheduled_by(&self.tenant, ScopesVersion(1));
        written.await.map_err(HarnessError::part("writing a row"))
    }

    /// How large the store's files are, in bytes.
    pub fn bytes(&self) -> Result<u64, HarnessError> {
        let size = |path: &Path| -> std::io::Result<u64> {
            std::fs::read_dir(path)?.map(|entry| Ok(entry?.metadata()?.len())).sum()
        };
        size(self.directory.path()).map_err(HarnessError::io("reading the store's directory"))
    }

    async fn empty(stored: usize, provider: InstantProvider) -> Result<Self, HarnessError> {
        let directory = tempfile::tempdir().map_err(HarnessError::io("making a directory"))?;
        let database = Embedded::open(&directory.path().join("deputize.db"))
            .map_err(HarnessError::part("opening a store"))?;
        let requests = StoreRequests::default();
        let client = requests.counted(&database.client());
        create_table(&client, TABLE).await.map_err(HarnessError::part("making a table"))?;
        let store = store(client, TABLE);
        let keys = Keyring::open_or_create(directory.path().join("keyring"), Arc::new(OsRandom));
        let vault = Vault {
            credentials: Arc::new(store.clone()),
            outbox: Arc::new(store.clone()),
            keys: Arc::new(keys.map_err(HarnessError::part("making a keyring"))?),
            clock: Arc::new(SystemClock::start()),
            random: Arc::new(OsRandom),
        };
        let (tenant, agent) = (name("acme")?, name("devops")?);
        let broker = Arc::new(broker(&tenant, &store, &vault));
        let published = broker.publish(Actor::Broker, DOCUMENT.to_owned(), Precondition::Any).await;
        published.map_err(HarnessError::part("publishing a scope document"))?;
        let rotator = Rotator::new(broker, providers(provider));
        Ok(Self { stored, round: 0, requests, store, vault, rotator, tenant, agent, directory })
    }

    /// Seals and writes the credentials of these numbers; how many they are.
    async fn put(
        &self,
        numbers: impl IntoIterator<Item = usize>,
        due: impl Fn(usize) -> Timestamp,
    ) -> Result<usize, HarnessError> {
        let mut credentials = Vec::new();
        for number in numbers {
            credentials.push(self.credential(number, due(number)).await?);
        }
        self.store.fill(&credentials).await.map_err(HarnessError::part("filling a store"))?;
        Ok(credentials.len())
    }

    async fn credential(
        &self,
        number: usize,
        due: Timestamp,
    ) -> Result<(CredentialRecord, SealedVersion), HarnessError> {
        let declared = StoredCredential {
            id: name(&format!("key-{number:07}"))?,
            kind: CredentialType::AwsAccessKey,
            agent: self.agent.clone(),
            consumers: None,
            rotate: None,
            risk: Risk::Medium,
        };
        let secret = StoredSecret::AwsAccessKey(StoredAccessKey {
            access_key_id: format!("AKIA{number:016}"),
            user_name: Some(format!("user-{number:07}")),
            secret_access_key: Secret::new(format!("{number:040}")),
        });
        let now = self.vault.clock.now();
        // A round adds one version to it, and the next begins after that.
        let current = VersionNumber(2 * self.round + 1);
        let record = CredentialRecord {
            current,
            newest: current,
            rotation: Rotation::steady(now, Some(due)),
            ..CredentialRecord::first(&self.tenant, &declared, secret.facts(), now)
        };
        let version = self.vault.seal(&record, current, &secret, false).await;
        Ok((record, version.map_err(HarnessError::part("sealing a key"))?))
    }
}

fn broker(tenant: &TenantId, store: &Store, vault: &Vault) -> Broker {
    let settings = Settings {
        tenant: tenant.clone(),
        admins: Vec::new(),
        auditors: Vec::new(),
        aws: AwsSettings::default(),
        gcp: GcpSettings::default(),
        azure: AzureSettings::default(),
    };
    let ports = Ports {
        scopes: Arc::new(store.clone()),
        leases: Arc::new(store.clone()),
        credentials: Arc::clone(&vault.credentials),
        connectors: Arc::new(store.clone()),
        outbox: Arc::clone(&vault.outbox),
        tokens: Arc::new(store.clone()),
        keys: Arc::clone(&vault.keys),
        minters: Vec::new(),
        clock: Arc::clone(&vault.clock),
        random: Arc::clone(&vault.random),
    };
    Broker::new(settings, ports)
}

fn providers(provider: InstantProvider) -> Providers {
    let provider: Arc<dyn KeyProvider> = Arc::new(provider);
    Providers {
        keys: BTreeMap::from([(CredentialType::AwsAccessKey, provider)]),
        windows: Arc::new(|windows| windows),
        tokens: None,
        alerts: Arc::new(LogAlerts),
    }
}

/// A name that keeps to the rules.
fn name<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(text: &str) -> Result<T, HarnessError> {
    text.parse().map_err(HarnessError::part("naming something"))
}

fn in_seconds(now: Timestamp, seconds: i64) -> Timestamp {
    now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}
