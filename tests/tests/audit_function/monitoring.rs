//! Monitoring is told of every entry, and nobody waits for it.

use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::{Message, Subscriber};
use deputize_e2e::{HarnessError, NatsServer, until};
use futures::StreamExt as _;
use serde_json::Value;

use crate::world::{Deployment, Files, SUBJECT};

/// For a machine that is busy with other tests.
const LIMIT: Duration = Duration::from_secs(60);

/// Somebody who listens from now on.
async fn listener(nats: &NatsServer) -> (async_nats::Client, Subscriber) {
    let client = async_nats::connect(nats.address()).await.unwrap();
    let listener = client.subscribe(SUBJECT).await.unwrap();
    // An answer comes after the server has heard of the subscription.
    let inbox = client.new_inbox();
    let mut answer = client.subscribe(inbox.clone()).await.unwrap();
    client.publish(inbox, Vec::new().into()).await.unwrap();
    answer.next().await.unwrap();
    (client, listener)
}

/// The names of the next events that it hears of, until it has heard of so many; one that came twice counts once.
async fn heard(listener: &mut Subscriber, many: usize) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    while names.len() < many {
        let message = tokio::time::timeout(LIMIT, listener.next()).await;
        let name = name(&message.expect("there is another message").unwrap());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Its id, by which one that came twice is known, is that of the event in it.
fn name(message: &Message) -> String {
    let id = message.headers.as_ref().unwrap().get("Nats-Msg-Id").unwrap().to_string();
    let body: Value = serde_json::from_slice(&message.payload).unwrap();
    assert_eq!(body["id"], id.as_str());
    assert_eq!(body["specversion"], "1.0");
    id
}

/// The names of the entries that EventBridge took.
fn on_the_bus(cloud: &Deployment) -> BTreeSet<String> {
    let published = cloud.aws.published().into_iter().filter(|entry| entry["Source"] == "deputize.ledger");
    let detail = |entry: Value| serde_json::from_str::<Value>(entry["Detail"].as_str().unwrap()).unwrap();
    published.map(|entry| detail(entry)["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_entry_is_told_on_the_subject_and_on_the_bus() -> Result<(), HarnessError> {
    let mut cloud = Deployment::start(Files::InTheTable).await?;
    let (_client, mut listener) = listener(&cloud.nats).await;
    cloud.issue_many(8).await?;
    cloud.pump().await?;
    let ids = cloud.log().await.ids();
    assert_eq!(heard(&mut listener, ids.len()).await, ids, "each with its id, in the log's order");
    assert_eq!(cloud.archived("entries").await?, ids.len());
    assert_eq!(on_the_bus(&cloud), ids.into_iter().collect());
    Ok(())
}

#[tokio::test]
async fn monitoring_that_is_down_keeps_nobody_waiting_and_is_told_later() -> Result<(), HarnessError> {
    let mut cloud = Deployment::start(Files::InTheTable).await?;
    cloud.issue_many(1).await?;
    cloud.pump().await?;
    let before = cloud.log().await.ids();
    cloud.nats.stop()?;
    cloud.aws.throttle_events(true);

    cloud.issue_many(2).await?;
    cloud.pump().await?;
    assert!(cloud.waiting().await.is_empty(), "sealing goes on: {}", cloud.output());
    let ids = cloud.log().await.ids();
    assert_eq!(ids.len(), before.len() + 4);
    assert_eq!(on_the_bus(&cloud), before.iter().cloned().collect());

    cloud.nats.restart().await?;
    cloud.aws.throttle_events(false);
    let (_client, mut listener) = listener(&cloud.nats).await;
    // A client takes a moment to see that its server is back.
    until("both monitors are told", LIMIT, async || {
        cloud.seal().await?;
        Ok((on_the_bus(&cloud).len() == ids.len()).then_some(()))
    })
    .await?;
    let missed = &ids[before.len()..];
    let told = async { heard(&mut listener, missed.len()).await };
    let sealing = async {
        loop {
            cloud.seal().await.unwrap();
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::select! {
        told = told => assert_eq!(told, missed, "nothing is lost, and the order is kept"),
        () = sealing => {}
    }
    assert_eq!(on_the_bus(&cloud), ids.into_iter().collect());
    Ok(())
}
