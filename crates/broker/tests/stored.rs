//! Issuing from what is stored: who gets it, what is written down, and what becomes of a refresh token.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod stored_world;

use std::sync::Arc;
use std::time::Duration;

use deputize_broker::audit::{VersionCause, What};
use deputize_broker::credential::Credential;
use deputize_broker::ports::credentials::CredentialStore as _;
use deputize_broker::ports::minter::{MintError, Minter as _};
use deputize_broker::stored::minter::ClientSecrets as _;
use deputize_broker::stored::vault::ReadError;
use deputize_broker::stored::{OauthMinter, StoredMinter, VersionNumber};
use deputize_scope::identifier::CredentialType;
use futures_util::future::join_all;

use stored_world::{Endpoint, Says, World, api_key, client_secret, oauth};

#[tokio::test]
async fn an_api_key_is_issued_as_it_was_imported_and_the_read_is_written_down_first() {
    let world = World::new();
    world.import("github", CredentialType::ApiKey, api_key("canary")).await;
    let minter = StoredMinter::api_keys(world.vault());
    let order = world.order("github");
    let minted = minter.mint(&order).await.unwrap();
    assert!(matches!(&minted.credential, Credential::ApiKey(key) if key.reveal() == "canary"));
    assert_eq!(minted.outcome.expires_at, world.now() + jiff::SignedDuration::from_secs(900));
    let events = world.outbox.events();
    let [What::SecretRead { credential, version, lease, .. }] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!((credential.as_str(), *version, *lease), ("github", VersionNumber::FIRST, Some(order.lease)));

    world.outbox.fail();
    assert!(matches!(minter.mint(&order).await, Err(MintError::Unavailable { .. })));
}

#[tokio::test]
async fn a_secret_of_another_agent_another_type_or_no_import_is_not_read() {
    let world = World::new();
    world.import("github", CredentialType::ApiKey, api_key("canary")).await;
    let code = async |minter: StoredMinter, order| match minter.mint(&order).await {
        Err(MintError::Refused { code, .. }) => code,
        other => panic!("{other:?}"),
    };
    let mut foreign = world.order("github");
    foreign.agent = "other".parse().unwrap();
    assert_eq!(code(StoredMinter::api_keys(world.vault()), foreign).await, "other_than_declared");
    let as_access_key = StoredMinter::aws_access_keys(world.vault());
    assert_eq!(code(as_access_key, world.order("github")).await, "other_than_declared");
    assert_eq!(code(StoredMinter::api_keys(world.vault()), world.order("missing")).await, "not_imported");
    assert_eq!(world.outbox.events(), []);
}

#[tokio::test]
async fn a_version_that_was_moved_to_another_row_does_not_open() {
    let world = World::new();
    world.import("github", CredentialType::ApiKey, api_key("canary")).await;
    world.import("gitlab", CredentialType::ApiKey, api_key("other")).await;
    let (github, gitlab) = ("github".parse().unwrap(), "gitlab".parse().unwrap());
    let version =
        world.credentials.version(&world.tenant, &github, VersionNumber::FIRST).await.unwrap().unwrap();
    world.credentials.plant(&world.tenant, &gitlab, VersionNumber::FIRST, version);
    let minted = StoredMinter::api_keys(world.vault()).mint(&world.order("gitlab")).await;
    assert!(matches!(minted, Err(MintError::Refused { code, .. }) if code == "does_not_open"));
    assert_eq!(world.outbox.events(), []);
}

#[tokio::test]
async fn an_adapter_gets_the_client_secret_of_the_agent_only() {
    let world = World::new();
    world.import("entra", CredentialType::AzureServicePrincipal, client_secret("canary")).await;
    let (vault, order, id) = (world.vault(), world.order("entra"), "entra".parse().unwrap());
    let secret = vault.client_secret(&order.tenant, &order.agent, order.lease, &id).await.unwrap();
    assert_eq!((secret.client_id.as_str(), secret.client_secret.reveal()), ("app", "canary"));
    let other = "other".parse().unwrap();
    let refused = vault.client_secret(&order.tenant, &other, order.lease, &id).await;
    assert!(matches!(refused, Err(ReadError::OtherThanDeclared)), "{refused:?}");
    assert_eq!(world.outbox.events().len(), 1);
}

#[tokio::test]
async fn client_credentials_get_a_token_that_ends_when_the_provider_says() {
    let world = World::new();
    world.import("idp", CredentialType::OauthToken, oauth(None)).await;
    let endpoint = Arc::new(Endpoint::default());
    let minter = OauthMinter::new(world.vault(), endpoint.clone());
    let minted = minter.mint(&world.order("idp")).await.unwrap();
    assert_eq!(minted.outcome.expires_at, world.now() + jiff::SignedDuration::from_secs(300));
    assert!(matches!(minted.credential, Credential::OauthToken(token) if token.token_type == "Bearer"));
    assert!(matches!(world.outbox.events().as_slice(), [What::SecretRead { .. }]));
}

#[tokio::test]
async fn the_next_refresh_token_is_stored_before_the_access_token_leaves() {
    let world = World::new();
    world.import("idp", CredentialType::OauthToken, oauth(Some("r-0"))).await;
    let endpoint = Arc::new(Endpoint::rotating("r-0"));
    let minter = OauthMinter::new(world.vault(), endpoint.clone());
    for n in 2..5 {
        let minted = minter.mint(&world.order("idp")).await.unwrap();
        assert!(matches!(minted.credential, Credential::OauthToken(_)));
        let record = world.record("idp").await;
        assert_eq!((record.current, record.refreshing), (VersionNumber(n), None));
    }
    assert_eq!(endpoint.used(), ["r-0", "r-1", "r-2"]);
    let events = world.credentials.events();
    let kinds: Vec<_> = events.iter().skip(1).collect();
    assert!(
        kinds.chunks(2).all(|pair| matches!(
            pair,
            [
                What::SecretRead { .. },
                What::CredentialVersionAdded { cause: VersionCause::Refreshed, lease: Some(_), .. }
            ]
        )),
        "{kinds:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn of_many_at_once_no_two_use_the_same_refresh_token() {
    let world = World::new();
    world.import("idp", CredentialType::OauthToken, oauth(Some("r-0"))).await;
    let endpoint = Arc::new(Endpoint::rotating("r-0"));
    endpoint.takes(Duration::from_millis(70));
    let minter = OauthMinter::new(world.vault(), endpoint.clone());
    let orders: Vec<_> = (0..12).map(|_| world.order("idp")).collect();
    let minted = join_all(orders.iter().map(|order| minter.mint(order))).await;
    assert_eq!(minted.iter().filter(|minted| minted.is_ok()).count(), 12, "{minted:?}");
    let mut used = endpoint.used();
    let count = used.len();
    used.sort();
    used.dedup();
    assert_eq!((count, used.len()), (12, 12));
    assert_eq!(world.record("idp").await.current, VersionNumber(13));
}

#[tokio::test]
async fn a_successor_that_is_refused_is_an_incident_and_nothing_comes_of_it_again() {
    let world = World::new();
    world.import("idp", CredentialType::OauthToken, oauth(Some("r-0"))).await;
    let endpoint = Arc::new(Endpoint::rotating("r-0"));
    let minter = OauthMinter::new(world.vault(), endpoint.clone());
    minter.mint(&world.order("idp")).await.unwrap();
    endpoint.says(Says::Refused("invalid_grant"));
    let refused = minter.mint(&world.order("idp")).await;
    assert!(matches!(refused, Err(MintError::Refused { code, .. }) if code == "invalid_grant"));
    assert!(matches!(world.credentials.events().last(), Some(What::RefreshTokenReused { .. })));
    assert!(world.record("idp").await.compromised_at.is_some());

    endpoint.says(Says::Tokens);
    let closed = minter.mint(&world.order("idp")).await;
    assert!(matches!(closed, Err(MintError::Refused { code, .. }) if code == "refresh_token_reused"));
    assert_eq!(endpoint.used().len(), 2, "it is not sent again");
}

#[tokio::test]
async fn an_imported_token_that_is_refused_is_no_incident() {
    let world = World::new();
    world.import("idp", CredentialType::OauthToken, oauth(Some("r-0"))).await;
    let endpoint = Arc::new(Endpoint::rotating("r-0"));
    endpoint.says(Says::Refused("invalid_grant"));
    let minter = OauthMinter::new(world.vault(), endpoint.clone());
    assert!(minter.mint(&world.order("idp")).await.is_err());
    let record = world.record("idp").await;
    assert_eq!((record.refreshing, record.compromised_at), (None, None));
    let events = world.credentials.events();
    assert!(
        matches!(events.last(), Some(What::RefreshEnded { trouble: Some(code), .. }) if code == "invalid_grant")
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_whose_answer_was_lost_is_left_alone_until_the_claim_lapses() {
    let world = World::new();
    world.import("idp", CredentialType::OauthToken, oauth(Some("r-0"))).await;
    let endpoint = Arc::new(Endpoint::rotating("r-0"));
    endpoint.says(Says::Lost);
    let minter = OauthMinter::new(world.vault(), endpoint.clone());
    for _ in 0..2 {
        let lost = minter.mint(&world.order("idp")).await;
        assert!(matches!(lost, Err(MintError::Unavailable { .. })), "{lost:?}");
    }
    assert_eq!(endpoint.used(), ["r-0"], "the second one did not send it");
    world.clock.advance(46);
    endpoint.says(Says::Tokens);
    minter.mint(&world.order("idp")).await.unwrap();
    assert_eq!(endpoint.used(), ["r-0", "r-0"]);
}

#[tokio::test]
async fn a_provider_that_is_busy_gets_its_token_back_at_once() {
    let world = World::new();
    world.import("idp", CredentialType::OauthToken, oauth(Some("r-0"))).await;
    let endpoint = Arc::new(Endpoint::rotating("r-0"));
    endpoint.says(Says::Busy);
    let minter = OauthMinter::new(world.vault(), endpoint.clone());
    let busy = minter.mint(&world.order("idp")).await;
    assert!(
        matches!(busy, Err(MintError::Unavailable { retry_after: Some(after), .. }) if after == Duration::from_secs(7))
    );
    endpoint.says(Says::Tokens);
    minter.mint(&world.order("idp")).await.unwrap();
}
