//! App Service and Functions tell where the identity is by the environment, which has to be there when a process begins:
//! the test runs itself once more.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::env;
use std::sync::Arc;

use common::*;
use deputize_azure::{AzureMinter, ManagedIdentity};
use deputize_broker::ports::minter::Minter;
use deputize_http::Client;
use deputize_testkit::stub::Stub;
use tokio::process::Command;

const ENDPOINT: &str = "/msi/token";

#[tokio::test]
async fn app_service_proves_a_managed_identity() {
    if env::var_os("IDENTITY_ENDPOINT").is_some() {
        return inside().await;
    }
    let stub = Stub::start().await.unwrap();
    stub.answers(ENDPOINT, [machine_token("canary-app-token", "4102444800")]);
    let again = Command::new(env::current_exe().unwrap())
        .args(["--exact", "app_service_proves_a_managed_identity"])
        .env("IDENTITY_ENDPOINT", format!("{}{ENDPOINT}", stub.url))
        .env("IDENTITY_HEADER", "canary-header")
        .output()
        .await
        .unwrap();
    assert!(again.status.success(), "{again:?}");
    let asked = stub.asked(ENDPOINT);
    let query = form(asked[0].line.split_once('?').unwrap().1);
    assert_eq!(query["resource"], "https://storage.azure.com");
    assert_eq!(query["client_id"], CLIENT_ID);
    assert_eq!(query["api-version"], "2019-08-01");
    assert_eq!(asked[0].headers["x-identity-header"], "canary-header");
    assert_eq!(asked.len(), 1);
}

async fn inside() {
    let source = ManagedIdentity::new(Client::direct().unwrap(), None);
    let minted = AzureMinter::managed_identity(caller(), Arc::new(source)).mint(&order()).await.unwrap();
    assert_eq!(minted.outcome.expires_at.to_string(), "2100-01-01T00:00:00Z");
}
