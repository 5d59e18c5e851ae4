//! A vault on memory, and a token endpoint that says what it is told to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use deputize_broker::audit::{AuditEvent, What};
use deputize_broker::caller::Actor;
use deputize_broker::decision::{Plan, StoredPlan};
use deputize_broker::lease::LeaseId;
use deputize_broker::ports::credentials::{CredentialChange, CredentialStore};
use deputize_broker::ports::minter::MintOrder;
use deputize_broker::ports::oauth::{TokenAnswer, TokenEndpoint, TokenError};
use deputize_broker::stored::secret::StoredOauth;
use deputize_broker::stored::{CredentialRecord, SecretForm, Vault, VersionNumber};
use deputize_broker::{Clock, Secret};
use deputize_scope::document::StoredCredential;
use deputize_scope::identifier::{CredentialType, Risk};
use deputize_scope::{Seconds, TenantId};
use deputize_testkit::credentials::MemoryCredentials;
use deputize_testkit::keys::{MemoryKeys, Scrambled};
use deputize_testkit::outbox::MemoryOutbox;
use jiff::{SignedDuration, Timestamp};

/// A clock that goes on only when it is told to.
pub(crate) struct HeldClock(Mutex<Timestamp>);

impl HeldClock {
    pub(crate) fn advance(&self, seconds: i64) {
        *self.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }
}

impl Clock for HeldClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

pub(crate) struct World {
    pub(crate) tenant: TenantId,
    pub(crate) credentials: Arc<MemoryCredentials>,
    pub(crate) outbox: Arc<MemoryOutbox>,
    pub(crate) clock: Arc<HeldClock>,
    keys: Arc<MemoryKeys>,
    random: Arc<Scrambled>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            tenant: "acme".parse().unwrap(),
            credentials: Arc::default(),
            outbox: Arc::default(),
            clock: Arc::new(HeldClock(Mutex::new("2026-05-01T12:00:00Z".parse().unwrap()))),
            keys: Arc::default(),
            random: Arc::new(Scrambled::new(5)),
        }
    }

    pub(crate) fn vault(&self) -> Vault {
        Vault {
            credentials: self.credentials.clone(),
            outbox: self.outbox.clone(),
            keys: self.keys.clone(),
            clock: self.clock.clone(),
            random: self.random.clone(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Stores a secret of the agent `devops`.
    pub(crate) async fn import(&self, id: &str, kind: CredentialType, form: SecretForm) {
        let (secret, now) = (form.read(kind).unwrap(), self.now());
        let declared = StoredCredential {
            id: id.parse().unwrap(),
            kind,
            agent: "devops".parse().unwrap(),
            consumers: None,
            rotate: None,
            risk: Risk::Medium,
        };
        let record = CredentialRecord::first(&self.tenant, &declared, secret.facts(), now);
        let version = self.vault().seal(&record, VersionNumber::FIRST, &secret, false).await.unwrap();
        let (credential, agent) = (record.id.clone(), record.agent.clone());
        let what = What::CredentialImported { credential, agent, kind };
        let event = AuditEvent::new(&self.tenant, Actor::Broker, what, &*self.clock, &*self.random);
        let change =
            CredentialChange { before: None, after: record, version: Some(version), event: Some(event) };
        self.credentials.change(change).await.unwrap();
    }

    pub(crate) async fn record(&self, id: &str) -> CredentialRecord {
        self.credentials.find(&self.tenant, &id.parse().unwrap()).await.unwrap().unwrap()
    }

    pub(crate) fn order(&self, id: &str) -> MintOrder {
        MintOrder {
            lease: LeaseId::fresh(&*self.clock, &*self.random),
            tenant: self.tenant.clone(),
            agent: "devops".parse().unwrap(),
            plan: Plan::Stored(StoredPlan { credential: id.parse().unwrap() }),
            duration: Seconds::new(900),
        }
    }
}

fn secret(text: &str) -> Option<Secret> {
    Some(Secret::new(text.to_owned()))
}

pub(crate) fn api_key(key: &str) -> SecretForm {
    SecretForm { api_key: secret(key), ..SecretForm::default() }
}

pub(crate) fn client_secret(text: &str) -> SecretForm {
    let (tenant_id, client_id) = (Some("contoso".into()), Some("app".into()));
    SecretForm { tenant_id, client_id, client_secret: secret(text), ..SecretForm::default() }
}

pub(crate) fn oauth(refresh_token: Option<&str>) -> SecretForm {
    SecretForm {
        token_url: Some("https://idp.example.com/token".into()),
        client_id: Some("fleet".into()),
        client_secret: secret("client-canary"),
        refresh_token: refresh_token.and_then(secret),
        ..SecretForm::default()
    }
}

/// How the endpoint answers.
#[derive(Clone, Copy, Default)]
pub(crate) enum Says {
    #[default]
    Tokens,
    Refused(&'static str),
    Busy,
    Lost,
}

/// A token endpoint: one that rotates takes each refresh token once, and only the newest.
#[derive(Default)]
pub(crate) struct Endpoint {
    newest: Mutex<Option<String>>,
    used: Mutex<Vec<String>>,
    says: Mutex<Says>,
    takes: Mutex<Duration>,
}

impl Endpoint {
    pub(crate) fn rotating(first: &str) -> Self {
        Self { newest: Mutex::new(Some(first.to_owned())), ..Self::default() }
    }

    pub(crate) fn says(&self, says: Says) {
        *self.says.lock().unwrap() = says;
    }

    pub(crate) fn takes(&self, time: Duration) {
        *self.takes.lock().unwrap() = time;
    }

    /// The refresh tokens that were sent.
    pub(crate) fn used(&self) -> Vec<String> {
        self.used.lock().unwrap().clone()
    }
}

#[async_trait]
impl TokenEndpoint for Endpoint {
    async fn token(&self, client: &StoredOauth) -> Result<TokenAnswer, TokenError> {
        let takes = *self.takes.lock().unwrap();
        tokio::time::sleep(takes).await;
        let sent = client.refresh_token.as_ref().map(|token| token.reveal().to_owned());
        self.used.lock().unwrap().extend(sent.clone());
        let says = *self.says.lock().unwrap();
        let seconds = match says {
            Says::Tokens => 300,
            Says::Refused(code) => return Err(TokenError::Refused { code: code.into() }),
            Says::Busy => {
                let retry_after = Some(Duration::from_secs(7));
                return Err(TokenError::Unavailable { retry_after, source: "busy".into() });
            }
            Says::Lost => return Err(TokenError::Lost("the connection broke".into())),
        };
        let mut newest = self.newest.lock().unwrap();
        if sent != *newest {
            return Err(TokenError::Refused { code: "invalid_grant".into() });
        }
        let successor = sent.map(|_| format!("r-{}", self.used.lock().unwrap().len()));
        newest.clone_from(&successor);
        Ok(TokenAnswer {
            access_token: Secret::new("access".into()),
            token_type: "Bearer".into(),
            expires_in: Some(Duration::from_secs(seconds)),
            refresh_token: successor.map(Secret::new),
        })
    }
}
