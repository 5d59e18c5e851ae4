//! With JetStream: a stream stores each entry, and once.

use async_nats::jetstream;
use async_nats::jetstream::stream::{Config, Stream};
use deputize_broker::ports::ledger::{Monitor as _, Publication};
use deputize_e2e::NatsServer;
use deputize_testkit::publications::publications;
use serde_json::{Value, json};

use crate::place::{SUBJECT, client, monitor, publish_at_last, server};

async fn stream(server: &NatsServer) -> Stream {
    let config = Config { name: "AUDIT".into(), subjects: vec![SUBJECT.into()], ..Config::default() };
    jetstream::new(client(server).await).get_or_create_stream(config).await.unwrap()
}

/// Sees that the stream holds these, in their order, and nothing else.
async fn check(stream: &Stream, entries: &[Publication]) {
    let stored = stream.get_info().await.unwrap().state.messages;
    assert_eq!(stored, entries.len() as u64);
    for (sequence, entry) in (1..).zip(entries) {
        let message = stream.get_raw_message(sequence).await.unwrap();
        assert_eq!(message.headers.get("Nats-Msg-Id").unwrap().as_str(), entry.id.to_string());
        assert_eq!(serde_json::from_slice::<Value>(&message.payload).unwrap(), entry.cloud_event);
    }
}

#[tokio::test]
async fn a_stream_stores_each_entry_once_however_often_it_came() {
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().to_str().unwrap();
    let mut server = server(&["--jetstream", "--store_dir", store]).await;
    let stored = stream(&server).await;
    let monitor = monitor(&server, json!({ "jetstream": true }));
    let entries = publications(0..300);
    monitor.publish(&entries[..200]).await.unwrap();
    monitor.publish(&entries[100..250]).await.unwrap();
    check(&stored, &entries[..250]).await;

    // The power fails, and nobody knows how far it had come.
    server.restart().await.unwrap();
    publish_at_last(&monitor, &entries).await;
    check(&stream(&server).await, &entries).await;
}

#[tokio::test]
async fn without_a_stream_that_takes_the_subject_it_is_an_error_until_there_is_one() {
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().to_str().unwrap();
    let server = server(&["--jetstream", "--store_dir", store]).await;
    let monitor = monitor(&server, json!({ "jetstream": true }));
    let entries = publications(0..3);
    let error = monitor.publish(&entries).await.unwrap_err();
    assert_eq!(error.to_string(), "no stream acknowledged");
    let stream = stream(&server).await;
    monitor.publish(&entries).await.unwrap();
    check(&stream, &entries).await;
}
