//! The harness does what the other tests rely on.

use std::path::Path;

use deputize_e2e::{ApiGatewayEvent, DynamoDbLocal, Environment, HarnessError, Moto, RuntimeApi};
use serde_json::{Value, json};

const GREETING: &str = env!("CARGO_BIN_EXE_greeting");
const NO_VARIABLES: [(&str, &str); 0] = [];

#[tokio::test]
async fn moto_answers_both_of_awss_protocols() -> Result<(), HarnessError> {
    let moto = Moto::start(&Environment::locate()?).await?;

    let identity = moto.query("sts", "GetCallerIdentity", &[("Version", "2011-06-15")]).await?;
    assert!(identity.contains("<Account>123456789012</Account>"), "{identity}");

    let key = moto.json("kms", "TrentService.CreateKey", &json!({})).await?;
    assert!(key.pointer("/KeyMetadata/Arn").is_some(), "{key}");

    moto.reset().await
}

#[tokio::test]
async fn python_reaches_moto_through_boto3() -> Result<(), HarnessError> {
    let environment = Environment::locate()?;
    let moto = Moto::start(&environment).await?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/caller_identity.py");

    let output = environment.run_python(&script, &[], moto.variables()).await?;

    assert_eq!(output.json()?["Account"], "123456789012");
    Ok(())
}

#[tokio::test]
async fn dynamodb_local_creates_a_table_and_checks_conditions() -> Result<(), HarnessError> {
    let dynamodb = DynamoDbLocal::start(&Environment::locate()?).await?;
    let table = json!({
        "TableName": "things",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
    });
    let created = dynamodb.call("CreateTable", &table).await?;
    assert_eq!(created["TableDescription"]["TableStatus"], "ACTIVE");

    let once = json!({
        "TableName": "things",
        "Item": { "pk": { "S": "a" } },
        "ConditionExpression": "attribute_not_exists(pk)",
    });
    dynamodb.call("PutItem", &once).await?;
    let refused = dynamodb.call("PutItem", &once).await;
    assert!(
        matches!(&refused, Err(HarnessError::Refused { status: 400, body, .. }) if body.contains("ConditionalCheckFailed")),
        "{refused:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_function_answers_through_the_runtime_api() -> Result<(), HarnessError> {
    let host = RuntimeApi::start().await?;
    let function = host.spawn(&Environment::locate()?, Path::new(GREETING), NO_VARIABLES)?;

    for name in ["ada", "grace"] {
        let answer = host.invoke(ApiGatewayEvent::get(&format!("/{name}"))).await?;
        assert_eq!(answer.status(), Some(200));
        assert_eq!(answer.text(), Some(format!("hello {name}")));
    }
    if cfg!(target_os = "linux") {
        assert!(function.peak_memory().is_some_and(|bytes| bytes > 1_000_000));
    }
    Ok(())
}

#[tokio::test]
async fn many_invocations_are_shared_by_the_functions_that_run() -> Result<(), HarnessError> {
    let environment = Environment::locate()?;
    let host = RuntimeApi::start().await?;
    for _ in 0..3 {
        host.spawn(&environment, Path::new(GREETING), NO_VARIABLES)?;
    }
    let (a, b, c, d) = tokio::try_join!(
        host.invoke(ApiGatewayEvent::get("/a")),
        host.invoke(ApiGatewayEvent::get("/b")),
        host.invoke(ApiGatewayEvent::get("/c")),
        host.invoke(ApiGatewayEvent::get("/d")),
    )?;
    let texts = [a, b, c, d].map(|answer| answer.text().unwrap_or_default());
    assert_eq!(texts, ["hello a", "hello b", "hello c", "hello d"]);
    Ok(())
}

#[tokio::test]
async fn a_functions_error_is_told_as_one() -> Result<(), HarnessError> {
    let host = RuntimeApi::start().await?;
    host.spawn(&Environment::locate()?, Path::new(GREETING), NO_VARIABLES)?;
    let failed = host.invoke(ApiGatewayEvent::get("/failure")).await;
    assert!(
        matches!(&failed, Err(HarnessError::Function { message, .. }) if message == "nobody to greet"),
        "{failed:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_function_that_dies_fails_the_invocation_at_once() -> Result<(), HarnessError> {
    let host = RuntimeApi::start().await?;
    let function = host.spawn(&Environment::locate()?, Path::new(GREETING), NO_VARIABLES)?;
    function.kill()?;
    let failed = host.invoke(ApiGatewayEvent::get("/ada")).await;
    assert!(matches!(&failed, Err(HarnessError::Exited { .. })), "{failed:?}");
    Ok(())
}

#[tokio::test]
async fn an_error_of_initialisation_fails_the_invocation() -> Result<(), HarnessError> {
    let host = RuntimeApi::start().await?;
    let url = format!("http://{}/2018-06-01/runtime/init/error", host.address());
    let error = json!({ "errorType": "Settings", "errorMessage": "no table" });
    let told = reqwest::Client::new().post(&url).json(&error).send().await;
    assert_eq!(told.map(|response| response.status().as_u16()).ok(), Some(202));

    let failed = host.invoke(Value::Null).await;

    assert!(
        matches!(&failed, Err(HarnessError::Function { kind, message }) if kind == "Settings" && message == "no table"),
        "{failed:?}"
    );
    Ok(())
}

#[test]
fn an_event_says_who_called_as_api_gateway_does() {
    let event = Value::from(
        ApiGatewayEvent::post("/v1/leases?limit=5")
            .iam("arn:aws:sts::111122223333:assumed-role/devops-runtime/i-1")
            .header("Idempotency-Key", "once")
            .json(&json!({ "cloud": "aws" })),
    );
    assert_eq!(event["requestContext"]["authorizer"]["iam"]["accountId"], "111122223333");
    assert_eq!(event["rawQueryString"], "limit=5");
    assert_eq!(event["headers"]["idempotency-key"], "once");
    assert_eq!(event["body"], r#"{"cloud":"aws"}"#);

    let event = Value::from(ApiGatewayEvent::get("/").jwt([("iss", "https://token.example.com")]));
    assert_eq!(event["requestContext"]["authorizer"]["jwt"]["claims"]["iss"], "https://token.example.com");
}
