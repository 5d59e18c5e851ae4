//! From an issued credential to a proof that needs nobody.

use deputize_e2e::{Environment, HarnessError, Process};
use serde_json::{Value, json};

use crate::{LIMIT, World};

#[tokio::test]
async fn what_was_issued_is_told_proved_copied_and_verified_offline() -> Result<(), HarnessError> {
    let world = World::new().await?;
    let lease = world.issue().await;
    let entry = world.sealed("credential_issued", &lease).await;
    let id = entry["event"]["id"].as_str().unwrap();
    let key = world.key().await;

    let told = world.audit(&["tail", "--lease", &lease, "--kind", "credential_issued"]).await.well();
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.contains("credential_issued") && told.contains(&lease) && told.contains("token:"), "{told}");

    world.audit(&["proof", id, "--out", "proof.json"]).await.well();
    let proved = world.offline(&["verify", "--proof", "proof.json", "--key", &key]).await.well();
    assert!(proved.contains(&lease), "{proved}");

    let verified = world.audit(&["verify", "--key", &key]).await;
    assert!(!verified.err.contains("WARNING"), "{}", verified.err);
    assert!(verified.well().contains("all of them right"));
    let without = world.audit(&["verify", world.process.url()]).await;
    assert!(without.err.contains("WARNING: the key came from the same place"), "{}", without.err);
    without.well();

    world.audit(&["copy", "copy"]).await.well();
    let kept = world.mine.path().join("kept");
    let year = entry["year"].to_string();
    std::fs::copy(world.mine.path().join("copy").join(&year).join("checkpoint"), &kept).unwrap();
    world.offline(&["verify", "copy", "--key", &key]).await.well();

    // More happens, and only what is new is fetched.
    let later = world.issue().await;
    world.sealed("credential_issued", &later).await;
    world.audit(&["copy", "copy"]).await.well();
    let grown = world.offline(&["verify", "copy", "--key", &key, "--since", "kept"]).await.well();
    assert!(grown.contains("grew from the checkpoint that was kept"), "{grown}");
    Ok(())
}

#[tokio::test]
async fn who_follows_is_told_of_what_happens() -> Result<(), HarnessError> {
    let world = World::new().await?;
    let environment = Environment::locate()?;
    let mut command = world.process.command(&world.process.admin_token()?)?;
    command.args(["audit", "tail", "--follow", "--kind", "credential_issued"]).current_dir(world.mine.path());
    let mut following = Process::start("tail", command, &environment.logs())?;
    for _ in 0..2 {
        let lease = world.issue().await;
        following.line("the lease", LIMIT, |line| line.contains(&lease).then_some(())).await?;
    }
    following.kill()
}

#[tokio::test]
async fn a_bit_that_was_flipped_in_a_copy_is_found_where_it_is() -> Result<(), HarnessError> {
    let world = World::new().await?;
    let lease = world.issue().await;
    let entry = world.sealed("credential_issued", &lease).await;
    let key = world.key().await;
    world.audit(&["copy", "copy"]).await.well();
    let bundles = world.mine.path().join("copy").join(entry["year"].to_string()).join("tile/entries");
    let bundle = find_file(&bundles);
    let mut bytes = std::fs::read(&bundle).unwrap();
    let place = bytes.windows(17).position(|part| part == b"credential_issued").unwrap();
    bytes[place] ^= 1;
    std::fs::write(&bundle, bytes).unwrap();
    let told = world.offline(&["verify", "copy", "--key", &key]).await.badly();
    assert!(told.contains(&format!("the first entry that is wrong is {}", entry["sequence"])), "{told}");
    Ok(())
}

/// The one file below a directory.
fn find_file(directory: &std::path::Path) -> std::path::PathBuf {
    let entry = std::fs::read_dir(directory).unwrap().next().unwrap().unwrap();
    if entry.file_type().unwrap().is_dir() { find_file(&entry.path()) } else { entry.path() }
}

#[tokio::test]
async fn a_proof_of_something_else_is_refused() -> Result<(), HarnessError> {
    let world = World::new().await?;
    let lease = world.issue().await;
    let entry = world.sealed("credential_issued", &lease).await;
    let key = world.key().await;
    world.audit(&["proof", entry["event"]["id"].as_str().unwrap(), "--out", "proof.json"]).await.well();
    let path = world.mine.path().join("proof.json");
    let mut proof: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    proof["entry"] = json!(proof["entry"].as_str().unwrap().replace("devops-agent", "nobody-agent"));
    std::fs::write(&path, proof.to_string()).unwrap();
    let told = world.offline(&["verify", "--proof", "proof.json", "--key", &key]).await.badly();
    assert!(told.contains("is not proved to be in"), "{told}");
    Ok(())
}

#[tokio::test]
async fn who_was_forgotten_is_a_pseudonym_and_the_proof_still_holds() -> Result<(), HarnessError> {
    let world = World::new().await?;
    let lease = world.issue().await;
    let entry = world.sealed("credential_issued", &lease).await;
    let id = entry["event"]["id"].as_str().unwrap();
    let identity = entry["personal"]["identity"].as_str().unwrap();
    let key = world.key().await;
    let erased: Value = serde_json::from_str(&world.audit(&["erase", identity]).await.well()).unwrap();
    assert_eq!(erased["subject"], entry["subject"]);
    let after = world.admin().get(&format!("/v1/audit/entries/{id}")).await?.json();
    assert_eq!((after.get("personal"), &after["leaf"]), (None, &entry["leaf"]));
    world.audit(&["proof", id, "--out", "proof.json"]).await.well();
    world.offline(&["verify", "--proof", "proof.json", "--key", &key]).await.well();
    assert!(world.audit(&["erase", "nobody"]).await.badly().contains("not_found"));
    world.entry("/v1/audit/entries?kind=personal_data_erased").await;
    Ok(())
}
