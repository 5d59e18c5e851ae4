//! Credentials at clouds that validate what they are given, for a broker that has an identity of AWS's and no secret: by the
//! adapters, through the function, and tried by the command line.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod clouds;
mod config_check;
mod connect;
mod embedded;
mod faults;
mod function;
#[path = "../embedded/records.rs"]
mod records;
mod stranger;

use std::ops::RangeInclusive;

use clouds::{BUCKET, Clouds, azure_order, google_order};
use deputize_broker::Clock as _;
use deputize_broker::credential::{AzureMethod, Credential};
use deputize_broker::ports::minter::{MintError, MintOrder, Minted, Minter};
use deputize_host::SystemClock;
use deputize_sandbox::{Fault, azure, gcp};
use jiff::SignedDuration;

const READ: &str = "Microsoft.Resources/subscriptions/resourceGroups/read";

fn token(minted: &Minted) -> &str {
    match &minted.credential {
        Credential::GcpToken(token) => token.access_token.reveal(),
        Credential::AzureToken(token) => token.access_token.reveal(),
        other => panic!("{other:?}"),
    }
}

fn method(minted: &Minted) -> AzureMethod {
    let Credential::AzureToken(token) = &minted.credential else { panic!("{minted:?}") };
    token.method
}

/// Mints, and says how long what was minted lives: from when it was asked for to the latest, from when it was there to
/// the least.
async fn mint(minter: &dyn Minter, order: &MintOrder) -> (Minted, RangeInclusive<i64>) {
    let clock = SystemClock::start();
    let asked = clock.now();
    let minted = minter.mint(order).await.unwrap();
    let lives = |from| minted.outcome.expires_at.duration_since(from).as_secs();
    // Clouds tell whole seconds.
    let lives = lives(clock.now()) - 1..=lives(asked) + 1;
    (minted, lives)
}

#[tokio::test]
async fn an_identity_of_aws_gets_a_token_of_google_that_reaches_no_further_than_it_was_asked_for() {
    let clouds = Clouds::start().await;
    let minter = clouds.gcp_workload_identity();
    let (minted, lives) = mint(&minter, &google_order("storage.objects.get", BUCKET)).await;
    assert!(lives.contains(&900), "{lives:?}");
    let may = async |permission, resource: &str| {
        clouds.google_says(token(&minted), permission, resource).await["decision"].clone()
    };
    let object = format!("{BUCKET}/objects/reports/1");
    assert_eq!(may("storage.objects.get", &object).await, "allowed");
    assert_eq!(may("storage.objects.delete", &object).await, "outside_boundary");
    let elsewhere = "//storage.googleapis.com/projects/_/buckets/other/objects/1";
    assert_eq!(may("storage.objects.get", elsewhere).await, "outside_boundary");

    let minted = minter.mint(&google_order("container.clusters.get", "*")).await.unwrap();
    let answer = clouds.google_says(token(&minted), "container.clusters.delete", "//x").await;
    assert_eq!(answer["decision"], "scope_insufficient", "{answer}");
}

#[tokio::test]
async fn a_machine_of_googles_gets_one_by_its_own_identity() {
    let clouds = Clouds::start().await;
    let order = google_order("storage.objects.get", BUCKET);
    let minted = clouds.gcp_service_account().mint(&order).await.unwrap();
    let object = format!("{BUCKET}/objects/reports/1");
    let answer = clouds.google_says(token(&minted), "storage.objects.get", &object).await;
    assert_eq!(answer["decision"], "allowed", "{answer}");
}

#[tokio::test]
async fn an_identity_of_aws_gets_a_token_of_entra() {
    let clouds = Clouds::start().await;
    let (minted, lives) = mint(&clouds.azure_service_principal(), &azure_order()).await;
    assert_eq!(method(&minted), AzureMethod::FederatedCredential);
    let answer = clouds.azure_says(token(&minted), READ).await;
    assert_eq!(answer["allowed"], true, "{answer}");
    // Entra's word: a quarter of an hour was asked for.
    assert!(lives.contains(&3_599), "{lives:?}");
}

#[tokio::test]
async fn a_machine_of_azures_gets_one_by_its_managed_identity() {
    let clouds = Clouds::start().await;
    let minted = clouds.azure_managed_identity().mint(&azure_order()).await.unwrap();
    assert_eq!(method(&minted), AzureMethod::ManagedIdentity);
    let answer = clouds.azure_says(token(&minted), READ).await;
    assert_eq!(answer["allowed"], true, "{answer}");
}

#[tokio::test]
async fn a_vault_makes_up_for_an_issuer_that_is_not_there_and_not_for_a_denial() {
    let clouds = Clouds::start().await;
    clouds.aws.faults().always(Fault::unavailable());
    let minter = clouds.azure_service_principal();
    let minted = minter.mint(&azure_order()).await.unwrap();
    assert_eq!(method(&minted), AzureMethod::KeyVault);
    let answer = clouds.azure_says(token(&minted), READ).await;
    assert_eq!(answer["allowed"], true, "{answer}");

    let (code, message) = ("AccessDenied".to_owned(), "canary".to_owned());
    clouds.aws.faults().always(Fault::Refuse { status: 403, code, message });
    let before = clouds.azure.faults(azure::Service::KeyVault).calls();
    let error = minter.mint(&azure_order()).await.unwrap_err();
    assert!(matches!(&error, MintError::Refused { code, .. } if code == "AccessDenied"), "{error:?}");
    assert_eq!(clouds.azure.faults(azure::Service::KeyVault).calls(), before);
}

#[tokio::test]
async fn clouds_whose_clocks_are_five_minutes_off_give_tokens_that_end_when_they_say() {
    for minutes in [-5, 5] {
        let clouds = Clouds::start().await;
        let skew = Fault::Skew(SignedDuration::from_mins(minutes));
        clouds.gcp.faults(gcp::Service::Credentials).always(skew.clone());
        let order = google_order("container.clusters.get", "*");
        let (_, lives) = mint(&clouds.gcp_workload_identity(), &order).await;
        assert!(lives.contains(&(900 + 60 * minutes)), "{lives:?}");
    }
}
