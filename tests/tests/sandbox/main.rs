//! The vendors' own libraries accept the sandboxes, as they are.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod served;

use std::path::Path;

use deputize_e2e::{Environment, HarnessError};
use serde_json::{Value, json};

use crate::served::{Clouds, DEVOPS, TENANT};

const AGENT: &str = "agent-data-agent@acme-prod.iam.gserviceaccount.com";

async fn run(clouds: &Clouds, script: &str, arguments: &[&str]) -> Result<Value, HarnessError> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/sandbox").join(script);
    Environment::locate()?.run_python(&path, arguments, clouds.variables()).await?.json()
}

#[tokio::test]
async fn googles_library_goes_from_a_token_of_aws_to_an_object() -> Result<(), HarnessError> {
    let clouds = Clouds::start().await;
    let found = run(&clouds, "gcp.py", &[&clouds.gcp, &clouds.audience, AGENT]).await?;
    assert_eq!(found["federated"], json!([[200, "one"], [200, "two"]]));
    assert_eq!(found["narrowed"], json!([[200, "one"], [403, "PERMISSION_DENIED"]]));
    assert_eq!(found["machine"], json!(["broker@acme-prod.iam.gserviceaccount.com", [200, "one"]]));
    assert_eq!(found["valid"], true);
    let refusal = found["refusal"].as_str().unwrap();
    assert!(
        refusal.contains("invalid_grant") && refusal.contains("does not match the expected audience"),
        "{refusal}"
    );
    Ok(())
}

#[tokio::test]
async fn microsofts_libraries_sign_in_and_read_a_secret() -> Result<(), HarnessError> {
    let clouds = Clouds::start().await;
    let arguments = [clouds.entra.as_str(), &clouds.vault, &clouds.machine, TENANT, DEVOPS];
    let found = run(&clouds, "microsoft.py", &arguments).await?;
    assert_eq!(found["lifetime"], true);
    assert_eq!(found["secret"], json!(["db", "s3cr3t", "00000000000000000000000000000001"]));
    assert_eq!((&found["imds"], &found["app_service"]), (&json!("s3cr3t"), &json!(true)));
    for (what, text) in [
        ("secret", "AADSTS7000215"),
        ("audience", "AADSTS700212"),
        ("missing", "SecretNotFound"),
        ("disabled", "Forbidden"),
    ] {
        let message = found["refusals"][what][1].as_str().unwrap_or_default();
        assert!(message.contains(text), "{what}: {found}");
    }
    Ok(())
}

#[tokio::test]
async fn boto3_rotates_a_key_and_takes_another_issuers_token() -> Result<(), HarnessError> {
    let clouds = Clouds::start().await;
    let role = "arn:aws:iam::123456789012:role/devops";
    let found = run(&clouds, "keys.py", &[&clouds.gcp, role]).await?;
    assert_eq!(
        found,
        json!({
            "third": "LimitExceeded",
            "arn": "arn:aws:iam::123456789012:user/agent",
            "used": ["sts", true],
            "inactive": "InvalidClientTokenId",
            "statuses": ["Inactive", "Active"],
            "remaining": true,
            "session": "arn:aws:sts::123456789012:assumed-role/devops/lease-1",
        })
    );
    Ok(())
}

#[tokio::test]
async fn authlib_enrols_refreshes_and_is_caught_reusing() -> Result<(), HarnessError> {
    let clouds = Clouds::start().await;
    let found = run(&clouds, "authorization.py", &[&clouds.oauth]).await?;
    assert_eq!(
        found,
        json!({
            "machine": {"subject": "machine", "scopes": ["read"]},
            "scope": "read write",
            "rotated": true,
            "reuse": "invalid_grant",
            "after": 401,
        })
    );
    Ok(())
}
