//! The stores on AWS's own engine.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod ledger;

use std::error::Error;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use aws_smithy_http_client::Builder;
use deputize_dynamodb::store;
use deputize_dynamodb::table::create_table;
use deputize_e2e::{DynamoDbLocal, Environment};

use crate::ledger::Ledger;

type Outcome = Result<(), Box<dyn Error>>;

/// The table on an engine of its own.
async fn table() -> Result<(DynamoDbLocal, Client), Box<dyn Error>> {
    let local = DynamoDbLocal::start(&Environment::locate()?).await?;
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .endpoint_url(local.url())
        .credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", None, None, "test"))
        .http_client(Builder::new().build_http());
    let client = Client::from_conf(config.build());
    create_table(&client, "deputize").await?;
    create_table(&client, "deputize").await?;
    Ok((local, client))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_keeps_to_the_contract_on_dynamodb_local() -> Outcome {
    let (_local, client) = table().await?;
    deputize_testkit::store::contract(&store(client, "deputize")).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_keeps_to_the_ledgers_contract_on_dynamodb_local() -> Outcome {
    let (_local, client) = table().await?;
    deputize_testkit::ledger_store::contract(&store(client, "deputize")).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sequencers_make_one_log_on_dynamodb_local() -> Outcome {
    let (_local, client) = table().await?;
    let ledger = Ledger::of(&client, "tampered");
    ledger::a_bit_that_is_flipped_in_a_waiting_row_is_told(&ledger, 40).await;
    ledger::two_sequencers_make_one_log(&Ledger::of(&client, "raced"), 2_000).await;
    Ok(())
}
