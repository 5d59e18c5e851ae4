//! Whatever is sent: a clear problem with its code, nothing lost, nothing secret written anywhere.

use deputize_e2e::{Client, DeputizeProcess, Environment, HarnessError, Reply};
use reqwest::Method;
use serde_json::json;

use crate::{admin, agent, up};

fn expect(reply: &Reply, status: u16, code: &str) {
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (status, code), "{}", reply.text);
    assert_eq!(reply.header("content-type"), "application/problem+json", "{}", reply.text);
}

#[tokio::test]
async fn each_bad_request_is_a_problem_with_its_code() -> Result<(), HarnessError> {
    let process = up().await?;
    let devops = agent(&process, "devops-agent")?;
    for (body, status, code) in [
        (json!({ "cloud": "aws", "colour": "red" }), 400, "invalid_request"),
        (json!({ "cloud": "moon" }), 400, "invalid_request"),
        (json!({}), 400, "invalid_request"),
        (json!({ "cloud": "aws", "duration_seconds": 0 }), 400, "invalid_request"),
        (json!({ "cloud": "aws", "duration_seconds": 46_800 }), 400, "invalid_request"),
        (json!({ "cloud": "aws", "permissions": ["ecs"] }), 400, "invalid_request"),
        (
            json!({ "cloud": "aws", "permissions": ["ecs:DescribeServices"], "resources": ["arn:aws:ecs"] }),
            400,
            "invalid_request",
        ),
    ] {
        expect(&devops.ask("devops-agent", &body, &[]).await?, status, code);
    }
    let path = "/v1/agents/devops-agent/credentials";
    let json_type = [("content-type", "application/json")];
    let send = |body: Vec<u8>| devops.send(Method::POST, path, &json_type, body);
    expect(&send(b"{\"cloud\": ".to_vec()).await?, 400, "invalid_request");
    expect(&send(b"{\"cloud\": \"\xff\"}".to_vec()).await?, 400, "invalid_request");
    expect(&send(vec![b' '; 3 * 1024 * 1024]).await?, 413, "too_large");
    expect(&devops.send(Method::GET, "/v1/nothing", &[], "").await?, 404, "not_found");
    for token in ["", "dpt_0000000000000000_0000", &process.admin_token()?.replace(char::is_numeric, "0")] {
        let nobody = Client::new(process.url(), token);
        expect(&nobody.ask("devops-agent", &json!({ "cloud": "aws" }), &[]).await?, 401, "unauthenticated");
    }
    Ok(())
}

#[tokio::test]
async fn a_scope_document_is_replaced_only_where_it_is_sound_and_was_not_changed() -> Result<(), HarnessError>
{
    let process = up().await?;
    let admin = admin(&process)?;
    let current = admin.send(Method::GET, "/v1/scopes", &[], "").await?;
    let etag = current.header("etag").to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");
    let put = |body: Vec<u8>, etag: String| {
        let admin = admin.clone();
        async move { admin.send(Method::PUT, "/v1/scopes", &[("if-match", &etag)], body).await }
    };
    expect(&put(b"version: [".to_vec(), etag.clone()).await?, 400, "invalid_scope");
    expect(&put(b"version: 1\xff".to_vec(), etag.clone()).await?, 400, "invalid_request");
    let wrong_arn = current.text.replace("arn:aws:iam::123456789012:role/", "arn:aws:iam::12:role/");
    let reply = put(wrong_arn.into_bytes(), etag.clone()).await?;
    expect(&reply, 400, "invalid_scope");
    assert!(reply.json()["findings"][0]["span"]["line"].is_number(), "{}", reply.text);

    let changed = format!("{}\n# changed\n", current.text);
    assert!(put(changed.clone().into_bytes(), etag.clone()).await?.status.is_success());
    expect(&put(current.text.clone().into_bytes(), etag).await?, 412, "precondition_failed");
    let stored = admin.send(Method::GET, "/v1/scopes", &[], "").await?;
    assert_eq!(stored.text, changed);

    let devops = agent(&process, "devops-agent")?;
    let refused = devops.send(Method::PUT, "/v1/scopes", &[("if-match", "*")], changed).await?;
    assert_eq!(refused.status, 403);
    Ok(())
}

#[tokio::test]
async fn no_secret_is_in_any_output_or_file() -> Result<(), HarnessError> {
    // The log at its most talkative.
    let environment = Environment::locate()?;
    let mut process = DeputizeProcess::start_with(&environment, &[], &[("DEPUTIZE_LOG", "trace")]).await?;
    let devops = agent(&process, "devops-agent")?;
    let mut secrets = vec![process.admin_token()?, process.agent_token("devops-agent")?];
    for key in ["first", "second"] {
        let reply =
            devops.ask("devops-agent", &json!({ "cloud": "aws" }), &[("idempotency-key", key)]).await?;
        let credential = reply.json()["credential"].clone();
        for field in ["secret_access_key", "session_token"] {
            secrets.push(credential[field].as_str().unwrap().to_owned());
        }
    }
    devops.ask("devops-agent", &json!({ "cloud": "aws", "permissions": ["x"] }), &[]).await?;
    let forged = format!("{}0", &secrets[0][..secrets[0].len() - 1]);
    Client::new(process.url(), &forged).ask("devops-agent", &json!({ "cloud": "aws" }), &[]).await?;
    process.kill()?;

    let output = process.output();
    assert!(output.contains("answered"), "there is no log");
    for secret in &secrets {
        assert!(!output.contains(secret.as_str()), "a secret is in the output");
    }
    let mut directories = vec![process.state().to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let held_there = path.extension().is_some_and(|extension| extension == "token");
            let bytes = std::fs::read(&path).unwrap();
            for secret in secrets.iter().filter(|_| !held_there) {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "a secret is in {}", path.display());
            }
        }
    }
    Ok(())
}
