//! The stores on the engine in the process.

use std::error::Error;
use std::os::unix::fs::PermissionsExt;

use deputize_broker::caller::Role;
use deputize_broker::ports::tokens::TokenStore;
use deputize_broker::token::TokenRecord;
use deputize_dynamodb::table::create_table;
use deputize_dynamodb::{embedded, store};
use deputize_testkit::keys::Scrambled;

type Outcome = Result<(), Box<dyn Error>>;

#[tokio::test]
async fn the_embedded_store_keeps_to_the_contract() -> Outcome {
    let directory = tempfile::tempdir()?;
    let client = embedded(&directory.path().join("deputize.db"))?;
    create_table(&client, "deputize").await?;
    deputize_testkit::store::contract(&store(client, "deputize")).await;
    Ok(())
}

#[tokio::test]
async fn what_was_written_is_there_when_the_file_is_opened_again() -> Outcome {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("deputize.db");
    let tenant = "acme".parse()?;
    let (_, record) = TokenRecord::fresh(Role::Admin, &Scrambled::new(1));
    {
        let client = embedded(&file)?;
        create_table(&client, "deputize").await?;
        store(client, "deputize").put(&tenant, &record).await?;
    }
    let client = embedded(&file)?;
    create_table(&client, "deputize").await?;
    let found = TokenStore::find(&store(client, "deputize"), &tenant, &record.id).await?;
    assert_eq!(found, Some(record));
    Ok(())
}

#[tokio::test]
async fn the_files_are_readable_by_their_owner_only() -> Outcome {
    let directory = tempfile::tempdir()?;
    let client = embedded(&directory.path().join("deputize.db"))?;
    create_table(&client, "deputize").await?;
    for entry in std::fs::read_dir(directory.path())? {
        let entry = entry?;
        assert_eq!(entry.metadata()?.permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
    }
    Ok(())
}
