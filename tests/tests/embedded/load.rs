//! Many at once, and death at any moment. The heavy versions are behind `DEPUTIZE_HEAVY_TESTS`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use deputize_broker::lease::LeaseState;
use deputize_e2e::{Client, DeputizeProcess, Environment, HarnessError};
use futures::future::join_all;
use serde_json::json;
use tokio::sync::Notify;

use crate::{agent, records, up};

fn heavy() -> bool {
    std::env::var_os("DEPUTIZE_HEAVY_TESTS").is_some()
}

/// One agent with a budget of its own.
async fn up_with_budget(
    live: u32,
    per_minute: u32,
) -> Result<(DeputizeProcess, tempfile::TempDir), HarnessError> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("scopes.yaml");
    let document = format!(
        "version: 1\ntenant: acme\nagents:\n  busy-agent:\n    budget: {{ live_leases: {live}, per_minute: {per_minute} }}\n    scopes:\n      - cloud: aws\n        role: arn:aws:iam::123456789012:role/busy\n        permissions: [s3:GetObject]\n        resources: [\"arn:aws:s3:::data/*\"]\n"
    );
    std::fs::write(&file, document).unwrap();
    let arguments = ["--scopes", file.to_str().unwrap()];
    Ok((DeputizeProcess::start(&Environment::locate()?, &arguments).await?, directory))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_requests_with_one_idempotency_key_are_one_lease() -> Result<(), HarnessError> {
    let mut process = up().await?;
    let devops = agent(&process, "devops-agent")?;
    let body = json!({ "cloud": "aws", "permissions": ["ecs:DescribeServices"] });
    let requests = (0..50).map(|_| devops.ask("devops-agent", &body, &[("idempotency-key", "task-1")]));
    let mut keys = BTreeSet::new();
    for reply in join_all(requests).await {
        let reply = reply?;
        assert_eq!(reply.status, 201, "{}", reply.text);
        keys.insert((reply.json()["lease_id"].to_string(), reply.json()["credential"].to_string()));
    }
    assert_eq!(keys.len(), 1);
    let other =
        devops.ask("devops-agent", &json!({ "cloud": "aws" }), &[("idempotency-key", "task-1")]).await?;
    assert_eq!((other.status.as_u16(), other.code().as_str()), (409, "conflict"));
    process.kill()?;
    assert_eq!(records::read(process.state()).await.leases.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_clients_at_once_never_overshoot_the_budget_and_lose_no_lease() -> Result<(), HarnessError>
{
    let (requests, budget) = if heavy() { (10_000_u32, 5_000) } else { (1_000, 500) };
    let (mut process, _scopes) = up_with_budget(budget, 1_000_000).await?;
    let (left, issued, refused) = (AtomicU32::new(requests), AtomicU32::new(0), AtomicU32::new(0));
    let token = process.agent_token("busy-agent")?;
    let url = process.url().to_owned();
    let client = || async {
        let client = Client::new(&url, &token);
        while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            let reply = client.ask("busy-agent", &json!({ "cloud": "aws" }), &[]).await?;
            match reply.status.as_u16() {
                201 => issued.fetch_add(1, Ordering::Relaxed),
                429 => refused.fetch_add(1, Ordering::Relaxed),
                _ => panic!("{} {}", reply.status, reply.text),
            };
        }
        Ok::<_, HarnessError>(())
    };
    for outcome in join_all((0..64).map(|_| client())).await {
        outcome?;
    }
    assert_eq!(issued.into_inner(), budget);
    assert_eq!(refused.into_inner(), requests - budget);
    process.kill()?;
    let records = records::read(process.state()).await;
    assert_eq!(records.leases.len(), budget as usize);
    for lease in &records.leases {
        assert_eq!(records.count(lease, "credential_requested"), 1);
        assert_eq!(records.count(lease, "credential_issued"), 1);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_being_killed() -> Result<(), HarnessError> {
    let kills = if heavy() { 100 } else { 8 };
    let (mut process, _scopes) = up_with_budget(1_000_000, 1_000_000).await?;
    let mut acknowledged = BTreeSet::new();
    for round in 0..kills {
        let client = Client::new(process.url(), &process.agent_token("busy-agent")?);
        let first = Arc::new(Notify::new());
        let load = (0..8).map(|_| {
            let (client, first) = (client.clone(), Arc::clone(&first));
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while let Ok(reply) = client.ask("busy-agent", &json!({ "cloud": "aws" }), &[]).await {
                    if reply.status == 201 {
                        seen.push(reply.json()["lease_id"].as_str().unwrap().to_owned());
                        first.notify_one();
                    }
                }
                seen
            })
        });
        let load: Vec<_> = load.collect();
        // Every second time something was answered before, however busy the machine is.
        if round % 2 == 1 {
            let waited = tokio::time::timeout(Duration::from_secs(60), first.notified()).await;
            waited.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(60 + 13 * (round % 11))).await;
        process.kill()?;
        for seen in join_all(load).await {
            acknowledged.extend(seen.unwrap());
        }
        process.restart().await?;
    }
    process.kill()?;
    assert!(!acknowledged.is_empty());
    let records = records::read(process.state()).await;
    let active: BTreeSet<_> = records
        .leases
        .iter()
        .filter(|lease| matches!(lease.state, LeaseState::Active(_)))
        .map(|lease| lease.id.to_string())
        .collect();
    let lost: Vec<_> = acknowledged.difference(&active).collect();
    assert!(lost.is_empty(), "{lost:?}");
    for lease in &records.leases {
        let issued = usize::from(matches!(lease.state, LeaseState::Active(_)));
        assert_eq!(records.count(lease, "credential_requested"), 1);
        assert_eq!(records.count(lease, "credential_issued"), issued);
    }
    let of_leases = records.events.iter().filter_map(|event| event.what.lease());
    let known: BTreeSet<_> = records.leases.iter().map(|lease| lease.id).collect();
    assert!(
        of_leases.into_iter().all(|id| known.contains(&id)),
        "an event tells of a lease that is not there"
    );
    Ok(())
}
