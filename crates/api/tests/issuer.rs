//! The issuer's documents as relying parties fetch them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "fakes/signing.rs"]
mod signing;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use deputize_api::issuer_router;
use deputize_broker::issuer::Schedule;
use deputize_testkit::signing::MovedClock;
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tower::ServiceExt as _;

use signing::{CANARY, OneKey, issuer};

struct Answer {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    text: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

struct World {
    router: axum::Router,
    keys: Arc<OneKey>,
    clock: Arc<MovedClock>,
}

fn world() -> World {
    let (keys, clock) = (Arc::new(OneKey::default()), Arc::new(MovedClock::new(Timestamp::UNIX_EPOCH)));
    World { router: issuer_router(issuer(keys.clone(), clock.clone())), keys, clock }
}

impl World {
    async fn send(&self, method: &str, path: &str, if_none_match: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !if_none_match.is_empty() {
            request = request.header("if-none-match", if_none_match);
        }
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }
}

#[tokio::test]
async fn anybody_reads_the_documents_and_may_keep_them_for_as_long_as_the_schedule_counts_on() {
    let world = world();
    let discovery = world.send("GET", "/.well-known/openid-configuration", "").await;
    let document: Value = serde_json::from_str(&discovery.text).unwrap();
    let jwks = document["jwks_uri"].as_str().unwrap();
    let keys = world.send("GET", jwks.strip_prefix("https://broker.example.com").unwrap(), "").await;
    let set: Value = serde_json::from_str(&keys.text).unwrap();
    assert_eq!(set["keys"].as_array().unwrap().len(), 1);
    for answer in [&discovery, &keys] {
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("content-type"), "application/json");
        let max_age = Schedule::default().max_age().get();
        assert_eq!(answer.header("cache-control"), format!("public, max-age={max_age}"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    let head = world.send("HEAD", "/.well-known/jwks.json", "").await;
    assert_eq!((head.status, head.text.as_str()), (StatusCode::OK, ""));
    let post = world.send("POST", "/.well-known/jwks.json", "").await;
    assert_eq!(post.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn whoever_has_the_current_document_is_told_so() {
    let world = world();
    for path in ["/.well-known/openid-configuration", "/.well-known/jwks.json"] {
        let tag = world.send("GET", path, "").await.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() == 34, "{tag}");
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".into()] {
            let answer = world.send("GET", path, &known).await;
            assert_eq!((answer.status, answer.text.as_str()), (StatusCode::NOT_MODIFIED, ""), "{known}");
            assert_eq!(answer.header("etag"), tag);
            assert!(answer.header("cache-control").starts_with("public"));
        }
        for stale in ["\"other\"", tag.trim_matches('"'), &tag[..20]] {
            assert_eq!(world.send("GET", path, stale).await.status, StatusCode::OK, "{stale}");
        }
    }
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_a_problem_that_no_cache_keeps() {
    let world = world();
    world.keys.away.store(true, Ordering::Relaxed);
    let answer = world.send("GET", "/.well-known/jwks.json", "*").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!((answer.header("cache-control"), answer.header("retry-after")), ("no-store", "5"));
    assert!(answer.text.contains("issuer_unavailable") && !answer.text.contains(CANARY), "{}", answer.text);
    assert_eq!(world.send("GET", "/.well-known/openid-configuration", "").await.status, StatusCode::OK);

    world.keys.away.store(false, Ordering::Relaxed);
    assert_eq!(world.send("GET", "/.well-known/jwks.json", "").await.status, StatusCode::OK);
    // Keys that were read are used for a while, and not for ever.
    world.keys.away.store(true, Ordering::Relaxed);
    assert_eq!(world.send("GET", "/.well-known/jwks.json", "").await.status, StatusCode::OK);
    world.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(world.send("GET", "/.well-known/jwks.json", "").await.status, StatusCode::SERVICE_UNAVAILABLE);
}
