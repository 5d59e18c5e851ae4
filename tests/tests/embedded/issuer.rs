//! The broker's own issuer, beside the API of `deputize up`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use deputize_e2e::{DeputizeProcess, Environment, HarnessError};
use serde_json::{Value, json};

use crate::{agent, up};

async fn document(url: &str) -> Value {
    reqwest::get(url).await.unwrap().json().await.unwrap()
}

/// The names of the keys that are published.
async fn published(process: &DeputizeProcess) -> Vec<Value> {
    let set = document(&format!("{}/.well-known/jwks.json", process.url())).await;
    set["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect()
}

#[tokio::test]
async fn its_key_is_made_once_for_its_owner_alone_and_outlives_a_crash() -> Result<(), HarnessError> {
    let mut process = up().await?;
    let issuer = process.url().to_owned();
    let discovery = document(&format!("{issuer}/.well-known/openid-configuration")).await;
    assert_eq!(discovery["issuer"], issuer);
    let keys = published(&process).await;
    assert_eq!(keys.len(), 1);
    let file = process.state().join("signing.json");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&file).unwrap();
    let private: Value = serde_json::from_str(&text).unwrap();
    let private = private["signing_keys"][0]["pkcs8"].as_str().unwrap().to_owned();

    process.restart().await?;
    assert_eq!(published(&process).await, keys);
    // The sandboxes trust it, by its documents: nothing else proves the broker to them.
    let client = agent(&process, "devops-agent")?;
    for kind in ["gcp_workload_identity", "azure_service_principal"] {
        let reply = client.ask("devops-agent", &json!({ "type": kind }), &[]).await?;
        assert_eq!(reply.status, 201, "{kind}: {}", reply.text);
    }
    assert!(!process.output().contains(&private[64..128]));
    Ok(())
}

#[tokio::test]
async fn it_has_the_name_that_clouds_know_it_by() -> Result<(), HarnessError> {
    let url = "https://broker.example.com/deputize";
    let settings = format!(r#"{{"identity":{{"issuer":{{"url":"{url}"}}}}}}"#);
    let process =
        DeputizeProcess::start_with(&Environment::locate()?, &[], &[("DEPUTIZE_SETTINGS", &settings)])
            .await?;
    let discovery = document(&format!("{}/.well-known/openid-configuration", process.url())).await;
    assert_eq!(discovery["issuer"], url);
    assert_eq!(discovery["jwks_uri"], format!("{url}/.well-known/jwks.json"));
    // The sandboxes need nothing that is elsewhere.
    let body = json!({ "type": "gcp_workload_identity" });
    let reply = agent(&process, "devops-agent")?.ask("devops-agent", &body, &[]).await?;
    assert_eq!(reply.status, 201, "{}", reply.text);
    Ok(())
}

#[tokio::test]
async fn a_key_file_that_others_may_read_is_not_used() -> Result<(), HarnessError> {
    let mut process = up().await?;
    published(&process).await;
    let file = process.state().join("signing.json");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let told = process.restart().await.unwrap_err().to_string();
    assert!(told.contains("open to others (mode 644)"), "{told}");
    Ok(())
}
