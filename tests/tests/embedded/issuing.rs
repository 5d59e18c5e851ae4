//! Credentials are issued, narrowed, refused, listed and revoked.

use std::path::Path;

use deputize_e2e::{DeputizeProcess, Environment, HarnessError, Moto};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{admin, agent, records, up};

const AGENTS: [&str; 5] = ["devops-agent", "cso-agent", "data-agent", "marketing-agent", "cto-agent"];

/// Asks the sandbox whether a credential may make a call.
async fn may(url: &str, credential: &Value, action: &str, resource: &str, region: &str) -> bool {
    let body = json!({
        "access_key_id": credential["access_key_id"], "session_token": credential["session_token"],
        "action": action, "resource": resource, "region": region,
    });
    let request = reqwest::Client::new().post(format!("{url}/sandbox/aws/authorize"));
    let answer =
        request.header("content-type", "application/json").body(body.to_string()).send().await.unwrap();
    let text = answer.text().await.unwrap();
    let verdict: Value = serde_json::from_str(&text).unwrap();
    verdict["allowed"].as_bool().unwrap_or_else(|| panic!("{text}"))
}

#[tokio::test]
async fn every_agent_of_the_example_gets_its_aws_grant() -> Result<(), HarnessError> {
    let process = up().await?;
    for name in AGENTS {
        let reply = agent(&process, name)?.ask(name, &json!({ "cloud": "aws" }), &[]).await?;
        assert_eq!(reply.status, 201, "{name}: {}", reply.text);
        let issued = reply.json();
        assert_eq!(issued["enforcement"], "session_policy");
        assert_eq!(issued["type"], "aws_iam_role");
        assert_eq!(reply.header("cache-control"), "no-store");
        let pivot = may(process.url(), &issued["credential"], "sts:AssumeRole", "*", "us-east-1").await;
        assert!(!pivot, "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn a_credential_can_do_what_was_asked_for_and_nothing_else() -> Result<(), HarnessError> {
    let process = up().await?;
    let body = json!({ "cloud": "aws", "permissions": ["ecs:DescribeServices"], "duration_seconds": 900 });
    let reply = agent(&process, "devops-agent")?.ask("devops-agent", &body, &[]).await?;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let credential = &reply.json()["credential"];
    let service = "arn:aws:ecs:us-east-1:123456789012:service/prod/api";
    assert!(may(process.url(), credential, "ecs:DescribeServices", service, "us-east-1").await);
    for (action, resource, region) in [
        ("ecs:UpdateService", service, "us-east-1"),
        ("ecs:DescribeServices", "arn:aws:ecs:us-east-1:123456789012:service/test/api", "us-east-1"),
        ("ecs:DescribeServices", service, "eu-west-1"),
        ("iam:CreateUser", "*", "us-east-1"),
    ] {
        assert!(!may(process.url(), credential, action, resource, region).await, "{action} on {resource}");
    }
    Ok(())
}

#[tokio::test]
async fn what_goes_too_far_is_refused_with_a_witness_and_written_down() -> Result<(), HarnessError> {
    let mut process = up().await?;
    let devops = agent(&process, "devops-agent")?;
    let action = json!({ "cloud": "aws", "permissions": ["ecs:DescribeServices", "ecs:DeleteService"] });
    let reply = devops.ask("devops-agent", &action, &[]).await?;
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (403, "outside_grant"));
    assert_eq!(reply.json()["findings"][0]["witness"]["action"], "ecs:DeleteService", "{}", reply.text);

    let arn = json!({
        "cloud": "aws", "permissions": ["ecs:DescribeServices"],
        "resources": ["arn:aws:ecs:us-east-1:123456789012:service/prod*"],
    });
    let reply = devops.ask("devops-agent", &arn, &[]).await?;
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (403, "outside_grant"), "{}", reply.text);

    let reply = devops.ask("cto-agent", &json!({ "cloud": "aws" }), &[]).await?;
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (403, "not_your_agent"));

    process.kill()?;
    let records = records::read(process.state()).await;
    let refused = records.events.iter().filter(|event| records.kind(event) == "request_refused").count();
    assert_eq!(refused, 3);
    assert!(records.leases.is_empty());
    Ok(())
}

#[tokio::test]
async fn leases_are_listed_page_by_page_and_revoked() -> Result<(), HarnessError> {
    let process = up().await?;
    let devops = agent(&process, "devops-agent")?;
    let mut issued = Vec::new();
    for _ in 0..5 {
        let reply = devops.ask("devops-agent", &json!({ "cloud": "aws" }), &[]).await?;
        issued.push(reply.json()["lease_id"].as_str().unwrap().to_owned());
    }
    let admin = admin(&process)?;
    let (mut listed, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = admin.send(Method::GET, &format!("/v1/leases?limit=2{cursor}"), &[], "").await?.json();
        let leases = page["leases"].as_array().unwrap().clone();
        assert!(leases.len() <= 2);
        listed.extend(leases.iter().map(|lease| lease["lease_id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    issued.reverse();
    assert_eq!(listed, issued);

    let path = format!("/v1/leases/{}", issued[0]);
    let other = agent(&process, "cto-agent")?.send(Method::DELETE, &path, &[], "").await?;
    assert_eq!((other.status.as_u16(), other.code().as_str()), (404, "not_found"));
    assert!(devops.send(Method::DELETE, &path, &[], "").await?.status.is_success());
    let revoked = admin.send(Method::GET, "/v1/leases", &[], "").await?.json();
    let states = revoked["leases"].as_array().unwrap().iter().map(|lease| lease["state"].as_str().unwrap());
    assert_eq!(states.filter(|state| *state == "revoked").count(), 1, "{revoked}");
    Ok(())
}

#[tokio::test]
async fn boto3_knows_who_it_is_with_what_it_got() -> Result<(), HarnessError> {
    let process = up().await?;
    let reply = agent(&process, "data-agent")?.ask("data-agent", &json!({ "cloud": "aws" }), &[]).await?;
    let (issued, text) = (reply.json(), |value: &Value| value.as_str().unwrap_or_default().to_owned());
    let variables = [
        ("AWS_ACCESS_KEY_ID", text(&issued["credential"]["access_key_id"])),
        ("AWS_SECRET_ACCESS_KEY", text(&issued["credential"]["secret_access_key"])),
        ("AWS_SESSION_TOKEN", text(&issued["credential"]["session_token"])),
        ("AWS_ENDPOINT_URL_STS", format!("{}/sandbox/aws", process.url())),
        ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
    ];
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/caller_identity.py");
    let identity = Environment::locate()?.run_python(&script, &[], variables).await?.json()?;
    let expected = format!(
        "arn:aws:sts::123456789012:assumed-role/agent-data-agent/{}",
        issued["lease_id"].as_str().unwrap()
    );
    assert_eq!(identity["Arn"], expected);
    Ok(())
}

#[tokio::test]
async fn with_the_real_aws_it_mints_by_the_credentials_that_it_finds() -> Result<(), HarnessError> {
    let environment = Environment::locate()?;
    let moto = Moto::start(&environment).await?;
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/mission.yaml");
    let arguments = ["--cloud", "aws=real", "--scopes", document.to_str().unwrap()];
    let variables = moto.variables();
    let variables: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let process = DeputizeProcess::start_with(&environment, &arguments, &variables).await?;
    let reply = agent(&process, "devops-agent")?.ask("devops-agent", &json!({ "cloud": "aws" }), &[]).await?;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let sandbox = process.url().to_owned() + "/sandbox/aws/authorize";
    assert_eq!(reqwest::Client::new().post(sandbox).send().await.unwrap().status(), 404);
    Ok(())
}
