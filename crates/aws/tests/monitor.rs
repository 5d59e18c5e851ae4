//! Monitoring by EventBridge: at moto, whose rule hands each event to a queue, and at a bus that takes only some.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Builder as HttpClient;
use aws_types::SdkConfig;
use aws_types::region::Region;
use deputize_aws::EventBridgeMonitor;
use deputize_broker::ports::ledger::{Monitor as _, Publication};
use deputize_e2e::{Environment, Moto};
use deputize_testkit::publications::{publication, publications};
use deputize_testkit::stub::{Canned, Stub};
use serde_json::{Value, json};

fn monitor(endpoint: &str) -> EventBridgeMonitor {
    let credentials = Credentials::new("AKIAEXAMPLE", "none", None, None, "test");
    let config = SdkConfig::builder()
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .http_client(HttpClient::new().build_http())
        .region(Region::new("us-east-1"))
        .build();
    EventBridgeMonitor::new(&config, "default")
}

fn ids(publications: &[Publication]) -> Vec<String> {
    publications.iter().map(|publication| publication.id.to_string()).collect()
}

#[tokio::test]
async fn every_entry_comes_out_at_a_rules_target_with_its_id() {
    let moto = Moto::start(&Environment::locate().unwrap()).await.unwrap();
    let made = moto.json("sqs", "AmazonSQS.CreateQueue", &json!({ "QueueName": "siem" })).await.unwrap();
    let queue = made["QueueUrl"].as_str().unwrap();
    let pattern = json!({ "source": ["deputize.ledger"], "detail-type": ["credential_issued"] });
    let rule = json!({ "Name": "siem", "EventPattern": pattern.to_string() });
    moto.json("events", "AWSEvents.PutRule", &rule).await.unwrap();
    let target = json!({ "Id": "1", "Arn": "arn:aws:sqs:us-east-1:123456789012:siem" });
    let targets = json!({ "Rule": "siem", "Targets": [target] });
    moto.json("events", "AWSEvents.PutTargets", &targets).await.unwrap();

    let publications = publications(0..25);
    monitor(moto.url()).publish(&publications).await.unwrap();

    let mut arrived = BTreeSet::new();
    loop {
        let receive = json!({ "QueueUrl": queue, "MaxNumberOfMessages": 10, "VisibilityTimeout": 600 });
        let received = moto.json("sqs", "AmazonSQS.ReceiveMessage", &receive).await.unwrap();
        let messages = received["Messages"].as_array().cloned().unwrap_or_default();
        if messages.is_empty() {
            break;
        }
        for message in messages {
            let event: Value = serde_json::from_str(message["Body"].as_str().unwrap()).unwrap();
            let found = publications.iter().find(|publication| publication.cloud_event == event["detail"]);
            assert!(arrived.insert(found.unwrap().id.to_string()), "each came once");
        }
    }
    assert_eq!(arrived, ids(&publications).into_iter().collect());
}

/// An answer to entries that were taken (`None`) and refused by a code.
fn answer(entries: &[Option<&str>]) -> Canned {
    let failed = entries.iter().flatten().count();
    let entries: Vec<_> = entries
        .iter()
        .map(|code| match code {
            None => json!({ "EventId": "1" }),
            Some(code) => json!({ "ErrorCode": code, "ErrorMessage": "as planned" }),
        })
        .collect();
    Canned::json(200, json!({ "FailedEntryCount": failed, "Entries": entries }).to_string())
}

async fn bus(answers: impl IntoIterator<Item = Canned>) -> Stub {
    let stub = Stub::start().await.unwrap();
    stub.answers("POST /", answers);
    stub
}

/// The ids in each of the requests that came.
fn requests(bus: &Stub) -> Vec<Vec<String>> {
    let ids = |body: &str| -> Vec<String> {
        let body: Value = serde_json::from_str(body).unwrap();
        let detail =
            |entry: &Value| -> Value { serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap() };
        let entries = body["Entries"].as_array().unwrap();
        entries.iter().map(|entry| detail(entry)["id"].as_str().unwrap().to_owned()).collect()
    };
    bus.asked("POST /").iter().map(|asked| ids(&asked.body)).collect()
}

#[tokio::test]
async fn only_what_the_bus_did_not_take_is_sent_again() {
    const THROTTLED: Option<&str> = Some("ThrottlingException");
    let bus = bus([
        answer(&[None, THROTTLED, None, THROTTLED]),
        answer(&[Some("InternalFailure"), None]),
        answer(&[None]),
    ])
    .await;
    let publications = publications(0..4);
    monitor(&bus.url).publish(&publications).await.unwrap();
    let ids = ids(&publications);
    assert_eq!(requests(&bus), [ids.clone(), vec![ids[1].clone(), ids[3].clone()], vec![ids[1].clone()]]);
}

#[tokio::test]
async fn an_entry_that_the_answer_does_not_tell_of_was_not_taken() {
    let bus = bus([answer(&[None]), answer(&[None])]).await;
    let publications = publications(0..2);
    monitor(&bus.url).publish(&publications).await.unwrap();
    let ids = ids(&publications);
    assert_eq!(requests(&bus), [ids.clone(), vec![ids[1].clone()]]);
}

#[tokio::test]
async fn what_the_bus_never_takes_is_an_error_and_comes_again_the_next_time() {
    let bus =
        bus([answer(&[None, Some("ThrottlingException")]), answer(&[Some("ThrottlingException")])]).await;
    let publications = publications(0..2);
    let error = monitor(&bus.url).publish(&publications).await.unwrap_err();
    assert_eq!(error.to_string(), "the bus refused 1 of the events 4 times: ThrottlingException");
    let sent: Vec<_> = requests(&bus).iter().map(Vec::len).collect();
    assert_eq!(sent, [2, 1, 1, 1]);
}

#[tokio::test]
async fn a_bus_that_throttles_is_an_error_and_takes_everything_later() {
    let throttling = || Canned::json(400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#);
    let bus = bus([throttling()]).await;
    let publications = publications(0..3);
    let monitor = monitor(&bus.url);
    monitor.publish(&publications).await.unwrap_err();
    assert_eq!(requests(&bus).len(), 3, "it is tried three times");
    bus.answers("POST /", [answer(&[None, None, None])]);
    monitor.publish(&publications).await.unwrap();
    assert_eq!(requests(&bus).last(), Some(&ids(&publications)));
}

#[tokio::test]
async fn a_request_has_ten_entries_at_most_and_as_many_bytes_as_the_bus_takes() {
    let bus = bus([answer(&[None; 10])]).await;
    let monitor = monitor(&bus.url);
    monitor.publish(&publications(0..21)).await.unwrap();
    // Two of these are too large for one request; the last is too large for any, and the bus may say so.
    let large: Vec<_> = [100_000, 100_000, 100_000, 300_000, 10]
        .iter()
        .zip(21..)
        .map(|(padding, number)| publication(number, *padding))
        .collect();
    monitor.publish(&large).await.unwrap();
    monitor.publish(&[]).await.unwrap();
    let sent: Vec<_> = requests(&bus).iter().map(Vec::len).collect();
    assert_eq!(sent, [10, 10, 1, 2, 1, 1, 1]);
}
