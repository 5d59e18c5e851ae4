//! What Microsoft is asked, and what comes of its answers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::*;
use deputize_broker::credential::{AzureMethod, AzureToken, Credential};
use deputize_broker::ports::minter::{Minted, Minter};
use deputize_scope::identifier::CredentialType;

fn token(minted: &Minted) -> (&str, AzureMethod) {
    let Credential::AzureToken(AzureToken { access_token, method }) = &minted.credential else {
        panic!("{minted:?}")
    };
    (access_token.reveal(), *method)
}

#[tokio::test]
async fn an_identity_token_is_the_assertion_of_the_agents_application() {
    let stub = stub().await;
    let minter = federated(&stub);
    assert_eq!(minter.mints(), CredentialType::AzureServicePrincipal);
    let minted = minter.mint(&order()).await.unwrap();
    assert_eq!(token(&minted), ("canary-entra-token", AzureMethod::FederatedCredential));

    let asked = &stub.asked(ENTRA)[0];
    assert_eq!(asked.line, format!("POST /sandbox/azure/{TENANT}/oauth2/v2.0/token"));
    let form = form(&asked.body);
    let said = |name: &str| form[name].as_str();
    assert_eq!(said("client_id"), CLIENT_ID);
    assert_eq!(said("grant_type"), "client_credentials");
    assert_eq!(said("client_assertion"), "canary-assertion");
    assert_eq!(said("client_assertion_type"), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    assert_eq!(said("scope"), "https://storage.azure.com/.default");
}

#[tokio::test]
async fn a_sealed_secret_proves_the_application_where_there_is_one() {
    let stub = stub().await;
    let minted = by_secret(&stub).mint(&order()).await.unwrap();
    assert_eq!(token(&minted), ("canary-entra-token", AzureMethod::ClientSecret));
    let form = form(&stub.asked(ENTRA)[0].body);
    assert_eq!(form["client_secret"], "canary-sealed~secret");
    assert_eq!(form["client_id"], CLIENT_ID);
}

#[tokio::test]
async fn each_lease_has_a_token_of_its_own() {
    let stub = stub().await;
    let minter = federated(&stub);
    for _ in 0..3 {
        minter.mint(&order()).await.unwrap();
    }
    assert_eq!(stub.asked(ENTRA).len(), 3);
}

#[tokio::test]
async fn a_machine_proves_its_managed_identity() {
    let stub = stub().await;
    let minter = managed(&stub);
    assert_eq!(minter.mints(), CredentialType::AzureManagedIdentity);
    let minted = minter.mint(&order()).await.unwrap();
    assert_eq!(token(&minted), ("canary-machine-token", AzureMethod::ManagedIdentity));
    // Microsoft's word, whatever was asked for.
    assert_eq!(minted.outcome.expires_at.to_string(), "2100-01-01T00:00:00Z");

    let asked = &stub.asked(IMDS)[0];
    let query = form(asked.line.split_once('?').unwrap().1);
    assert!(asked.line.starts_with("GET /metadata/identity/oauth2/token?"), "{}", asked.line);
    assert_eq!(
        (query["resource"].as_str(), query["client_id"].as_str()),
        ("https://storage.azure.com", CLIENT_ID)
    );
    assert_eq!(asked.headers["metadata"], "true");
}

#[tokio::test]
async fn a_vault_is_asked_where_the_first_way_is_not_there() {
    let stub = stub().await;
    let nobody = Broker(Err(""));
    let first = federation(&stub, nobody);
    let minter = deputize_azure::AzureMinter::service_principal(caller(), first).or_else(vault(&stub));
    let minted = minter.mint(&order()).await.unwrap();
    assert_eq!(token(&minted), ("canary-entra-token", AzureMethod::KeyVault));

    let reader = form(stub.asked(IMDS)[0].line.split_once('?').unwrap().1);
    assert_eq!(
        (reader["resource"].as_str(), reader["client_id"].as_str()),
        ("https://vault.azure.net", READER_ID)
    );
    let asked = stub.asked(VAULT);
    assert!(asked[0].line.starts_with("GET /secrets/agent-devops-agent-credential"), "{}", asked[0].line);
    assert!(!asked[0].headers.contains_key("authorization"));
    assert_eq!(asked[1].headers["authorization"], "Bearer canary-machine-token");
    assert_eq!(form(&stub.asked(ENTRA)[0].body)["client_secret"], "canary-vault-secret");
}

#[tokio::test]
async fn nothing_that_is_minted_shows_its_secret() {
    let stub = stub().await;
    let minter = federated(&stub).or_else(vault(&stub));
    let minted = minter.mint(&order()).await.unwrap();
    assert!(!format!("{minted:?} {minter:?}").contains("canary"));
}
