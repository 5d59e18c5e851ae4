//! What was issued is in the log, once, however the stream tells of it.

use deputize_broker::audit::What;
use deputize_e2e::HarnessError;
use serde_json::Value;

use crate::world::{Deployment, Files};

#[tokio::test]
async fn what_was_issued_is_in_the_log_however_the_stream_tells_of_it() -> Result<(), HarnessError> {
    for files in [Files::InABucket, Files::InTheTable] {
        issued_and_sealed(files).await?;
    }
    Ok(())
}

async fn issued_and_sealed(files: Files) -> Result<(), HarnessError> {
    let mut cloud = Deployment::start(files).await?;
    cloud.issue_many(6).await?;
    let waited = cloud.waiting().await;
    assert_eq!(waited.len(), 13, "the scope document, and two for each credential");
    let mut records = cloud.pump().await?;
    assert!(cloud.waiting().await.is_empty(), "{}", cloud.output());
    let log = cloud.log().await;
    let ids = log.ids();
    assert_eq!(ids.len(), 14, "the first one says that the log is open: {log:?}");
    assert!(waited.iter().all(|one| ids.contains(&one.key().name)));

    // Each twice, and in another order; issuance goes on.
    cloud.issue_many(6).await?;
    let more = cloud.records().await?;
    let doubled: Vec<Value> = more.iter().rev().flat_map(|record| [record, record]).cloned().collect();
    for batch in doubled.chunks(7) {
        assert!(cloud.deliver(batch).await?.is_empty());
    }
    records.extend(more);
    records.extend(cloud.pump().await?);
    let log = cloud.log().await;
    assert_eq!((log.ids().len(), log.anomalies().len()), (26, 0), "{log:?}");

    // All of it again, long after.
    for batch in records.chunks(100) {
        assert!(cloud.deliver(batch).await?.is_empty());
    }
    cloud.pump().await?;
    assert_eq!(cloud.seal().await?["appended"], 0);
    assert_eq!(cloud.log().await, log, "the same entries, the same root");
    assert_eq!(cloud.archived("alerts").await?, 0);
    Ok(())
}

#[tokio::test]
async fn the_schedule_alone_seals_all_that_waits() -> Result<(), HarnessError> {
    let cloud = Deployment::start(Files::InTheTable).await?;
    cloud.issue_many(3).await?;
    let sealed = cloud.seal().await?;
    assert_eq!((&sealed["appended"], &sealed["is_cut_short"]), (&8.into(), &false.into()), "{sealed}");
    assert_eq!(cloud.seal().await?["appended"], 0);
    let log = cloud.log().await;
    assert_eq!(log.ids().len(), 8);
    assert!(matches!(log.events[0].what, What::LedgerOpened { .. }));
    Ok(())
}

#[tokio::test]
async fn a_throttled_table_is_503_and_the_log_has_nothing_of_it() -> Result<(), HarnessError> {
    let mut cloud = Deployment::start(Files::InTheTable).await?;
    cloud.throttle.after(0);
    let answer = cloud.issue().await?;
    assert_eq!(answer.status(), Some(503), "{:?}", answer.text());
    assert!(!answer.text().unwrap_or_default().contains("secret_access_key"));
    cloud.throttle.lift();
    assert_eq!(cloud.leases().await?, 0, "nothing was minted");
    cloud.pump().await?;
    let log = cloud.log().await;
    assert_eq!(log.ids().len(), 2, "the log was opened, and a document published: {log:?}");
    Ok(())
}

#[tokio::test]
async fn a_record_that_cannot_be_looked_at_comes_again_with_those_after_it() -> Result<(), HarnessError> {
    let mut cloud = Deployment::start(Files::InTheTable).await?;
    cloud.issue_many(1).await?;
    let waiting = cloud.waiting().await;
    cloud.records().await?;
    cloud.tamper(&waiting[0], Some("{}")).await;
    cloud.issue_many(1).await?;
    let records = cloud.records().await?;
    let place = records.iter().position(|record| record["eventName"] == "MODIFY").unwrap();
    let number = records[place]["dynamodb"]["SequenceNumber"].as_str().unwrap();

    // What is found cannot be written down.
    cloud.throttle.after(0);
    assert_eq!(cloud.deliver(&records).await?, [number]);
    cloud.throttle.lift();
    assert!(cloud.deliver(&records[place..]).await?.is_empty());
    cloud.pump().await?;
    let log = cloud.log().await;
    assert_eq!(log.anomalies().len(), 2, "it was changed, and cannot be read: {log:?}");
    Ok(())
}
