//! The stores on AWS's own engine.

use std::error::Error;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use aws_smithy_http_client::Builder;
use deputize_dynamodb::store;
use deputize_dynamodb::table::create_table;
use deputize_e2e::{DynamoDbLocal, Environment};

#[tokio::test(flavor = "multi_thread")]
async fn the_store_keeps_to_the_contract_on_dynamodb_local() -> Result<(), Box<dyn Error>> {
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
    deputize_testkit::store::contract(&store(client, "deputize")).await;
    Ok(())
}
