//! `deputize credentials connect`: from a person who agrees in a browser to access tokens for an agent.

use std::process::Stdio;

use deputize_e2e::{Client, DeputizeProcess, Environment, HarnessError};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::clouds::Clouds;

const DOCUMENT: &str = "version: 1
tenant: acme
agents:
  sales-agent: { scopes: [] }
credentials:
  - { id: sales-crm, type: oauth_token, agent: sales-agent, rotate: { every: 4h } }
";

#[tokio::test]
async fn a_person_agrees_once_and_the_agent_gets_tokens() -> Result<(), HarnessError> {
    let clouds = Clouds::start().await;
    let folder = TempDir::new().unwrap();
    let document = folder.path().join("scopes.yaml");
    std::fs::write(&document, DOCUMENT).unwrap();
    let broker =
        DeputizeProcess::start(&Environment::locate()?, &["--scopes", document.to_str().unwrap_or_default()])
            .await?;

    let mut connect = Command::from(broker.command(&broker.admin_token()?)?);
    connect.args(["credentials", "connect", "sales-crm", "--client-id", "crm", "--scope", "read"]);
    connect.args(["--authorize-url", &clouds.authorize_url(), "--token-url", &clouds.token_url()]);
    let mut connect =
        connect.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut told = BufReader::new(connect.stderr.take().unwrap()).lines();
    let address = loop {
        let line = told.next_line().await.unwrap().unwrap_or_else(|| panic!("no address was told"));
        if line.trim().starts_with("http://") {
            break line.trim().to_owned();
        }
    };
    // The browser: it goes where it is sent, and ends at the page on this machine.
    let page = reqwest::get(&address).await.unwrap().text().await.unwrap();
    assert!(page.contains("Connected"), "{page}");
    let output = connect.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("sales-crm"), "{output:?}");

    let agent = Client::new(broker.url(), &broker.agent_token("sales-agent")?);
    let mut tokens = Vec::new();
    // The second time by the refresh token that the first one got in exchange.
    for _ in 0..2 {
        let issued = agent.ask("sales-agent", &json!({ "type": "oauth_token" }), &[]).await?;
        assert_eq!(issued.status, 201, "{}", issued.text);
        let token = issued.json()["credential"]["access_token"].as_str().unwrap_or_default().to_owned();
        let used =
            reqwest::Client::new().get(clouds.resource_url()).bearer_auth(&token).send().await.unwrap();
        assert_eq!(used.status(), 200);
        tokens.push(token);
    }
    assert_ne!(tokens[0], tokens[1]);
    assert!(tokens.iter().all(|token| !broker.output().contains(token)), "a token is in the log");
    Ok(())
}
