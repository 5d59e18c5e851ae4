//! Issuance with a provider that takes each refresh token once, and ends the family of one that is used twice.

use std::sync::Arc;

use deputize_broker::audit::{AuditEvent, What};
use deputize_broker::caller::Actor;
use deputize_broker::credential::Credential;
use deputize_broker::decision::{Plan, StoredPlan};
use deputize_broker::lease::LeaseId;
use deputize_broker::ports::credentials::{CredentialChange, CredentialStore as _};
use deputize_broker::ports::minter::{MintError, MintOrder, Minter as _};
use deputize_broker::ports::oauth::TokenEndpoint as _;
use deputize_broker::stored::{CredentialRecord, OauthMinter, StoredSecret, Vault, VersionNumber};
use deputize_broker::{Clock as _, Secret};
use deputize_connectors::OauthEndpoint;
use deputize_scope::Seconds;
use deputize_scope::document::StoredCredential;
use deputize_scope::identifier::{CredentialType, Risk};
use deputize_testkit::credentials::MemoryCredentials;
use deputize_testkit::keys::{MemoryKeys, Scrambled};
use deputize_testkit::outbox::MemoryOutbox;

use crate::provider::{Held, Provider, with_refresh_token};

struct Stored {
    vault: Vault,
    credentials: Arc<MemoryCredentials>,
    random: Arc<Scrambled>,
}

impl Stored {
    /// The refresh token, stored as `idp` of the agent `devops`.
    async fn new(provider: &Provider, token: &Secret) -> Self {
        let (credentials, random) = (Arc::<MemoryCredentials>::default(), Arc::new(Scrambled::new(6)));
        let vault = Vault {
            credentials: credentials.clone(),
            outbox: Arc::<MemoryOutbox>::default(),
            keys: Arc::<MemoryKeys>::default(),
            clock: Arc::new(Held),
            random: random.clone(),
        };
        let secret = StoredSecret::Oauth(with_refresh_token(&provider.public(), token));
        let declared = StoredCredential {
            id: "idp".parse().unwrap(),
            kind: CredentialType::OauthToken,
            agent: "devops".parse().unwrap(),
            consumers: None,
            rotate: None,
            risk: Risk::Medium,
        };
        let record = CredentialRecord::first(&"acme".parse().unwrap(), &declared, secret.facts(), Held.now());
        let version = vault.seal(&record, VersionNumber::FIRST, &secret, false).await.unwrap();
        let (credential, agent) = (record.id.clone(), record.agent.clone());
        let what = What::CredentialImported { credential, agent, kind: record.kind };
        let event = AuditEvent::new(&record.tenant, Actor::Broker, what, &Held, &*random);
        let change =
            CredentialChange { before: None, after: record, version: Some(version), event: Some(event) };
        credentials.change(change).await.unwrap();
        Self { vault, credentials, random }
    }

    fn minter(&self) -> OauthMinter {
        OauthMinter::new(self.vault.clone(), Arc::new(OauthEndpoint::default()))
    }

    fn order(&self) -> MintOrder {
        MintOrder {
            lease: LeaseId::fresh(&Held, &*self.random),
            tenant: "acme".parse().unwrap(),
            agent: "devops".parse().unwrap(),
            plan: Plan::Stored(StoredPlan { credential: "idp".parse().unwrap() }),
            duration: Seconds::new(900),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twelve_issuances_at_once_each_get_a_token_that_works() {
    let provider = Provider::start().await;
    let stored = Stored::new(&provider, &provider.enrol().await.refresh_token).await;
    let minter = stored.minter();
    let mut issuances = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (minter, order) = (minter.clone(), stored.order());
        issuances.spawn(async move { minter.mint(&order).await });
    }
    while let Some(minted) = issuances.join_next().await {
        let minted = minted.unwrap().unwrap();
        let Credential::OauthToken(token) = minted.credential else { panic!("not a token") };
        assert_eq!(provider.use_token(token.access_token.reveal()).await, 200);
        assert_eq!(minted.outcome.expires_at, Held.now() + jiff::SignedDuration::from_hours(1));
    }
    let record =
        stored.credentials.find(&stored.order().tenant, &"idp".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((record.current, record.refreshing), (VersionNumber(13), None));
}

#[tokio::test]
async fn a_refresh_token_that_somebody_else_used_is_an_incident() {
    let provider = Provider::start().await;
    let stolen = provider.enrol().await.refresh_token;
    let stored = Stored::new(&provider, &stolen).await;
    stored.minter().mint(&stored.order()).await.unwrap();
    // A thief who has the first token uses it again: the provider ends the whole family.
    let thief = with_refresh_token(&provider.public(), &stolen);
    assert!(OauthEndpoint::default().token(&thief).await.is_err());
    let refused = stored.minter().mint(&stored.order()).await;
    assert!(matches!(refused, Err(MintError::Refused { code, .. }) if code == "invalid_grant"));
    assert!(matches!(stored.credentials.events().last(), Some(What::RefreshTokenReused { .. })));
    let closed = stored.minter().mint(&stored.order()).await;
    assert!(matches!(closed, Err(MintError::Refused { code, .. }) if code == "refresh_token_reused"));
}
