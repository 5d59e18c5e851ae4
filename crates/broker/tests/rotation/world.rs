//! A broker on memory with one access key, two agents that may use it, and a worker.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use deputize_broker::Secret;
use deputize_broker::audit::{AuditEvent, What};
use deputize_broker::broker::{AwsSettings, AzureSettings, Broker, GcpSettings, Ports, Settings};
use deputize_broker::caller::{Actor, Principal, Role};
use deputize_broker::decision::{Plan, StoredPlan};
use deputize_broker::idempotency::{IdempotencyKey, IdempotencyRecord};
use deputize_broker::lease::{Lease, LeaseId};
use deputize_broker::ports::clock::Clock;
use deputize_broker::ports::credentials::CredentialStore;
use deputize_broker::ports::leases::{BeginError, Intent, LeasePage, LeaseStore, SettleError, Settlement};
use deputize_broker::ports::minter::MintOrder;
use deputize_broker::ports::oauth::TokenEndpoint;
use deputize_broker::ports::rotation::{Abilities, Alerts, KeyProvider};
use deputize_broker::ports::scopes::{Publication, PublishError, ScopeStore};
use deputize_broker::ports::tokens::TokenStore;
use deputize_broker::ports::{Source, StoreError};
use deputize_broker::rotation::{AdoptError, Evidence, Phase, Providers, Rotator};
use deputize_broker::scopes::{Etag, Precondition, ScopesHead, ScopesVersion};
use deputize_broker::stored::vault::Reading;
use deputize_broker::stored::{
    CredentialRecord, OauthMinter, SecretForm, StoredSecret, Vault, VersionNumber,
};
use deputize_broker::token::{TokenId, TokenRecord};
use deputize_scope::identifier::CredentialType;
use deputize_scope::{AgentId, Seconds, TenantId};
use deputize_testkit::credentials::MemoryCredentials;
use deputize_testkit::keys::{MemoryKeys, Scrambled};
use deputize_testkit::outbox::MemoryOutbox;
use deputize_testkit::provider::MemoryProvider;
use jiff::{SignedDuration, Timestamp};

use crate::way::Way;

pub(crate) const ID: &str = "deploy-key";

/// A document with the key, its type and what else is said of it.
pub(crate) fn document(credential: &str) -> String {
    format!(
        "version: 1
tenant: acme
agents:
  devops: {{ identities: [{{ aws: \"arn:aws:iam::111122223333:role/devops\" }}] }}
  deploys: {{ identities: [{{ aws: \"arn:aws:iam::111122223333:role/deploys\" }}] }}
credentials:
  - {{ id: {ID}, agent: devops, {credential} }}
"
    )
}

/// A clock that goes on only when it is told to.
pub(crate) struct HeldClock(Mutex<Timestamp>);

impl Clock for HeldClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

#[derive(Default)]
struct Documents(Mutex<Option<(ScopesHead, String)>>);

#[async_trait]
impl ScopeStore for Documents {
    async fn head(&self, _: &TenantId) -> Result<Option<ScopesHead>, StoreError> {
        Ok(self.0.lock().unwrap().as_ref().map(|(head, _)| head.clone()))
    }

    async fn text(&self, _: &TenantId, _: ScopesVersion, _: &Etag) -> Result<Option<String>, StoreError> {
        Ok(self.0.lock().unwrap().as_ref().map(|(_, text)| text.clone()))
    }

    async fn publish(&self, publication: Publication) -> Result<(), PublishError> {
        *self.0.lock().unwrap() = Some((publication.head, publication.text));
        Ok(())
    }
}

/// Rotation asks for no lease and no token.
struct Unused;

#[async_trait]
impl LeaseStore for Unused {
    async fn begin(&self, _: Intent) -> Result<(), BeginError> {
        Err(StoreError::Throttled.into())
    }

    async fn settle(&self, _: Settlement) -> Result<(), SettleError> {
        Err(StoreError::Throttled.into())
    }

    async fn find(&self, _: &TenantId, _: LeaseId) -> Result<Option<Lease>, StoreError> {
        Err(StoreError::Throttled)
    }

    async fn find_key(
        &self,
        _: &TenantId,
        _: &AgentId,
        _: &IdempotencyKey,
        _: Timestamp,
    ) -> Result<Option<IdempotencyRecord>, StoreError> {
        Err(StoreError::Throttled)
    }

    async fn list(
        &self,
        _: &TenantId,
        _: Option<&AgentId>,
        _: Option<LeaseId>,
        _: u32,
    ) -> Result<LeasePage, StoreError> {
        Err(StoreError::Throttled)
    }

    async fn due(
        &self,
        _: &TenantId,
        _: Option<&AgentId>,
        _: Timestamp,
        _: u32,
    ) -> Result<Vec<Lease>, StoreError> {
        Err(StoreError::Throttled)
    }
}

#[async_trait]
impl TokenStore for Unused {
    async fn find(&self, _: &TenantId, _: &TokenId) -> Result<Option<TokenRecord>, StoreError> {
        Err(StoreError::Throttled)
    }

    async fn put(&self, _: &TenantId, _: &TokenRecord) -> Result<(), StoreError> {
        Err(StoreError::Throttled)
    }
}

/// What was told at once.
#[derive(Default)]
pub(crate) struct Raised(Mutex<Vec<What>>);

#[async_trait]
impl Alerts for Raised {
    async fn raise(&self, event: &AuditEvent) -> Result<(), Source> {
        self.0.lock().unwrap().push(event.what.clone());
        Ok(())
    }
}

/// Everything in one place.
pub(crate) struct World {
    pub(crate) tenant: TenantId,
    pub(crate) broker: Arc<Broker>,
    pub(crate) provider: Arc<MemoryProvider>,
    pub(crate) credentials: Arc<MemoryCredentials>,
    /// The way to them, on which writes may be lost.
    pub(crate) way: Arc<Way>,
    pub(crate) outbox: Arc<MemoryOutbox>,
    clock: Arc<HeldClock>,
    keys: Arc<MemoryKeys>,
    random: Arc<Scrambled>,
    raised: Arc<Raised>,
    tokens: Mutex<Option<Arc<OauthMinter>>>,
}

impl World {
    /// An access key of the agent `devops`, imported a moment ago.
    pub(crate) async fn new(abilities: Abilities) -> Self {
        Self::with(abilities, "type: aws_access_key").await
    }

    /// The key as the document declares it.
    pub(crate) async fn with(abilities: Abilities, credential: &str) -> Self {
        let world = Self::empty(abilities);
        world.publish(credential).await;
        world.import(&world.provider.first()).await;
        world
    }

    /// Nothing is declared, and nothing imported.
    pub(crate) fn empty(abilities: Abilities) -> Self {
        let clock = Arc::new(HeldClock(Mutex::new("2026-05-01T12:00:00Z".parse().unwrap())));
        let (credentials, outbox): (Arc<MemoryCredentials>, Arc<MemoryOutbox>) = Default::default();
        let (keys, random): (Arc<MemoryKeys>, _) = (Arc::default(), Arc::new(Scrambled::new(7)));
        let way = Arc::new(Way::to(credentials.clone()));
        let tenant: TenantId = "acme".parse().unwrap();
        let settings = Settings {
            tenant: tenant.clone(),
            admins: Vec::new(),
            auditors: Vec::new(),
            aws: AwsSettings::default(),
            gcp: GcpSettings::default(),
            azure: AzureSettings::default(),
        };
        let ports = Ports {
            scopes: Arc::new(Documents::default()),
            leases: Arc::new(Unused),
            credentials: way.clone(),
            connectors: credentials.clone(),
            outbox: outbox.clone(),
            tokens: Arc::new(Unused),
            keys: keys.clone(),
            minters: Vec::new(),
            clock: clock.clone(),
            random: random.clone(),
        };
        let broker = Arc::new(Broker::new(settings, ports));
        let provider = Arc::new(MemoryProvider::new(abilities, clock.clone()));
        let (raised, tokens) = (Arc::default(), Mutex::default());
        Self { tenant, broker, provider, credentials, way, outbox, clock, keys, random, raised, tokens }
    }

    pub(crate) async fn publish(&self, credential: &str) {
        self.broker.publish(Actor::Broker, document(credential), Precondition::Any).await.unwrap();
    }

    pub(crate) async fn import(&self, secret: &StoredSecret) -> CredentialRecord {
        let form = match secret {
            StoredSecret::AwsAccessKey(key) => SecretForm {
                access_key_id: Some(key.access_key_id.clone()),
                secret_access_key: Some(Secret::new(key.secret_access_key.reveal().to_owned())),
                ..SecretForm::default()
            },
            other => panic!("{other:?}"),
        };
        self.import_form(form).await
    }

    pub(crate) async fn import_form(&self, form: SecretForm) -> CredentialRecord {
        self.broker.import_secret(&self.caller(Role::Admin), &ID.parse().unwrap(), form).await.unwrap()
    }

    pub(crate) fn caller(&self, role: Role) -> Principal {
        Principal { tenant: self.tenant.clone(), role, identity: "test".into() }
    }

    pub(crate) fn vault(&self) -> Vault {
        Vault {
            credentials: self.way.clone(),
            outbox: self.outbox.clone(),
            keys: self.keys.clone(),
            clock: self.clock.clone(),
            random: self.random.clone(),
        }
    }

    pub(crate) fn providers(&self) -> Providers {
        let provider: Arc<dyn KeyProvider> = self.provider.clone();
        Providers {
            keys: BTreeMap::from([(CredentialType::AwsAccessKey, provider)]),
            tokens: self.tokens.lock().unwrap().clone(),
            windows: Arc::new(|windows| windows),
            alerts: self.raised.clone(),
        }
    }

    /// Refresh tokens are exchanged there from now on.
    pub(crate) fn exchange_at(&self, endpoint: Arc<dyn TokenEndpoint>) -> Arc<OauthMinter> {
        let minter = Arc::new(OauthMinter::new(self.vault(), endpoint));
        *self.tokens.lock().unwrap() = Some(minter.clone());
        minter
    }

    /// A worker of its own name.
    pub(crate) fn worker(&self) -> Rotator {
        Rotator::new(self.broker.clone(), self.providers())
    }

    pub(crate) async fn tick(&self) {
        self.worker().tick(Duration::MAX).await.unwrap();
    }

    pub(crate) fn advance(&self, by: SignedDuration) {
        *self.clock.0.lock().unwrap() += by;
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets time pass until it is due, and a worker take it up.
    pub(crate) async fn next_tick(&self) {
        let due = self.record().await.rotation.due.unwrap();
        let now = self.now();
        self.advance(due.duration_since(now).max(SignedDuration::ZERO));
        self.tick().await;
    }

    /// Goes on until it is in that phase, or has been due a hundred times.
    pub(crate) async fn until(&self, is_there: fn(&Phase) -> bool) {
        for _ in 0..100 {
            if is_there(&self.record().await.rotation.phase) {
                return;
            }
            self.next_tick().await;
        }
        panic!("{:?}\n{:#?}", self.record().await.rotation, self.story());
    }

    pub(crate) async fn record(&self) -> CredentialRecord {
        CredentialStore::find(&*self.credentials, &self.tenant, &ID.parse().unwrap()).await.unwrap().unwrap()
    }

    /// What an agent reads, and whether it works.
    pub(crate) async fn read(&self, agent: &str) -> (VersionNumber, bool) {
        let (agent, id): (AgentId, _) = (agent.parse().unwrap(), ID.parse().unwrap());
        let (kind, by) = (CredentialType::AwsAccessKey, Actor::Broker);
        let reading = Reading { tenant: &self.tenant, agent: &agent, id: &id, kind, lease: None, by };
        let opened = self.vault().read(reading).await.unwrap();
        (opened.record.version_to_use(), self.provider.works(&opened.secret))
    }

    pub(crate) async fn adopt(&self, agent: &str, version: u64) -> Result<CredentialRecord, AdoptError> {
        let caller = self.caller(Role::Agent { agent: agent.parse().unwrap() });
        self.broker.adopt(&caller, agent, ID, VersionNumber(version), Evidence::default()).await
    }

    /// What was told of the rotation, in short and oldest first: the phase after each step and the step, or the alert.
    pub(crate) fn story(&self) -> Vec<String> {
        let short = |value: &serde_json::Value| {
            let mut parts = Vec::new();
            for field in
                ["severity", "phase", "step", "code", "reason", "in_a_row", "version", "key", "adopted_by"]
            {
                match &value[field] {
                    serde_json::Value::Null => {}
                    serde_json::Value::String(text) => parts.push(text.clone()),
                    other => {
                        parts.push(other["code"].as_str().map_or_else(|| other.to_string(), str::to_owned))
                    }
                }
            }
            parts.join(" ")
        };
        let of_rotation = |what: &What| {
            let value = serde_json::to_value(what).unwrap();
            // As text, which can say a name twice.
            let text = serde_json::to_string(what).unwrap();
            assert_eq!(serde_json::from_str::<What>(&text).unwrap(), *what, "it is read as it was written");
            match what {
                What::RotationStep { .. } | What::RotationFailed { .. } | What::RotationReminder { .. } => {
                    Some(short(&value))
                }
                _ => None,
            }
        };
        self.credentials.events().iter().filter_map(of_rotation).collect()
    }

    /// An order for a token, as an agent's request becomes one.
    pub(crate) fn order(&self) -> MintOrder {
        MintOrder {
            lease: LeaseId::fresh(&*self.clock, &*self.random),
            tenant: self.tenant.clone(),
            agent: "devops".parse().unwrap(),
            plan: Plan::Stored(StoredPlan { credential: ID.parse().unwrap() }),
            duration: Seconds::new(900),
        }
    }

    /// What was told at once.
    pub(crate) fn alerts(&self) -> Vec<What> {
        self.raised.0.lock().unwrap().clone()
    }
}
