//! A broker on ports that live in memory, small enough to be read at a glance.

mod ledger;
mod signing;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use deputize_api::{Authentication, Shelf, router};
use deputize_broker::audit::{AuditEvent, What};
use deputize_broker::caller::Actor;
use deputize_broker::credential::{AwsSession, Credential};
use deputize_broker::idempotency::{Answer, IdempotencyKey, IdempotencyRecord};
use deputize_broker::lease::{Lease, LeaseId, Outcome};
use deputize_broker::ports::StoreError;
use deputize_broker::ports::audit::{AuditOutbox, OutboxKey, Waiting};
use deputize_broker::ports::keys::{DataKey, EncryptionContext, KeyError, KeyKeeper, WrappedKey};
use deputize_broker::ports::leases::{BeginError, Intent, LeasePage, LeaseStore, SettleError, Settlement};
use deputize_broker::ports::minter::{MintError, MintOrder, Minted, Minter};
use deputize_broker::ports::scopes::{Publication, PublishError, ScopeStore};
use deputize_broker::ports::tokens::TokenStore;
use deputize_broker::scopes::{Etag, Precondition, ScopesHead, ScopesVersion};
use deputize_broker::stored::{StoredMinter, Vault};
use deputize_broker::token::{TokenId, TokenRecord};
use deputize_broker::{
    AwsSettings, AzureSettings, Broker, Clock, GcpSettings, Ports, Random, Role, Secret, Settings,
};
use deputize_scope::catalogue::Catalogues;
use deputize_scope::identifier::CredentialType;
use deputize_scope::{AgentId, TenantId};
use deputize_testkit::credentials::MemoryCredentials;
use jiff::Timestamp;

/// A document with one agent, which may describe the services of ECS for an hour, two leases at a time.
pub(crate) const DOCUMENT: &str = "version: 1
tenant: acme
agents:
  devops:
    identities:
      - aws: arn:aws:iam::111122223333:role/devops-runtime
    budget: { live_leases: 2, per_minute: 30 }
    scopes:
      - cloud: aws
        role: arn:aws:iam::123456789012:role/agent-devops
        regions: [us-east-1]
        permissions: [ecs:DescribeServices]
        resources: [\"arn:aws:ecs:us-east-1:123456789012:service/prod/*\"]
        max_duration: 1h
";

/// The secret that a minted session holds.
pub(crate) const CANARY: &str = "canary-secret";

/// How the fake cloud answers.
#[derive(Clone, Copy, Default)]
pub(crate) enum Weather {
    #[default]
    Fair,
    Refusing,
    Silent,
    /// It makes the broker panic.
    Broken,
}

/// What is kept, and how the outside world behaves.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) head: Mutex<Option<(ScopesHead, String)>>,
    leases: Mutex<BTreeMap<LeaseId, Lease>>,
    keys: Mutex<HashMap<String, IdempotencyRecord>>,
    pub(crate) tokens: Mutex<Vec<TokenRecord>>,
    pub(crate) weather: Mutex<Weather>,
    pub(crate) store_is_down: AtomicBool,
    pub(crate) credentials: Arc<MemoryCredentials>,
    pub(crate) recorded: Mutex<Vec<What>>,
    pub(crate) published: Mutex<Vec<What>>,
    pub(crate) outbox_is_full: AtomicBool,
    ticks: AtomicU64,
}

/// A router with the tokens that it knows.
pub(crate) struct Fixture {
    pub(crate) world: Arc<World>,
    pub(crate) router: Router,
    pub(crate) admin: String,
    pub(crate) auditor: String,
    pub(crate) devops: String,
}

impl Fixture {
    /// Everything in place, with [`DOCUMENT`] published.
    pub(crate) async fn new() -> Self {
        Self::with_document(Authentication::BearerToken).await
    }

    /// [`DOCUMENT`] published, behind a gateway.
    pub(crate) async fn behind_gateway() -> Self {
        Self::with_document(Authentication::Gateway).await
    }

    async fn with_document(authentication: Authentication) -> Self {
        let this = Self::empty(authentication).await;
        let broker = broker(&this.world);
        broker.publish(Actor::Broker, DOCUMENT.into(), Precondition::Absent).await.unwrap();
        this
    }

    /// Everything in place but the document.
    pub(crate) async fn empty(authentication: Authentication) -> Self {
        let world = Arc::new(World::default());
        let tenant: TenantId = "acme".parse().unwrap();
        let mut tokens = Vec::new();
        let devops = Role::Agent { agent: "devops".parse().unwrap() };
        for role in [Role::Admin, Role::Auditor, devops] {
            let (text, record) = TokenRecord::fresh(role, &*world);
            world.put(&tenant, &record).await.unwrap();
            tokens.push(text.reveal().to_owned());
        }
        let [admin, auditor, devops] = tokens.try_into().unwrap();
        let issuer = signing::issuer(Arc::default(), world.clone());
        let shelf = Shelf::new(Catalogues::built_in);
        let audit = ledger::routes(&world);
        let router = router(Arc::new(broker(&world)), authentication, shelf, Some(issuer), Some(audit));
        Self { world, router, admin, auditor, devops }
    }
}

pub(crate) fn broker(world: &Arc<World>) -> Broker {
    let settings = Settings {
        tenant: "acme".parse().unwrap(),
        admins: Vec::new(),
        auditors: Vec::new(),
        aws: AwsSettings::default(),
        gcp: GcpSettings::default(),
        azure: AzureSettings::default(),
    };
    let vault = Vault {
        credentials: world.credentials.clone(),
        outbox: world.clone(),
        keys: world.clone(),
        clock: world.clone(),
        random: world.clone(),
    };
    let ports = Ports {
        scopes: world.clone(),
        leases: world.clone(),
        credentials: world.credentials.clone(),
        connectors: world.credentials.clone(),
        outbox: world.clone(),
        tokens: world.clone(),
        keys: world.clone(),
        minters: vec![world.clone(), Arc::new(StoredMinter::api_keys(vault))],
        clock: world.clone(),
        random: world.clone(),
    };
    Broker::new(settings, ports)
}

impl World {
    fn up(&self) -> Result<(), StoreError> {
        if self.store_is_down.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable("connection refused by table-of-secrets".into()));
        }
        Ok(())
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        "2026-05-01T12:00:00Z".parse().unwrap()
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.ticks.fetch_add(1, Ordering::Relaxed))
    }
}

impl Random for World {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let number = self.ticks.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            chunk.copy_from_slice(&number[8 - chunk.len()..]);
        }
    }
}

#[async_trait]
impl ScopeStore for World {
    async fn head(&self, _: &TenantId) -> Result<Option<ScopesHead>, StoreError> {
        self.up()?;
        Ok(self.head.lock().unwrap().as_ref().map(|(head, _)| head.clone()))
    }

    async fn text(&self, _: &TenantId, _: ScopesVersion, _: &Etag) -> Result<Option<String>, StoreError> {
        Ok(self.head.lock().unwrap().as_ref().map(|(_, text)| text.clone()))
    }

    async fn publish(&self, publication: Publication) -> Result<(), PublishError> {
        self.published.lock().unwrap().push(publication.event.what);
        *self.head.lock().unwrap() = Some((publication.head, publication.text));
        Ok(())
    }
}

#[async_trait]
impl LeaseStore for World {
    async fn begin(&self, intent: Intent) -> Result<(), BeginError> {
        let mut leases = self.leases.lock().unwrap();
        let live = leases.values().filter(|lease| lease.state.is_live()).count();
        if live >= intent.budget.live_leases as usize {
            return Err(BeginError::LiveLeasesExhausted);
        }
        if let Some(claim) = intent.claim {
            let record = IdempotencyRecord {
                fingerprint: claim.fingerprint,
                lease: intent.lease.id,
                answer: None,
                until: claim.until,
            };
            self.keys.lock().unwrap().insert(claim.key.to_string(), record);
        }
        leases.insert(intent.lease.id, intent.lease);
        Ok(())
    }

    async fn settle(&self, settlement: Settlement) -> Result<(), SettleError> {
        let mut keys = self.keys.lock().unwrap();
        let key = settlement.after.idempotency_key.as_ref().map(ToString::to_string).unwrap_or_default();
        match settlement.answer {
            Answer::Unchanged => {}
            Answer::Keep { sealed, until } => {
                keys.entry(key).and_modify(|record| (record.answer, record.until) = (Some(sealed), until));
            }
            Answer::Forget => drop(keys.remove(&key)),
        }
        self.leases.lock().unwrap().insert(settlement.after.id, settlement.after);
        Ok(())
    }

    async fn find(&self, _: &TenantId, id: LeaseId) -> Result<Option<Lease>, StoreError> {
        Ok(self.leases.lock().unwrap().get(&id).cloned())
    }

    async fn find_key(
        &self,
        _: &TenantId,
        _: &AgentId,
        key: &IdempotencyKey,
        _: Timestamp,
    ) -> Result<Option<IdempotencyRecord>, StoreError> {
        Ok(self.keys.lock().unwrap().get(&key.to_string()).cloned())
    }

    async fn list(
        &self,
        _: &TenantId,
        _: Option<&AgentId>,
        before: Option<LeaseId>,
        limit: u32,
    ) -> Result<LeasePage, StoreError> {
        let leases = self.leases.lock().unwrap();
        let older = leases.values().rev().filter(|lease| before.is_none_or(|before| lease.id < before));
        let mut page: Vec<Lease> = older.take(limit as usize + 1).cloned().collect();
        let more = page.len() > limit as usize;
        page.truncate(limit as usize);
        let next = page.last().filter(|_| more).map(|lease| lease.id);
        Ok(LeasePage { leases: page, next })
    }

    async fn due(
        &self,
        _: &TenantId,
        _: Option<&AgentId>,
        _: Timestamp,
        _: u32,
    ) -> Result<Vec<Lease>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl AuditOutbox for World {
    async fn record(&self, event: &AuditEvent) -> Result<(), StoreError> {
        self.up()?;
        if self.outbox_is_full.load(Ordering::Relaxed) {
            return Err(StoreError::Throttled);
        }
        self.recorded.lock().unwrap().push(event.what.clone());
        Ok(())
    }

    async fn pending(
        &self,
        _: &TenantId,
        _: u8,
        _: Option<&OutboxKey>,
        _: u32,
    ) -> Result<Vec<Waiting>, StoreError> {
        Ok(Vec::new())
    }

    fn shards(&self) -> u8 {
        1
    }
}

#[async_trait]
impl TokenStore for World {
    async fn find(&self, _: &TenantId, id: &TokenId) -> Result<Option<TokenRecord>, StoreError> {
        self.up()?;
        Ok(self.tokens.lock().unwrap().iter().find(|record| record.id == *id).cloned())
    }

    async fn put(&self, _: &TenantId, record: &TokenRecord) -> Result<(), StoreError> {
        self.tokens.lock().unwrap().push(record.clone());
        Ok(())
    }
}

#[async_trait]
impl KeyKeeper for World {
    async fn generate(&self, _: &EncryptionContext) -> Result<(DataKey, WrappedKey), KeyError> {
        let wrapped = WrappedKey { key_id: "fake".into(), ciphertext: vec![7; 32] };
        Ok((DataKey::new([7; 32]), wrapped))
    }

    async fn unwrap(&self, _: &WrappedKey, _: &EncryptionContext) -> Result<DataKey, KeyError> {
        Ok(DataKey::new([7; 32]))
    }
}

#[async_trait]
impl Minter for World {
    fn mints(&self) -> CredentialType {
        CredentialType::AwsIamRole
    }

    async fn mint(&self, order: &MintOrder) -> Result<Minted, MintError> {
        let weather = *self.weather.lock().unwrap();
        match weather {
            Weather::Fair => {}
            Weather::Refusing => {
                let source = "the whole answer of the cloud".into();
                return Err(MintError::Refused { code: "AccessDenied".into(), source });
            }
            Weather::Broken => panic!("{CANARY}"),
            Weather::Silent => {
                let source = "the whole answer of the cloud".into();
                return Err(MintError::Unavailable {
                    retry_after: Some(Duration::from_millis(6500)),
                    source,
                });
            }
        }
        let credential = Credential::AwsSession(AwsSession {
            access_key_id: "ASIAEXAMPLE".into(),
            secret_access_key: Secret::new(CANARY.into()),
            session_token: Secret::new(format!("{CANARY}-session")),
        });
        let expires_at = self.now() + jiff::SignedDuration::from_secs(order.duration.get().into());
        let outcome = Outcome { expires_at, session: None, packed_policy_size: None };
        Ok(Minted { credential, outcome })
    }
}
