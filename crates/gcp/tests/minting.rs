//! What Google is asked, and what comes of its answers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use common::*;
use deputize_broker::credential::{Credential, GcpToken};
use deputize_broker::ports::minter::{Minted, Minter};
use deputize_gcp::{GcpMinter, MetadataTokens};
use deputize_host::OsRandom;
use deputize_http::{Caller, Client, Limits};
use deputize_scope::identifier::CredentialType;
use deputize_testkit::stub::{Canned, Stub};
use deputize_testkit::time::FixedClock;

fn token(minted: &Minted) -> &GcpToken {
    let Credential::GcpToken(token) = &minted.credential else { panic!("{minted:?}") };
    token
}

fn form(body: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(body.as_bytes()).into_owned().collect()
}

#[tokio::test]
async fn an_identity_token_becomes_a_token_of_the_agents_account() {
    let (minter, stub) = federated().await;
    assert_eq!(minter.mints(), CredentialType::GcpWorkloadIdentity);
    let minted = minter.mint(&any_order()).await.unwrap();
    assert_eq!(token(&minted).access_token.reveal(), "canary-agents-token");
    assert_eq!(token(&minted).service_account, "agent-devops-agent@acme-prod.iam.gserviceaccount.com");
    assert_eq!(minted.outcome.expires_at.to_string(), LATER);

    let exchange = form(&stub.asked("POST /v1/token")[0].body);
    let said = |name: &str| exchange[name].as_str();
    assert_eq!(said("grant_type"), "urn:ietf:params:oauth:grant-type:token-exchange");
    assert_eq!(said("audience"), format!("//iam.googleapis.com/{PROVIDER}"));
    assert_eq!(said("scope"), "https://www.googleapis.com/auth/cloud-platform");
    assert_eq!(said("subject_token_type"), "urn:ietf:params:oauth:token-type:jwt");
    assert_eq!(said("requested_token_type"), "urn:ietf:params:oauth:token-type:access_token");
    assert_eq!(said("subject_token"), "canary-identity");

    let account = "agent-devops-agent@acme-prod.iam.gserviceaccount.com";
    let impersonation = &stub.asked("generateAccessToken")[0];
    let path = format!("POST /v1/projects/-/serviceAccounts/{account}:generateAccessToken");
    assert_eq!(impersonation.line, path);
    assert_eq!(impersonation.headers["authorization"], "Bearer canary-federated-token");
    let body = r#"{"lifetime":"900s","scope":["https://www.googleapis.com/auth/container.read-only"]}"#;
    assert_eq!(impersonation.body, body);
}

#[tokio::test]
async fn the_brokers_own_token_is_kept_until_shortly_before_its_end() {
    let (minter, stub) = federated().await;
    for _ in 0..3 {
        minter.mint(&any_order()).await.unwrap();
    }
    assert_eq!((stub.asked("/v1/token").len(), stub.asked("generateAccessToken").len()), (1, 3));

    let (minter, stub) = federated().await;
    stub.answers("/v1/token", [exchanged("canary-short", Some(119))]);
    for _ in 0..2 {
        minter.mint(&any_order()).await.unwrap();
    }
    assert_eq!(stub.asked("/v1/token").len(), 2);
}

#[tokio::test]
async fn a_token_of_cloud_storage_is_exchanged_for_one_within_its_boundary() {
    let (minter, stub) = federated().await;
    stub.answers("/v1/token", [federated_token(), exchanged("canary-bounded", None)]);
    let bucket = "//storage.googleapis.com/projects/_/buckets/acme";
    let minted = minter.mint(&order("storage.objects.get", bucket)).await.unwrap();
    assert_eq!(token(&minted).access_token.reveal(), "canary-bounded");
    // It says nothing of its end, and so ends with the token that it was made from.
    assert_eq!(minted.outcome.expires_at.to_string(), LATER);

    let exchange = form(&stub.asked("/v1/token")[1].body);
    assert_eq!(exchange["subject_token"], "canary-agents-token");
    assert_eq!(exchange["subject_token_type"], "urn:ietf:params:oauth:token-type:access_token");
    assert!(!exchange.contains_key("audience"));
    let options = form_urlencoded::parse(exchange["options"].as_bytes()).next().unwrap().0.into_owned();
    let rule = format!(
        r#"{{"availableResource":"{bucket}","availablePermissions":["inRole:roles/storage.legacyObjectReader"]}}"#
    );
    assert_eq!(options, format!(r#"{{"accessBoundary":{{"accessBoundaryRules":[{rule}]}}}}"#));
}

#[tokio::test]
async fn a_bounded_token_ends_no_later_than_what_it_was_made_from() {
    for (expires_in, ends) in [(600, "2026-11-23T06:10:00Z"), (90_000, LATER)] {
        let (minter, stub) = federated().await;
        stub.answers("/v1/token", [federated_token(), exchanged("canary-bounded", Some(expires_in))]);
        let order = order("storage.objects.get", "//storage.googleapis.com/projects/_/buckets/acme");
        let minted = minter.mint(&order).await.unwrap();
        assert_eq!(minted.outcome.expires_at.to_string(), ends);
    }
}

#[tokio::test]
async fn without_the_boundary_there_is_no_token() {
    let (minter, stub) = federated().await;
    let refused = Canned::json(400, r#"{"error":"invalid_request"}"#);
    stub.answers("/v1/token", [federated_token(), refused]);
    let order = order("storage.objects.get", "//storage.googleapis.com/projects/_/buckets/acme");
    let error = minter.mint(&order).await.unwrap_err();
    assert_eq!(error.to_string(), "the cloud refused: invalid_request");
}

#[tokio::test]
async fn a_machine_of_its_own_identity_mints_alike() {
    let stub = Stub::start().await.unwrap();
    stub.answers("/computeMetadata/", [exchanged("canary-machines-token", Some(3_600))]);
    stub.answers(":generateAccessToken", [generated("canary-agents-token", LATER)]);
    let clock = Arc::new(FixedClock(NOW.parse().unwrap()));
    let caller = Arc::new(Caller::new(Limits::default(), clock, Arc::new(OsRandom)));
    let host = stub.url.strip_prefix("http://").unwrap();
    let own = MetadataTokens::new(Client::direct().unwrap(), host, caller).unwrap();
    let minter = GcpMinter::service_account(google(&stub), Arc::new(own));
    assert_eq!(minter.mints(), CredentialType::GcpServiceAccount);
    minter.mint(&any_order()).await.unwrap();
    let asked = &stub.asked("/computeMetadata/")[0];
    assert_eq!(asked.line, "GET /computeMetadata/v1/instance/service-accounts/default/token");
    assert_eq!(asked.headers["metadata-flavor"], "Google");
    let impersonation = &stub.asked("generateAccessToken")[0];
    assert_eq!(impersonation.headers["authorization"], "Bearer canary-machines-token");
}

#[tokio::test]
async fn nothing_that_is_minted_shows_its_secret() {
    let (minter, _) = federated().await;
    let minted = minter.mint(&any_order()).await.unwrap();
    assert!(!format!("{minted:?} {minter:?}").contains("canary"));
}
