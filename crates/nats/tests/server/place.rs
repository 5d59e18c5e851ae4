//! What the tests share: a server, a monitor of it, and somebody who listens.

use async_nats::{Client, Message, Subscriber};
use deputize_broker::ports::ledger::{Monitor as _, Publication};
use deputize_e2e::{Environment, NatsServer};
use deputize_nats::{NatsMonitor, NatsSettings};
use futures_util::StreamExt as _;
use serde_json::{Value, json};

pub(crate) const SUBJECT: &str = "security.audit.credentials";

pub(crate) async fn server(arguments: &[&str]) -> NatsServer {
    NatsServer::start(&Environment::locate().unwrap(), arguments).await.unwrap()
}

/// A monitor with these settings beside the server's address.
pub(crate) fn monitor(server: &NatsServer, mut settings: Value) -> NatsMonitor {
    settings["servers"] = json!([format!("nats://{}", server.address())]);
    NatsMonitor::new(serde_json::from_value::<NatsSettings>(settings).unwrap())
}

pub(crate) async fn client(server: &NatsServer) -> Client {
    async_nats::connect(server.address()).await.unwrap()
}

/// Somebody who listens to the subject from now on.
pub(crate) async fn listener(client: &Client) -> Subscriber {
    let listener = client.subscribe(SUBJECT).await.unwrap();
    // An answer comes after the server has heard of the subscription.
    let inbox = client.new_inbox();
    let mut answer = client.subscribe(inbox.clone()).await.unwrap();
    client.publish(inbox, Vec::new().into()).await.unwrap();
    answer.next().await.unwrap();
    listener
}

/// Publishes until it works, as the ledger does: a client takes a moment to see that its server is back.
pub(crate) async fn publish_at_last(monitor: &NatsMonitor, publications: &[Publication]) {
    for _ in 0..20 {
        if monitor.publish(publications).await.is_ok() {
            return;
        }
    }
    monitor.publish(publications).await.unwrap();
}

/// As many messages as there are publications.
pub(crate) async fn heard(listener: &mut Subscriber, publications: &[Publication]) -> Vec<Message> {
    listener.take(publications.len()).collect().await
}

/// Sees that each message is the publication that should have come then, by its id and its body.
pub(crate) fn check(messages: &[Message], publications: &[Publication]) {
    assert_eq!(messages.len(), publications.len());
    for (message, publication) in messages.iter().zip(publications) {
        let id = message.headers.as_ref().unwrap().get("Nats-Msg-Id").unwrap();
        assert_eq!(id.as_str(), publication.id.to_string());
        let body: Value = serde_json::from_slice(&message.payload).unwrap();
        assert_eq!(body, publication.cloud_event);
    }
}
