//! `deputize up` on a machine that AWS knows nothing of: it gets its role there by a token of its own.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::Request;
use deputize_e2e::{Client, DeputizeProcess, Environment, HarnessError};
use serde_json::json;

use crate::served::{Clouds, place, serve};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/mission.yaml");

/// What stands before the broker and has a name in the world: its address, and whom it passes questions on to.
async fn front() -> (String, Arc<OnceLock<String>>) {
    let (listener, url) = place().await;
    let behind = Arc::new(OnceLock::<String>::new());
    let known = Arc::clone(&behind);
    let router = Router::new().fallback(move |request: Request| {
        let asked = format!("{}{}", known.get().unwrap(), request.uri().path());
        async move { reqwest::get(asked).await.unwrap().text().await.unwrap() }
    });
    serve(listener, router);
    (url, behind)
}

#[tokio::test]
async fn a_broker_without_credentials_of_aws_mints_sessions_there() -> Result<(), HarnessError> {
    let (url, behind) = front().await;
    let clouds = Clouds::start(&url).await;
    let settings = json!({
        "identity": { "issuer": { "url": url } },
        "aws": { "broker_role": "arn:aws:iam::123456789012:role/deputize" },
    });
    let variables = [
        ("DEPUTIZE_CLOUD", "aws=real"),
        ("DEPUTIZE_SETTINGS", &settings.to_string()),
        ("AWS_ENDPOINT_URL", &clouds.aws),
        ("AWS_REGION", "us-east-1"),
    ];
    let environment = Environment::locate()?;
    let process = DeputizeProcess::start_with(&environment, &["--scopes", EXAMPLE], &variables).await?;
    behind.set(process.url().to_owned()).unwrap();

    let client = Client::new(process.url(), &process.agent_token("devops-agent")?);
    let body = json!({ "cloud": "aws", "permissions": ["ecs:DescribeServices"] });
    let reply = client.ask("devops-agent", &body, &[]).await?;
    assert_eq!(reply.status, 201, "{} {}", reply.text, process.output());
    let issued = reply.json();
    let mut question = json!({ "action": "iam:CreateUser", "resource": "*", "region": "us-east-1" });
    for part in ["access_key_id", "secret_access_key", "session_token"] {
        question[part] = issued["credential"][part].clone();
    }
    // A session, and one that can do no more than it was asked for.
    let answer = clouds.aws_says(&question).await;
    assert_eq!(answer["decision"], "implicit_deny", "{answer}");
    Ok(())
}
