//! `deputize config check`: what it says of clouds that are as the settings have it, and of clouds that are not.

use std::process::Output;

use deputize_e2e::{Environment, HarnessError};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::clouds::Clouds;

const DOCUMENT: &str = r#"
version: 1
tenant: acme
agents:
  devops-agent:
    scopes:
      - { cloud: aws, role: "arn:aws:iam::123456789012:role/agent-devops", permissions: [ecs:DescribeServices] }
      - cloud: gcp
        service_account: agent-devops@acme-prod.iam.gserviceaccount.com
        permissions: [container.clusters.get]
      - cloud: azure
        client_id: 00000000-0000-0000-0000-00000000000a
        permissions: [Microsoft.Resources/subscriptions/resourceGroups/read]
"#;

/// Runs the check at clouds, with these settings.
async fn check(clouds: &Clouds, settings: &Value) -> Result<(Output, String), HarnessError> {
    let directory = TempDir::new().unwrap();
    let document = directory.path().join("scopes.yaml");
    std::fs::write(&document, DOCUMENT).unwrap();
    let binary = Environment::locate()?.binary("deputize")?;
    let mut command = Command::new(binary);
    command.args(["config", "check", "--cloud", "aws=real", "--scopes"]).arg(&document);
    command.current_dir(directory.path()).env("DEPUTIZE_SETTINGS", settings.to_string());
    command.envs(clouds.aws_variables()).env("AWS_EC2_METADATA_DISABLED", "true");
    let output = command.output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok((output, text))
}

#[tokio::test]
async fn clouds_that_are_as_they_should_be_are_told_to_be() -> Result<(), HarnessError> {
    let clouds = Clouds::start().await;
    let (output, text) = check(&clouds, &clouds.settings()).await?;
    assert!(output.status.success(), "{text} {}", String::from_utf8_lossy(&output.stderr));
    let ok = |what: &str| {
        assert!(text.lines().any(|line| line.starts_with("ok") && line.contains(what)), "{what}: {text}")
    };
    for what in [
        "the broker is arn:aws:iam::",
        "identity tokens are of",
        "aws_iam_role arn:aws:iam::123456789012:role/agent-devops",
    ] {
        ok(what);
    }
    for kind in
        ["gcp_workload_identity", "gcp_service_account", "azure_service_principal", "azure_managed_identity"]
    {
        ok(kind);
    }
    Ok(())
}

#[tokio::test]
async fn what_is_missing_is_told_with_the_command_that_makes_it() -> Result<(), HarnessError> {
    let clouds = Clouds::start().await;
    let mut settings = clouds.settings();
    let other = "projects/999999999999/locations/global/workloadIdentityPools/nowhere/providers/nobody";
    settings["gcp"] = json!({ "provider": other, "endpoint": settings["gcp"]["endpoint"] });
    settings["azure"]["audience"] = "api://SomebodyElse".into();
    let (output, text) = check(&clouds, &settings).await?;
    assert_eq!(output.status.code(), Some(1), "{text} {}", String::from_utf8_lossy(&output.stderr));
    for told in [
        "missing  devops-agent gcp_workload_identity",
        "gcloud iam workload-identity-pools create nowhere --project=999999999999",
        "missing  devops-agent azure_service_principal",
        "az ad app federated-credential create --id 00000000-0000-0000-0000-00000000000a",
        "api://SomebodyElse",
        "ok       devops-agent azure_managed_identity",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    Ok(())
}

#[tokio::test]
async fn where_there_is_only_a_sandbox_nothing_is_tried() -> Result<(), HarnessError> {
    let directory = TempDir::new().unwrap();
    let mut command = Command::new(Environment::locate()?.binary("deputize")?);
    command.args(["config", "check"]).current_dir(directory.path());
    let output = command.output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("only sandboxes"));
    Ok(())
}
