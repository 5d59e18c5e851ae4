//! Evidence: what is handed out can be checked by who gets it.

use deputize_e2e::HarnessError;
use serde_json::Value;

use crate::World;

#[tokio::test]
async fn evidence_has_every_event_of_its_kinds_and_proves_each() -> Result<(), HarnessError> {
    let world = World::new().await?;
    let leases = [world.issue().await, world.issue().await];
    for lease in &leases {
        world.sealed("credential_issued", lease).await;
    }
    let key = world.key().await;
    for format in ["csv", "json", "ocsf"] {
        let arguments = ["--control", "CC6.1", "--from", "2020-01-01", "--to", "2120-01-01", "--out", format];
        let arguments = [&["export", "--format", format, "--key", &key], arguments.as_slice()].concat();
        world.audit(&arguments).await.well();
        let directory = world.mine.path().join(format);
        let manifest: Value =
            serde_json::from_slice(&std::fs::read(directory.join("manifest.json")).unwrap()).unwrap();
        let rows = manifest["rows"].as_array().unwrap();
        assert_eq!(manifest["population"], rows.len());
        let told =
            |lease: &str| rows.iter().filter(|row| row["entry"].as_str().unwrap().contains(lease)).count();
        assert!(leases.iter().all(|lease| told(lease) == 2), "asked for and issued, each once: {rows:?}");
        world.offline(&["verify", "--evidence", format, "--key", &key]).await.well();
    }
    // The exports themselves are on record.
    let entry = world.entry("/v1/audit/entries?kind=evidence_exported").await;
    assert_eq!(entry["event"]["control"], "CC6.1");

    let none =
        ["export", "--control", "CC6.1", "--from", "2020-01-01", "--to", "2020-02-01", "--out", "none"];
    assert!(world.audit(&none).await.well().contains("0 of"));
    world.offline(&["verify", "--evidence", "none", "--key", &key]).await.well();
    Ok(())
}

#[tokio::test]
async fn evidence_that_was_changed_is_refused() -> Result<(), HarnessError> {
    let world = World::new().await?;
    let lease = world.issue().await;
    world.sealed("credential_issued", &lease).await;
    let key = world.key().await;
    let export =
        ["export", "--control", "CC6.1", "--from", "2020-01-01", "--to", "2120-01-01", "--out", "out"];
    world.audit(&export).await.well();
    let verify = ["verify", "--evidence", "out", "--key", &key];
    world.offline(&verify).await.well();

    let table = world.mine.path().join("out/evidence.csv");
    let text = std::fs::read_to_string(&table).unwrap();
    std::fs::write(&table, text.replace("devops-agent", "nobody-agent")).unwrap();
    assert!(
        world.offline(&verify).await.badly().contains("is not the file that the manifest has the hash of")
    );
    std::fs::write(&table, &text).unwrap();

    let path = world.mine.path().join("out/manifest.json");
    let manifest: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let mut forged = manifest.clone();
    for row in forged["rows"].as_array_mut().unwrap() {
        row["entry"] = row["entry"].as_str().unwrap().replace("devops-agent", "nobody-agent").into();
    }
    assert_ne!(forged, manifest);
    std::fs::write(&path, forged.to_string()).unwrap();
    assert!(world.offline(&verify).await.badly().contains("does not lead to the root"));

    // A row less: the table says more than is proved.
    let mut shorter = manifest;
    shorter["rows"].as_array_mut().unwrap().pop();
    shorter["population"] = shorter["rows"].as_array().unwrap().len().into();
    std::fs::write(&path, shorter.to_string()).unwrap();
    assert!(world.offline(&verify).await.badly().contains("does not say what the proved entries say"));
    Ok(())
}
