//! The issuance function as AWS runs it: the real binary on a Runtime API host, events of API Gateway, DynamoDB Local
//! for the table, moto for STS and KMS.

use std::path::Path;

use deputize_e2e::{
    Answer, ApiGatewayEvent, Environment, Function, HarnessError, IssuanceCloud, RuntimeApi, Throttle,
};
use serde_json::{Value, json};

const ADMIN: &str = IssuanceCloud::ADMIN;
const DEVOPS: &str = IssuanceCloud::DEVOPS;
const PATH: &str = "/v1/agents/devops-agent/credentials";

struct Running {
    host: RuntimeApi,
    function: Function,
    around: IssuanceCloud,
}

/// The function, with the example document published through it. `extra` overrides its environment.
async fn cloud(extra: &[(&str, &str)]) -> Result<Running, HarnessError> {
    let environment = Environment::locate()?;
    let around = IssuanceCloud::start(&environment).await?;
    let mut variables = around.variables();
    variables.extend(extra.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let host = RuntimeApi::start().await?;
    let function = host.spawn(&environment, &environment.binary("issuance")?, variables)?;
    around.publish(&host, include_str!("../../examples/mission.yaml")).await?;
    Ok(Running { host, function, around })
}

fn code(answer: &Answer) -> String {
    let problem = answer.json().unwrap_or_default();
    problem.get("code").and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn an_agent_gets_a_credential_through_api_gateway() -> Result<(), HarnessError> {
    let cloud = cloud(&[]).await?;
    let body = json!({ "cloud": "aws", "permissions": ["ecs:DescribeServices"] });
    let ask = |body: &serde_json::Value| ApiGatewayEvent::post(PATH).iam(DEVOPS).json(body);

    let first = cloud.host.invoke(ask(&body).header("idempotency-key", "one")).await?;
    assert_eq!(first.status(), Some(201), "{:?} {}", first.text(), cloud.function.output());
    let issued = first.json()?;
    assert!(issued["credential"]["session_token"].is_string());

    // The answer was sealed by KMS and opens again.
    let again = cloud.host.invoke(ask(&body).header("idempotency-key", "one")).await?;
    assert_eq!(again.json()?["credential"], issued["credential"]);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));

    // The vendor's own library takes it.
    let field = |name: &str| issued["credential"][name].as_str().unwrap_or_default().to_owned();
    let mut variables = cloud.around.moto.variables();
    variables.extend([
        ("AWS_ACCESS_KEY_ID".to_owned(), field("access_key_id")),
        ("AWS_SECRET_ACCESS_KEY".to_owned(), field("secret_access_key")),
        ("AWS_SESSION_TOKEN".to_owned(), field("session_token")),
    ]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/caller_identity.py");
    let caller = Environment::locate()?.run_python(&script, &[], variables).await?.json()?;
    assert!(caller["Arn"].as_str().is_some_and(|arn| arn.contains(":assumed-role/")), "{caller}");

    let wider = cloud.host.invoke(ask(&json!({ "cloud": "aws", "permissions": ["ecs:*"] }))).await?;
    assert_eq!((wider.status(), code(&wider).as_str()), (Some(403), "outside_grant"));
    let other =
        cloud.host.invoke(ApiGatewayEvent::post("/v1/agents/cto-agent/credentials").iam(DEVOPS).json(&body));
    let other = other.await?;
    assert_eq!((other.status(), code(&other).as_str()), (Some(403), "not_your_agent"));

    let output = cloud.function.output();
    for field in ["secret_access_key", "session_token"] {
        assert!(
            !output.contains(issued["credential"][field].as_str().unwrap_or("?")),
            "{field} is in the log"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_caller_whom_the_gateway_did_not_prove_is_nobody() -> Result<(), HarnessError> {
    let cloud = cloud(&[]).await?;
    let body = json!({ "cloud": "aws" });
    let stranger = "arn:aws:sts::999999999999:assumed-role/devops-runtime/x";
    for event in [
        ApiGatewayEvent::post(PATH).json(&body),
        ApiGatewayEvent::post(PATH).iam(stranger).json(&body),
        ApiGatewayEvent::post(PATH).header("authorization", "Bearer dpt_0000000000000000_0").json(&body),
    ] {
        let answer = cloud.host.invoke(event).await?;
        assert_eq!((answer.status(), code(&answer).as_str()), (Some(401), "unauthenticated"));
    }
    Ok(())
}

#[tokio::test]
async fn an_unreachable_sts_is_503_and_the_lease_is_abandoned() -> Result<(), HarnessError> {
    // Nothing listens on the discard port.
    let cloud = cloud(&[("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")]).await?;
    let answer =
        cloud.host.invoke(ApiGatewayEvent::post(PATH).iam(DEVOPS).json(&json!({ "cloud": "aws" }))).await?;
    assert_eq!(
        (answer.status(), code(&answer).as_str()),
        (Some(503), "cloud_unavailable"),
        "{:?}",
        answer.text()
    );
    assert!(answer.header("retry-after").is_some());
    let leases = cloud.host.invoke(ApiGatewayEvent::get("/v1/leases").iam(ADMIN)).await?.json()?;
    assert_eq!(leases["leases"][0]["state"], "abandoned", "{leases}");
    Ok(())
}

#[tokio::test]
async fn a_table_that_is_gone_is_503_and_nothing_is_minted() -> Result<(), HarnessError> {
    let cloud = cloud(&[]).await?;
    cloud.around.dynamodb.call("DeleteTable", &json!({ "TableName": "deputize" })).await?;
    let answer =
        cloud.host.invoke(ApiGatewayEvent::post(PATH).iam(DEVOPS).json(&json!({ "cloud": "aws" }))).await?;
    assert_eq!(
        (answer.status(), code(&answer).as_str()),
        (Some(503), "audit_unavailable"),
        "{:?}",
        answer.text()
    );
    assert!(answer.header("retry-after").is_some());
    Ok(())
}

#[tokio::test]
async fn a_throttled_table_is_503_and_nothing_is_lost() -> Result<(), HarnessError> {
    let environment = Environment::locate()?;
    let around = IssuanceCloud::start(&environment).await?;
    let throttle = Throttle::before(&around.dynamodb).await?;
    let mut variables = around.variables();
    variables.push(("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), throttle.url().to_owned()));
    let host = RuntimeApi::start().await?;
    let function = host.spawn(&environment, &environment.binary("issuance")?, variables)?;
    around.publish(&host, include_str!("../../examples/mission.yaml")).await?;
    let ask = || {
        let event = ApiGatewayEvent::post(PATH).iam(DEVOPS).header("idempotency-key", "one");
        host.invoke(event.json(&json!({ "cloud": "aws" })))
    };
    let leases = || async {
        let answer = host.invoke(ApiGatewayEvent::get("/v1/leases").iam(ADMIN)).await?.json()?;
        Ok::<_, HarnessError>(answer["leases"].as_array().cloned().unwrap_or_default())
    };
    let unavailable = |answer: &Answer| {
        assert_eq!((answer.status(), code(answer).as_str()), (Some(503), "audit_unavailable"));
        assert!(answer.header("retry-after").is_some());
    };

    throttle.after(0);
    unavailable(&ask().await?);
    assert!(leases().await?.is_empty(), "what could not be recorded did not happen");

    // The intent is on record when the throttle comes: nobody gets the session, and the lease is not forgotten.
    throttle.after(1);
    let answer = ask().await?;
    unavailable(&answer);
    let recorded = leases().await?;
    assert_eq!(recorded.len(), 1, "{recorded:?}");
    assert_eq!(recorded[0]["state"], "pending");

    throttle.lift();
    let other = ApiGatewayEvent::post(PATH).iam(DEVOPS).header("idempotency-key", "two");
    let issued = host.invoke(other.json(&json!({ "cloud": "aws" }))).await?;
    assert_eq!(issued.status(), Some(201), "{:?} {}", issued.text(), function.output());
    Ok(())
}

#[tokio::test]
async fn the_function_is_its_own_issuer_with_a_key_at_kms() -> Result<(), HarnessError> {
    let environment = Environment::locate()?;
    let around = IssuanceCloud::start(&environment).await?;
    let body = json!({ "KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY" });
    let key = around.moto.json("kms", "TrentService.CreateKey", &body).await?;
    let url = "https://broker.example.com";
    let identity = json!({ "issuer": { "url": url, "keys": [key["KeyMetadata"]["Arn"]] } });
    let settings = json!({ "tenant": "acme", "identity": identity });
    let mut variables = around.variables();
    variables.push(("DEPUTIZE_SETTINGS".to_owned(), settings.to_string()));
    let host = RuntimeApi::start().await?;
    let function = host.spawn(&environment, &environment.binary("issuance")?, variables)?;

    // The gateway lets everybody through to these two.
    let discovery = host.invoke(ApiGatewayEvent::new("GET", "/.well-known/openid-configuration")).await?;
    assert_eq!(
        discovery.json()?["jwks_uri"],
        format!("{url}/.well-known/jwks.json"),
        "{}",
        function.output()
    );
    let keys = host.invoke(ApiGatewayEvent::new("GET", "/.well-known/jwks.json")).await?;
    assert_eq!(keys.status(), Some(200), "{}", function.output());
    assert_eq!(keys.header("cache-control"), Some("public, max-age=3600"));
    assert_eq!(keys.json()?["keys"][0]["alg"], "RS256");
    Ok(())
}
