//! A witness: a ledger that tells another story than before is found out by who remembers.

use std::path::Path;

use deputize_e2e::HarnessError;
use serde_json::json;
use tempfile::TempDir;

use crate::{World, offline};

const WITNESS: [&str; 4] = ["witness", "--state", "witness.json", "--once"];

const SHOW: [&str; 6] =
    ["witness", "--state", "witness.json", "--name", "witness.example.org/one", "--show-key"];

#[tokio::test]
async fn a_witness_cosigns_what_grew_and_refuses_a_ledger_that_was_put_back() -> Result<(), HarnessError> {
    let mine = TempDir::new().unwrap();
    let key = offline(mine.path(), &SHOW).await.well();
    assert!(key.starts_with("witness.example.org/one+"), "{key}");
    assert_eq!(offline(mine.path(), &SHOW).await.well(), key, "it has one key");
    let mut world = World::with(mine, &json!({ "audit": { "witnesses": [key.trim()] } })).await?;
    let lease = world.issue().await;
    world.sealed("credential_issued", &lease).await;
    world.audit(&WITNESS).await.well();

    // Stopped, so that what is copied is whole.
    world.process.kill()?;
    let backup = world.mine.path().join("backup");
    copy(world.process.state(), &backup);
    world.process.restart().await?;
    for _ in 0..3 {
        let later = world.issue().await;
        world.sealed("credential_issued", &later).await;
    }
    world.audit(&WITNESS).await.well();
    let cosigned = world.admin().get("/v1/audit/checkpoint/cosigned").await?;
    assert!(cosigned.text.contains("— witness.example.org/one "), "{}", cosigned.text);
    let remembered = std::fs::read(world.mine.path().join("witness.json")).unwrap();

    world.process.kill()?;
    std::fs::remove_dir_all(world.process.state()).unwrap();
    copy(&backup, world.process.state());
    world.process.restart().await?;
    let lease = world.issue().await;
    world.sealed("credential_issued", &lease).await;
    let refused = world.audit(&WITNESS).await.badly();
    assert!(refused.contains("REFUSED"), "{refused}");
    assert_eq!(std::fs::read(world.mine.path().join("witness.json")).unwrap(), remembered);
    Ok(())
}

#[tokio::test]
async fn a_witness_that_the_broker_does_not_know_is_not_published() -> Result<(), HarnessError> {
    let world = World::new().await?;
    let lease = world.issue().await;
    world.sealed("credential_issued", &lease).await;
    assert!(world.audit(&WITNESS).await.badly().contains("no witness that is known"));
    assert_eq!(world.admin().get("/v1/audit/checkpoint/cosigned").await?.code(), "not_found");
    Ok(())
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), &to).unwrap();
        }
    }
}
