//! The commands that talk to a broker, and the process's life.

use std::process::{Command, Output};
use std::time::Duration;

use deputize_e2e::{Client, DeputizeProcess, Environment, HarnessError, until};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{admin, up};

const ONE: &str = "version: 1
tenant: acme
agents:
  first-agent:
    scopes:
      - cloud: aws
        role: arn:aws:iam::123456789012:role/first
        permissions: [s3:GetObject]
        resources: [\"arn:aws:s3:::data/*\"]
";

/// Runs a command to its end, off the thread that others wait on.
async fn output(command: Command) -> Output {
    let run = move || {
        let mut command = command;
        command.output()
    };
    tokio::task::spawn_blocking(run).await.unwrap().unwrap()
}

async fn succeed(process: &DeputizeProcess, arguments: &[&str]) -> Result<String, HarnessError> {
    let mut command = process.command(&process.admin_token()?)?;
    command.args(arguments);
    let output = output(command).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(text)
}

#[tokio::test]
async fn a_credential_is_asked_for_in_each_format() -> Result<(), HarnessError> {
    let process = up().await?;
    let ask = |format: &str| {
        let mut command = process.command(&process.agent_token("devops-agent")?)?;
        let permission = ["--permission", "ecs:DescribeServices", "--duration", "15m"];
        command.args(["request", "devops-agent", "aws", "--format", format]).args(permission);
        Ok::<_, HarnessError>(output(command))
    };
    let json: Value = serde_json::from_slice(&ask("json")?.await.stdout).unwrap();
    assert_eq!(json["scope"]["permissions"], json!(["ecs:DescribeServices"]));
    let process_format: Value = serde_json::from_slice(&ask("credential-process")?.await.stdout).unwrap();
    assert_eq!(process_format["Version"], 1);
    let lines = String::from_utf8(ask("env")?.await.stdout).unwrap();
    assert!(lines.lines().all(|line| line.starts_with("export AWS_")), "{lines}");

    let mut wider = process.command(&process.agent_token("devops-agent")?)?;
    wider.args(["request", "devops-agent", "aws", "--permission", "iam:CreateUser"]);
    let refused = output(wider).await;
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains("outside_grant") && told.contains("iam:CreateUser"), "{told}");
    Ok(())
}

const PASSES_ON: &str = "version: 1
tenant: acme
agents:
  first-agent:
    scopes:
      - cloud: aws
        role: arn:aws:iam::123456789012:role/first
        permissions: [s3:GetObject, s3:ListBucket, sts:GetScopedCredentials]
";

#[tokio::test]
async fn a_lease_is_narrowed_by_the_broker_or_by_its_holder() -> Result<(), HarnessError> {
    let folder = tempfile::TempDir::new().unwrap();
    let document = folder.path().join("scopes.yaml");
    std::fs::write(&document, PASSES_ON).unwrap();
    let environment = Environment::locate()?;
    let process =
        DeputizeProcess::start(&environment, &["--scopes", document.to_str().unwrap_or_default()]).await?;
    let first = Client::new(process.url(), &process.agent_token("first-agent")?);
    let parent = first.ask("first-agent", &json!({ "cloud": "aws" }), &[]).await?.json();
    let field = |of: &Value, name: &str| of["credential"][name].as_str().unwrap_or_default().to_owned();

    for via in ["mint", "scope-down"] {
        let mut command = process.command(&process.agent_token("first-agent")?)?;
        command.args(["narrow", parent["lease_id"].as_str().unwrap_or_default(), "--via", via]);
        command.args(["--permission", "s3:GetObject", "--duration", "15m"]);
        command.env("AWS_ENDPOINT_URL_STS", format!("{}/sandbox/aws", process.url()));
        command.env("AWS_REGION", "eu-west-1");
        command.env("AWS_ACCESS_KEY_ID", field(&parent, "access_key_id"));
        command.env("AWS_SECRET_ACCESS_KEY", field(&parent, "secret_access_key"));
        command.env("AWS_SESSION_TOKEN", field(&parent, "session_token"));
        let output = output(command).await;
        assert!(output.status.success(), "{via}: {}", String::from_utf8_lossy(&output.stderr));
        let child: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(child["lineage"], json!([parent["lease_id"]]), "{via}");
        for (action, allowed) in [("s3:GetObject", true), ("s3:ListBucket", false)] {
            let question = json!({
                "access_key_id": field(&child, "access_key_id"), "session_token": field(&child, "session_token"),
                "action": action, "resource": "arn:aws:s3:::data/1", "region": "eu-west-1",
            });
            let headers = [("content-type", "application/json")];
            let said =
                first.send(Method::POST, "/sandbox/aws/authorize", &headers, question.to_string()).await?;
            assert_eq!(said.json()["allowed"], allowed, "{via} {action}: {}", said.text);
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_key_goes_in_from_a_file_and_comes_out_for_its_agent_alone() -> Result<(), HarnessError> {
    const KEY: &str = "canary-of-a-key";
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("key.txt");
    std::fs::write(&file, format!("{KEY}\n")).unwrap();
    let process = up().await?;
    let path = file.to_str().unwrap_or_default();
    let imported = succeed(&process, &["credentials", "import", "devops-github", "--file", path]).await?;
    let listed = succeed(&process, &["credentials", "list"]).await?;
    let shown = succeed(&process, &["credentials", "show", "devops-github"]).await?;
    for (text, what) in [(&imported, "import"), (&listed, "list"), (&shown, "show")] {
        assert!(text.contains("devops-github") && !text.contains(KEY), "{what}: {text}");
    }
    let mut command = process.command(&process.agent_token("devops-agent")?)?;
    command.args(["request", "devops-agent", "api_key", "--format", "env"]);
    let given = output(command).await;
    assert_eq!(String::from_utf8_lossy(&given.stdout).trim(), format!("export DEPUTIZE_API_KEY='{KEY}'"));
    let mut command = process.command(&process.agent_token("data-agent")?)?;
    command.args(["request", "data-agent", "api_key"]);
    let refused = output(command).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(!process.output().contains(KEY), "the key is in the log");
    Ok(())
}

#[tokio::test]
async fn leases_are_listed_and_revoked() -> Result<(), HarnessError> {
    let process = up().await?;
    let devops = Client::new(process.url(), &process.agent_token("devops-agent")?);
    let issued = devops.ask("devops-agent", &json!({ "cloud": "aws" }), &[]).await?.json();
    let id = issued["lease_id"].as_str().unwrap();
    assert!(succeed(&process, &["leases", "list"]).await?.contains(id));
    let revoked: Value = serde_json::from_str(&succeed(&process, &["leases", "revoke", id]).await?).unwrap();
    assert_eq!(revoked["state"], "revoked", "{revoked}");
    Ok(())
}

#[tokio::test]
async fn documents_are_applied_together_and_new_agents_get_their_tokens() -> Result<(), HarnessError> {
    let process = up().await?;
    let gone = Client::new(process.url(), &process.agent_token("devops-agent")?);
    let folder = tempfile::tempdir().unwrap();
    let written = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (one, two) =
        (written("one.yaml", ONE.to_owned()), written("two.yaml", ONE.replace("first", "second")));

    assert!(succeed(&process, &["scopes", "apply", "--dry-run", &one, &two]).await?.contains("would be"));
    assert!(succeed(&process, &["scopes", "apply", &one, &two]).await?.contains("applied"));
    assert!(succeed(&process, &["scopes", "apply", &one, &two]).await?.contains("unchanged"));
    let shown: Value =
        serde_json::from_str(&succeed(&process, &["scopes", "show", "second-agent"]).await?).unwrap();
    assert_eq!(shown["scopes"][0]["permissions"], json!(["s3:GetObject"]));

    let waiting = "the new agent's token";
    let token =
        until(waiting, Duration::from_secs(30), async || Ok(process.agent_token("second-agent").ok()))
            .await?;
    let second = Client::new(process.url(), &token);
    assert_eq!(second.ask("second-agent", &json!({ "cloud": "aws" }), &[]).await?.status, 201);

    // Who is no longer in the document has nothing to ask for.
    let reply = gone.ask("devops-agent", &json!({ "cloud": "aws" }), &[]).await?;
    assert!(matches!(reply.status.as_u16(), 401 | 403 | 404), "{}", reply.text);

    let mut twice = process.command(&process.admin_token()?)?;
    twice.args(["scopes", "apply", &one, &one]);
    let refused = output(twice).await;
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("both have the agent first-agent"));
    Ok(())
}

#[tokio::test]
async fn a_process_that_is_asked_to_stop_answers_first_and_ends_well() -> Result<(), HarnessError> {
    let mut process = up().await?;
    let leases = admin(&process)?.send(reqwest::Method::GET, "/v1/leases", &[], "").await?;
    assert_eq!(leases.status, 200);
    let id = process.process().id().to_string();
    let mut stop = Environment::locate()?.command(std::path::Path::new("kill"));
    stop.args(["-TERM", &id]);
    assert!(output(stop).await.status.success());
    let waiting = "the process's end";
    let status = until(waiting, Duration::from_secs(30), async || process.process().exit_status()).await?;
    assert_eq!(status.code(), Some(0), "{}", process.output());
    Ok(())
}
