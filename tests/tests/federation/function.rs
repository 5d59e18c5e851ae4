//! Every type of credential through the function as AWS runs it: the real binary, with DynamoDB Local for its table, moto
//! for its key, and sandboxes for the clouds that it mints at.

use std::path::Path;

use deputize_e2e::{Answer, ApiGatewayEvent, Environment, Function, HarnessError, IssuanceCloud, RuntimeApi};
use serde_json::{Value, json};

use crate::clouds::{Clouds, SECRET_APPLICATION, VAULT_SECRET};

const DOCUMENT: &str = r#"
version: 1
tenant: acme
agents:
  devops-agent:
    identities: [{ aws: "arn:aws:iam::111122223333:role/devops-runtime" }]
    scopes:
      - cloud: aws
        role: arn:aws:iam::123456789012:role/agent-devops
        permissions: [ecs:DescribeServices]
      - cloud: gcp
        service_account: agent-devops@acme-prod.iam.gserviceaccount.com
        permissions: [storage.objects.get]
        resources: ["//storage.googleapis.com/projects/_/buckets/acme-data/objects/reports/*"]
      - cloud: azure
        client_id: 00000000-0000-0000-0000-00000000000a
        permissions: [Microsoft.Resources/subscriptions/resourceGroups/read]
  data-agent:
    identities: [{ aws: "arn:aws:iam::111122223333:role/data-runtime" }]
    scopes:
      - cloud: azure
        client_id: 00000000-0000-0000-0000-00000000000c
        permissions: [Microsoft.Resources/subscriptions/resourceGroups/read]
  vault-agent:
    identities: [{ aws: "arn:aws:iam::111122223333:role/vault-runtime" }]
    scopes:
      - cloud: azure
        client_id: 00000000-0000-0000-0000-00000000000a
        permissions: [Microsoft.KeyVault/vaults/secrets/getSecret/action]
credentials:
  - { id: old-robot, type: aws_access_key, agent: devops-agent }
  - { id: newsletter, type: oauth_token, agent: devops-agent, rotate: { every: 4h } }
  - { id: github, type: api_key, agent: devops-agent, rotate: { every: 7d, connector: connectors/github.yaml } }
  - { id: data-app, type: azure_service_principal, agent: data-agent }
"#;

const VAULT: &str = "arn:aws:sts::111122223333:assumed-role/vault-runtime/i-0123456789abcdef0";
const DATA: &str = "arn:aws:sts::111122223333:assumed-role/data-runtime/i-0123456789abcdef0";

struct Running {
    clouds: Clouds,
    host: RuntimeApi,
    function: Function,
    // Ends with the test.
    _around: IssuanceCloud,
}

impl Running {
    async fn start() -> Result<Self, HarnessError> {
        let environment = Environment::locate()?;
        let (clouds, around) = (Clouds::start().await, IssuanceCloud::start(&environment).await?);
        let mut settings = clouds.settings();
        settings["tenant"] = "acme".into();
        settings["admins"] = json!([{ "aws": IssuanceCloud::ADMIN }]);
        let mut variables = around.variables();
        variables.push(("DEPUTIZE_SETTINGS".to_owned(), settings.to_string()));
        variables.extend(clouds.aws_variables());
        let host = RuntimeApi::start().await?;
        let function = host.spawn(&environment, &environment.binary("issuance")?, variables)?;
        around.publish(&host, DOCUMENT).await?;
        let running = Self { clouds, host, function, _around: around };
        running
            .import(
                "old-robot",
                json!({
                    "access_key_id": "AKIAIOSFODNN7EXAMPLE",
                    "secret_access_key": "canary-of-an-access-key-000000000000000",
                }),
            )
            .await?;
        running.import("github", json!({ "api_key": "canary-of-a-key" })).await?;
        let (token_url, client_secret) = (running.clouds.token_url(), Clouds::OAUTH_SECRET);
        let client =
            json!({ "token_url": token_url, "client_id": "newsletter", "client_secret": client_secret });
        running.import("newsletter", client).await?;
        let application = json!({
            "tenant_id": running.clouds.tenant,
            "client_id": SECRET_APPLICATION,
            "client_secret": VAULT_SECRET,
        });
        running.import("data-app", application).await?;
        Ok(running)
    }

    async fn import(&self, id: &str, credential: Value) -> Result<(), HarnessError> {
        let body = json!({ "id": id, "credential": credential });
        let event = ApiGatewayEvent::post("/v1/credentials").iam(IssuanceCloud::ADMIN).json(&body);
        let answer = self.host.invoke(event).await?;
        assert_eq!(answer.status(), Some(201), "{id}: {:?}", answer.text());
        Ok(())
    }

    async fn ask(&self, agent: &str, caller: &str, body: &Value) -> Result<Answer, HarnessError> {
        let path = format!("/v1/agents/{agent}/credentials");
        self.host.invoke(ApiGatewayEvent::post(&path).iam(caller).json(body)).await
    }
}

#[tokio::test]
async fn each_of_the_eight_types_is_issued_and_says_what_enforces_it() -> Result<(), HarnessError> {
    let running = Running::start().await?;
    let (devops, duration) = (IssuanceCloud::DEVOPS, 900);
    for (kind, enforcement, method) in [
        ("aws_iam_role", "session_policy", None),
        ("gcp_workload_identity", "credential_access_boundary", None),
        ("gcp_service_account", "credential_access_boundary", None),
        ("azure_service_principal", "role_assignment", Some("federated_credential")),
        ("azure_managed_identity", "role_assignment", Some("managed_identity")),
        ("aws_access_key", "role_assignment", None),
        ("oauth_token", "role_assignment", None),
        ("api_key", "none", None),
    ] {
        let body = json!({ "type": kind, "duration_seconds": duration });
        let answer = running.ask("devops-agent", devops, &body).await?;
        assert_eq!(answer.status(), Some(201), "{kind}: {:?} {}", answer.text(), running.function.output());
        let issued = answer.json()?;
        assert_eq!([&issued["type"], &issued["enforcement"]], [kind, enforcement]);
        // A key does not end by itself; everything else ends when its provider says.
        let ends = !matches!(kind, "aws_access_key" | "api_key");
        assert_eq!(
            issued["credential"]["expiration"].as_str(),
            issued["expires_at"].as_str().filter(|_| ends)
        );
        assert_eq!(issued["credential"]["method"].as_str(), method, "{kind}");
        let secrets = issued["credential"].as_object().unwrap();
        let secrets =
            ["access_token", "secret_access_key", "session_token", "api_key"].map(|field| secrets.get(field));
        for secret in secrets.into_iter().flatten().filter_map(Value::as_str) {
            assert!(!running.function.output().contains(secret), "a secret of {kind} is in the log");
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_vendors_own_libraries_take_what_was_issued_as_far_as_it_reaches() -> Result<(), HarnessError> {
    let running = Running::start().await?;
    let credential = async |agent: &str, caller: &str, kind: &str| -> Result<Value, HarnessError> {
        let answer = running.ask(agent, caller, &json!({ "type": kind })).await?;
        assert_eq!(answer.status(), Some(201), "{kind}: {:?}", answer.text());
        Ok(answer.json()?["credential"].clone())
    };
    let issued = json!({
        "aws": credential("devops-agent", IssuanceCloud::DEVOPS, "aws_iam_role").await?,
        "gcp": credential("devops-agent", IssuanceCloud::DEVOPS, "gcp_workload_identity").await?,
        "azure": credential("vault-agent", VAULT, "azure_service_principal").await?,
    });
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/issued.py");
    let places = running.clouds.places();
    let variables = places
        .into_iter()
        .chain([("ISSUED", issued.to_string()), ("AWS_DEFAULT_REGION", "us-east-1".to_owned())]);
    let found = Environment::locate()?.run_python(&script, &[], variables).await?.json()?;
    assert_eq!(found["google"], json!([200, 403]));
    assert_eq!(found["microsoft"], VAULT_SECRET);
    let arn = found["amazon"].as_str().unwrap_or_default();
    assert!(arn.starts_with("arn:aws:sts::123456789012:assumed-role/agent-devops/"), "{arn}");
    Ok(())
}

#[tokio::test]
async fn an_application_is_proven_by_the_secret_that_the_broker_keeps_where_the_document_declares_one()
-> Result<(), HarnessError> {
    let running = Running::start().await?;
    let body = json!({ "type": "azure_service_principal" });
    let answer = running.ask("data-agent", DATA, &body).await?;
    assert_eq!(answer.status(), Some(201), "{:?} {}", answer.text(), running.function.output());
    let issued = answer.json()?;
    assert_eq!(issued["credential"]["method"], "client_secret");
    assert!(!running.function.output().contains(VAULT_SECRET));
    Ok(())
}
