//! The routes: who may, what is answered, what is refused.

use deputize_e2e::{Client, HarnessError, Reply};
use reqwest::Method;
use serde_json::{Value, json};

use crate::World;

async fn report(client: &Client, body: Value) -> Reply {
    client.send(Method::POST, "/v1/audit/events", &[], body.to_string()).await.unwrap()
}

#[tokio::test]
async fn an_agent_may_report_and_may_not_look() -> Result<(), HarnessError> {
    let world = World::new().await?;
    let agent = world.agent();
    for path in ["entries", "logs", "checkpoint", "key", "tile/entries/000.p/1"] {
        let reply = agent.get(&format!("/v1/audit/{path}")).await?;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (403, "forbidden"), "{path}");
    }
    for (path, body) in [
        (
            "exports",
            json!({ "control": "CC6.1", "from": "2026-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z", "format": "csv" }),
        ),
        ("subjects:erase", json!({ "identity": "anybody" })),
    ] {
        let reply = agent.send(Method::POST, &format!("/v1/audit/{path}"), &[], body.to_string()).await?;
        assert_eq!(reply.code(), "forbidden", "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn a_report_is_sealed_as_its_callers_word() -> Result<(), HarnessError> {
    let world = World::new().await?;
    let (agent, lease) = (world.agent(), world.issue().await);
    let body = json!({ "kind": "service_described", "lease": lease, "details": { "calls": 3 } });
    let taken = report(&agent, body).await;
    assert_eq!(taken.status, 202, "{}", taken.text);
    let entry = world.sealed("usage_reported", &lease).await;
    assert_eq!(entry["event"]["id"], taken.json()["id"]);
    assert_eq!(entry["event"]["by"]["agent"], "devops-agent");
    assert_eq!(entry["event"]["reported"], "service_described");
    assert_eq!(entry["personal"]["details"], json!({ "calls": 3 }));

    let unknown = "01932f6e-2c00-7000-8000-000000000001";
    for (body, status, code) in [
        (json!({ "kind": "used", "lease": unknown }), 404, "not_found"),
        (json!({ "kind": "used", "credential": "nobodys" }), 404, "not_found"),
        (json!({ "kind": "Not a name" }), 400, "invalid_request"),
        (json!({ "kind": "used", "by": "somebody else" }), 400, "invalid_request"),
        (json!({ "kind": "used", "details": { "half": 0.5 } }), 400, "invalid_request"),
        (json!({ "kind": "used", "at": "yesterday" }), 400, "invalid_request"),
        (json!({ "kind": "used", "details": { "long": "x".repeat(9_000) } }), 400, "invalid_request"),
        (json!({ "kind": "used", "details": { "long": "x".repeat(20_000) } }), 413, "too_large"),
    ] {
        let reply = report(&agent, body.clone()).await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (status, code), "{}", reply.text);
    }
    Ok(())
}

#[tokio::test]
async fn entries_are_found_by_what_they_tell_of_page_by_page() -> Result<(), HarnessError> {
    let world = World::new().await?;
    let lease = world.issue().await;
    world.sealed("credential_issued", &lease).await;
    let admin = world.admin();
    let (mut entries, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = admin.get(&format!("/v1/audit/entries?lease={lease}&limit=1{cursor}")).await?.json();
        entries.extend(page["entries"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let kinds: Vec<&str> = entries.iter().map(|entry| entry["event"]["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["credential_issued", "credential_requested"]);
    assert_eq!(admin.get("/v1/audit/entries?from=2100-01-01T00:00:00Z").await?.json()["entries"], json!([]));
    assert_eq!(admin.get("/v1/audit/entries?agent=nobody").await?.json()["entries"], json!([]));
    for query in [
        "kind=nothing",
        "limit=0",
        "limit=101",
        "from=now",
        "cursor=x",
        "colour=red",
        "year=2026&cursor=2025:1",
    ] {
        assert_eq!(
            admin.get(&format!("/v1/audit/entries?{query}")).await?.code(),
            "invalid_request",
            "{query}"
        );
    }
    let absent = admin.get("/v1/audit/entries/01932f6e-2c00-7000-8000-000000000001/proof").await?;
    assert_eq!((absent.status.as_u16(), absent.code().as_str()), (404, "not_found"));
    Ok(())
}

#[tokio::test]
async fn the_files_of_a_log_are_there_as_others_read_them() -> Result<(), HarnessError> {
    let world = World::new().await?;
    let lease = world.issue().await;
    let entry = world.sealed("credential_issued", &lease).await;
    let admin = world.admin();
    let logs = admin.get("/v1/audit/logs").await?.json();
    let year = logs["logs"][0]["year"].clone();
    assert_eq!(year, entry["year"]);
    let checkpoint = admin.get(&format!("/v1/audit/logs/{year}/checkpoint")).await?;
    assert!(checkpoint.header("content-type").starts_with("text/plain"), "{checkpoint:?}");
    let lines: Vec<&str> = checkpoint.text.lines().collect();
    assert_eq!(lines[0], logs["logs"][0]["origin"]);
    let size: u64 = lines[1].parse().unwrap();
    assert!(size > entry["sequence"].as_u64().unwrap());
    let bundle = admin.get(&format!("/v1/audit/logs/{year}/tile/entries/000.p/{size}")).await?;
    assert_eq!((bundle.status.as_u16(), bundle.header("content-type")), (200, "application/octet-stream"));
    // A narrower one, as a reader asks for who has an earlier checkpoint.
    assert_eq!(admin.get(&format!("/v1/audit/logs/{year}/tile/0/000.p/1")).await?.status, 200);
    for path in ["tile/0/999", "tile/9/../0/000", "tile/entries/0", "checkpoint/cosigned"] {
        assert_eq!(admin.get(&format!("/v1/audit/logs/{year}/{path}")).await?.status, 404, "{path}");
    }
    assert_eq!(admin.get("/v1/audit/logs/1999/key").await?.code(), "not_found");
    let nonsense = admin.send(Method::POST, "/v1/audit/cosignatures", &[], "no note".to_owned()).await?;
    assert_eq!(nonsense.code(), "invalid_request");
    let uncosigned = admin.send(Method::POST, "/v1/audit/cosignatures", &[], checkpoint.text).await?;
    assert_eq!(uncosigned.code(), "forbidden");
    Ok(())
}
