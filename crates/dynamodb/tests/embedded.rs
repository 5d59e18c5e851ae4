//! The stores on the engine in the process.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod ledger;

use std::error::Error;
use std::os::unix::fs::PermissionsExt;
use std::time::UNIX_EPOCH;

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use deputize_broker::caller::Role;
use deputize_broker::ports::tokens::TokenStore;
use deputize_broker::token::TokenRecord;
use deputize_dynamodb::table::create_table;
use deputize_dynamodb::{Embedded, store};
use deputize_testkit::keys::Scrambled;
use futures_util::future::join_all;

use crate::ledger::Ledger;

/// In how many rows a bit is flipped: `DEPUTIZE_TAMPERS` says otherwise.
const TAMPERS: usize = 300;

type Outcome = Result<(), Box<dyn Error>>;

#[tokio::test]
async fn the_embedded_store_keeps_to_the_contract() -> Outcome {
    let directory = tempfile::tempdir()?;
    let client = Embedded::open(&directory.path().join("deputize.db"))?.client();
    create_table(&client, "deputize").await?;
    deputize_testkit::store::contract(&store(client, "deputize")).await;
    Ok(())
}

#[tokio::test]
async fn the_embedded_store_keeps_to_the_ledgers_contract() -> Outcome {
    let directory = tempfile::tempdir()?;
    let client = Embedded::open(&directory.path().join("deputize.db"))?.client();
    create_table(&client, "deputize").await?;
    deputize_testkit::ledger_store::contract(&store(client, "deputize")).await;
    Ok(())
}

#[tokio::test]
async fn a_bit_that_is_flipped_in_a_waiting_row_is_told() -> Outcome {
    let tampers = std::env::var("DEPUTIZE_TAMPERS").ok().and_then(|many| many.parse().ok());
    let directory = tempfile::tempdir()?;
    let client = Embedded::open(&directory.path().join("deputize.db"))?.client();
    create_table(&client, "deputize").await?;
    let ledger = Ledger::of(&client, "tampered");
    ledger::a_bit_that_is_flipped_in_a_waiting_row_is_told(&ledger, tampers.unwrap_or(TAMPERS)).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sequencers_make_one_log() -> Outcome {
    let directory = tempfile::tempdir()?;
    let client = Embedded::open(&directory.path().join("deputize.db"))?.client();
    create_table(&client, "deputize").await?;
    ledger::two_sequencers_make_one_log(&Ledger::of(&client, "raced"), 2_000).await;
    Ok(())
}

#[tokio::test]
async fn what_was_written_is_there_when_the_file_is_opened_again() -> Outcome {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("deputize.db");
    let tenant = "acme".parse()?;
    let (_, record) = TokenRecord::fresh(Role::Admin, &Scrambled::new(1));
    {
        let client = Embedded::open(&file)?.client();
        create_table(&client, "deputize").await?;
        store(client, "deputize").put(&tenant, &record).await?;
    }
    let client = Embedded::open(&file)?.client();
    create_table(&client, "deputize").await?;
    let found = TokenStore::find(&store(client, "deputize"), &tenant, &record.id).await?;
    assert_eq!(found, Some(record));
    Ok(())
}

#[tokio::test]
async fn the_files_are_readable_by_their_owner_only() -> Outcome {
    let directory = tempfile::tempdir()?;
    let client = Embedded::open(&directory.path().join("deputize.db"))?.client();
    create_table(&client, "deputize").await?;
    for entry in std::fs::read_dir(directory.path())? {
        let entry = entry?;
        assert_eq!(entry.metadata()?.permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
    }
    Ok(())
}

#[tokio::test]
async fn what_has_lapsed_is_swept_and_nothing_else() -> Outcome {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("deputize.db");
    let database = Embedded::open(&file)?;
    let client = database.client();
    create_table(&client, "deputize").await?;
    // The file was written just now.
    let now = std::fs::metadata(&file)?.modified()?.duration_since(UNIX_EPOCH)?.as_secs();
    for (name, ttl) in [("lapsed", now - 60), ("kept", now + 3_600)] {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let put = client.put_item().table_name("deputize").item("pk", text(name)).item("sk", text(name));
        put.item("ttl", AttributeValue::N(ttl.to_string())).send().await?;
    }
    assert_eq!(database.sweep().await?, 1);
    assert_eq!(database.sweep().await?, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_that_wait_together_are_refused_each_by_itself() -> Outcome {
    let directory = tempfile::tempdir()?;
    let client = Embedded::open(&directory.path().join("deputize.db"))?.client();
    create_table(&client, "deputize").await?;
    let row = |name: &str| {
        let put = Put::builder().table_name("deputize").condition_expression("attribute_not_exists(pk)");
        ["pk", "sk"].into_iter().fold(put, |put, key| put.item(key, AttributeValue::S(name.to_owned())))
    };
    // Two at each of 100 rows, and a row of its own with each: of every two, one is refused as a whole.
    let writes = (0..200).map(|number| {
        let transaction = [row(&format!("shared-{}", number / 2)), row(&format!("own-{number}"))];
        let client = client.clone();
        async move {
            let mut write = client.transact_write_items();
            for put in transaction {
                write = write.transact_items(TransactWriteItem::builder().set_put(put.build().ok()).build());
            }
            let written = write.send().await.is_ok();
            let name = AttributeValue::S(format!("own-{number}"));
            let own = client.get_item().table_name("deputize").key("pk", name.clone()).key("sk", name);
            let found = own.send().await.is_ok_and(|answer| answer.item.is_some());
            (written, found)
        }
    });
    let written = join_all(writes).await;
    assert!(written.chunks(2).all(|two| two.iter().filter(|one| one.0).count() == 1), "{written:?}");
    assert!(written.iter().all(|(written, found)| written == found), "{written:?}");
    Ok(())
}
