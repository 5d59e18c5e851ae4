//! Without a stream: whoever listens hears it.

use std::process::Command;

use deputize_broker::ports::ledger::Monitor as _;
use deputize_testkit::publications::publications;
use serde_json::json;

use crate::place::{check, client, heard, listener, monitor, publish_at_last, server};

#[tokio::test]
async fn a_listener_hears_of_every_entry_with_its_id_and_in_their_order() {
    let server = server(&[]).await;
    let client = client(&server).await;
    let mut listener = listener(&client).await;
    let monitor = monitor(&server, json!({}));
    let entries = publications(0..600);
    monitor.publish(&entries).await.unwrap();
    check(&heard(&mut listener, &entries).await, &entries);
    monitor.publish(&[]).await.unwrap();
    // The same again, as after an answer that was lost: the ids tell.
    monitor.publish(&entries[..1]).await.unwrap();
    check(&heard(&mut listener, &entries[..1]).await, &entries[..1]);
}

#[tokio::test]
async fn another_subject_is_another_subject() {
    let server = server(&[]).await;
    let client = client(&server).await;
    let mut listener = client.subscribe("acme.audit").await.unwrap();
    client.flush().await.unwrap();
    let entries = publications(0..1);
    let monitor = monitor(&server, json!({ "subject": "acme.audit" }));
    // Until the server has heard of the subscription.
    let message = loop {
        monitor.publish(&entries).await.unwrap();
        let waited =
            tokio::time::timeout(std::time::Duration::from_millis(100), heard(&mut listener, &entries));
        if let Ok(message) = waited.await {
            break message;
        }
    };
    check(&message, &entries);
}

#[tokio::test]
async fn what_was_to_be_told_while_the_server_was_gone_arrives_when_it_is_back() {
    let mut server = server(&[]).await;
    let monitor = monitor(&server, json!({}));
    monitor.publish(&publications(0..3)).await.unwrap();
    server.stop().unwrap();
    let entries = publications(3..10);
    monitor.publish(&entries).await.unwrap_err();

    server.restart().await.unwrap();
    let client = client(&server).await;
    let mut listener = listener(&client).await;
    publish_at_last(&monitor, &entries).await;
    check(&heard(&mut listener, &entries).await, &entries);
}

#[tokio::test]
async fn a_server_that_is_not_there_yet_is_an_error_and_is_found_later() {
    let mut server = server(&[]).await;
    server.stop().unwrap();
    let monitor = monitor(&server, json!({}));
    let entries = publications(0..2);
    monitor.publish(&entries).await.unwrap_err();
    server.restart().await.unwrap();
    let client = client(&server).await;
    let mut listener = listener(&client).await;
    monitor.publish(&entries).await.unwrap();
    check(&heard(&mut listener, &entries).await, &entries);
}

#[tokio::test]
async fn a_server_that_is_silent_is_an_error_though_the_bytes_have_left() {
    let server = server(&[]).await;
    let monitor = monitor(&server, json!({}));
    monitor.publish(&publications(0..1)).await.unwrap();
    let signal = |signal: &str| {
        let kill = Command::new("kill").args([signal, &server.id().to_string()]).status().unwrap();
        assert!(kill.success());
    };
    let entries = publications(1..4);
    signal("-STOP");
    monitor.publish(&entries).await.unwrap_err();
    signal("-CONT");
    let client = client(&server).await;
    let mut listener = listener(&client).await;
    publish_at_last(&monitor, &entries).await;
    // What had left before may come too, so that the last ones count.
    let mut messages = Vec::new();
    while messages.last().is_none_or(|last: &async_nats::Message| !is_last(last)) {
        messages.extend(heard(&mut listener, &entries[..1]).await);
    }
    let first = messages.len() - entries.len();
    check(&messages[first..], &entries);
}

fn is_last(message: &async_nats::Message) -> bool {
    let last = publications(3..4)[0].id.to_string();
    message.headers.as_ref().unwrap().get("Nats-Msg-Id").unwrap().as_str() == last
}
