//! Races and failures, as S3 documents its answers to them.

use deputize_broker::ports::StoreError;
use deputize_broker::ports::ledger::{LogObjects as _, ObjectPath, PutError};
use deputize_testkit::stub::{Canned, Stub};

use crate::place::objects;

const TILE: &[u8] = b"tile";
/// Of those bytes, in base64.
const TILE_SHA256: &str = "i2aLiZSqhFEHOZmUWT0MqDFSC+UlfwBTUaDsE+l6Ob4=";

const PUT: &str = "PUT ";
const GET: &str = "GET ";

fn path() -> ObjectPath {
    ObjectPath::parse("tile/0/000").unwrap()
}

fn ok() -> Canned {
    Canned::Answer(200, "application/xml", Vec::new(), Vec::new())
}

fn error(status: u16, code: &str) -> Canned {
    let body =
        format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>As planned.</Message></Error>");
    Canned::Answer(status, "application/xml", Vec::new(), body.into_bytes())
}

fn exists() -> Canned {
    error(412, "PreconditionFailed")
}

fn conflict() -> Canned {
    error(409, "ConditionalRequestConflict")
}

fn body(bytes: &[u8]) -> Canned {
    Canned::Answer(200, "application/octet-stream", Vec::new(), bytes.to_vec())
}

/// What comes of a put where S3 answers puts and reads so, and how often it was asked for each.
async fn put(
    puts: impl IntoIterator<Item = Canned>,
    gets: impl IntoIterator<Item = Canned>,
) -> (Result<(), PutError>, [usize; 2]) {
    let stub = Stub::start().await.unwrap();
    stub.answers(PUT, puts);
    stub.answers(GET, gets);
    let outcome = objects(&stub.url, None).put(&path(), TILE).await;
    for asked in stub.asked(PUT) {
        assert_eq!(asked.headers["if-none-match"], "*");
    }
    (outcome, [PUT, GET].map(|method| stub.asked(method).len()))
}

#[tokio::test]
async fn what_is_sent_names_its_bytes_and_that_there_must_be_none() {
    let stub = Stub::start().await.unwrap();
    stub.answers(PUT, [ok()]);
    let objects = objects(&stub.url, None);
    objects.put(&path(), TILE).await.unwrap();
    objects.replace(&path(), TILE).await.unwrap();
    let [put, replaced] = [0, 1].map(|n| stub.asked(PUT)[n].clone());
    assert!(put.line.starts_with("PUT /ledger/logs/production/tile/0/000"), "{}", put.line);
    assert_eq!(put.headers["if-none-match"], "*");
    assert!(!replaced.headers.contains_key("if-none-match"));
    for asked in [put, replaced] {
        assert_eq!(
            (asked.body.as_bytes(), asked.headers["x-amz-checksum-sha256"].as_str()),
            (TILE, TILE_SHA256)
        );
        assert!(!asked.headers.contains_key("x-amz-object-lock-mode"));
    }
}

#[tokio::test]
async fn what_is_there_already_is_looked_at() {
    let (same, asked) = put([exists()], [body(TILE)]).await;
    assert!(same.is_ok() && asked == [1, 1], "{same:?} {asked:?}");
    let (other, asked) = put([exists()], [body(b"tale")]).await;
    assert!(matches!(&other, Err(PutError::Different(at)) if *at == path()) && asked == [1, 1], "{other:?}");
}

#[tokio::test]
async fn what_was_written_by_an_attempt_whose_answer_was_lost_is_no_rival() {
    let (outcome, asked) = put([error(500, "InternalError"), exists()], [body(TILE)]).await;
    assert!(outcome.is_ok() && asked == [2, 1], "{outcome:?} {asked:?}");
}

#[tokio::test]
async fn a_race_is_run_again() {
    let (outcome, asked) = put([conflict(), conflict(), ok()], []).await;
    assert!(outcome.is_ok() && asked == [3, 0], "{outcome:?} {asked:?}");
    let (outcome, asked) = put([conflict(), exists()], [body(b"tale")]).await;
    assert!(matches!(outcome, Err(PutError::Different(_))) && asked == [2, 1], "{outcome:?} {asked:?}");
    // There when it was written, and removed when it was looked at.
    let (outcome, asked) = put([exists(), ok()], [error(404, "NoSuchKey")]).await;
    assert!(outcome.is_ok() && asked == [2, 1], "{outcome:?} {asked:?}");
}

#[tokio::test]
async fn a_race_without_an_end_is_given_up() {
    let (outcome, asked) = put([conflict()], []).await;
    assert!(matches!(outcome, Err(PutError::Store(StoreError::Unavailable(_)))), "{outcome:?}");
    assert_eq!(asked, [5, 0]);
}

#[tokio::test]
async fn a_rival_that_cannot_be_looked_at_is_not_told_to_be_different() {
    let (outcome, _) = put([exists()], [error(403, "AccessDenied")]).await;
    assert!(matches!(outcome, Err(PutError::Store(StoreError::Unavailable(_)))), "{outcome:?}");
}

#[tokio::test]
async fn too_many_requests_are_told_as_such() {
    let (outcome, asked) = put([error(503, "SlowDown")], []).await;
    assert!(matches!(outcome, Err(PutError::Store(StoreError::Throttled))), "{outcome:?}");
    assert_eq!(asked, [3, 0]);
}

#[tokio::test]
async fn only_a_key_that_is_not_there_is_none() {
    for (answer, none) in [
        (error(404, "NoSuchKey"), true),
        (error(404, "NoSuchBucket"), false),
        (error(403, "AccessDenied"), false),
        (error(500, "InternalError"), false),
        (body(TILE).with("x-amz-checksum-sha256", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), false),
        (Canned::BrokenOff, false),
    ] {
        let stub = Stub::start().await.unwrap();
        stub.answers(GET, [answer.clone()]);
        let read = objects(&stub.url, None).get(&path()).await;
        match read {
            Ok(None) => assert!(none, "{answer:?}"),
            Err(StoreError::Unavailable(_)) => assert!(!none, "{answer:?}"),
            other => panic!("{answer:?}: {other:?}"),
        }
        assert_eq!(stub.asked(GET)[0].headers["x-amz-checksum-mode"], "ENABLED");
    }
}
