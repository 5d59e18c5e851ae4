//! The rotation function as AWS runs it: the real binary on a Runtime API host, the scheduler's event, DynamoDB Local
//! for the table, moto for IAM, STS, KMS and EventBridge. What it rotates is imported and adopted through the issuance
//! function.

use deputize_e2e::{Answer, ApiGatewayEvent, Environment, Function, HarnessError, IssuanceCloud, RuntimeApi};
use serde_json::{Value, json};

const ADMIN: &str = IssuanceCloud::ADMIN;
const DEVOPS: &str = IssuanceCloud::DEVOPS;
const DOCUMENT: &str = "version: 1
tenant: acme
agents:
  devops-agent:
    identities: [{ aws: 'arn:aws:iam::111122223333:role/devops-runtime' }]
credentials:
  - { id: deploy, type: aws_access_key, agent: devops-agent, rotate: { every: 1d } }
  - { id: orphaned, type: api_key, agent: devops-agent, rotate: { every: 5m } }
";
const CREDENTIAL: &str = "/v1/credentials/deploy";
const OWN: &str = "/v1/agents/devops-agent/credentials/deploy";

struct Running {
    issuance: RuntimeApi,
    rotation: RuntimeApi,
    functions: [Function; 2],
    around: IssuanceCloud,
    /// The user's first key.
    first: String,
}

/// Both functions, with an IAM user whose key is imported. `windows`: the settings of rotation.
async fn cloud(windows: Value) -> Result<Running, HarnessError> {
    let environment = Environment::locate()?;
    let around = IssuanceCloud::start(&environment).await?;
    let mut variables = around.variables();
    for (name, value) in &mut variables {
        if name == "DEPUTIZE_SETTINGS" {
            let mut settings: Value = serde_json::from_str(value).unwrap_or_default();
            if let Some(settings) = settings.as_object_mut() {
                settings.insert("rotation".to_owned(), windows.clone());
            }
            *value = settings.to_string();
        }
    }
    variables.push(("DEPUTIZE_EVENT_BUS".to_owned(), "default".to_owned()));
    let (issuance, rotation) = (RuntimeApi::start().await?, RuntimeApi::start().await?);
    let functions = [
        issuance.spawn(&environment, &environment.binary("issuance")?, variables.clone())?,
        rotation.spawn(&environment, &environment.binary("rotation")?, variables)?,
    ];
    around.publish(&issuance, DOCUMENT).await?;
    let first = import_key(&around, &issuance).await?;
    Ok(Running { issuance, rotation, functions, around, first })
}

/// An IAM user with a key, imported; its id.
async fn import_key(around: &IssuanceCloud, issuance: &RuntimeApi) -> Result<String, HarnessError> {
    let iam = async |action: &str| {
        around.moto.query("iam", action, &[("Version", "2010-05-08"), ("UserName", "deploy")]).await
    };
    iam("CreateUser").await?;
    let made = iam("CreateAccessKey").await?;
    let id = element(&made, "AccessKeyId");
    let secret = json!({
        "access_key_id": id, "secret_access_key": element(&made, "SecretAccessKey"), "user_name": "deploy",
    });
    let import = json!({ "id": "deploy", "credential": secret });
    let imported = issuance.invoke(ApiGatewayEvent::post("/v1/credentials").iam(ADMIN).json(&import)).await?;
    assert_eq!(imported.status(), Some(201), "{:?}", imported.text());
    Ok(id)
}

/// The text of the first element of that name.
fn element(xml: &str, name: &str) -> String {
    let rest = xml.split_once(&format!("<{name}>")).map_or("", |(_, rest)| rest);
    rest.split_once('<').map_or("", |(text, _)| text).to_owned()
}

impl Running {
    async fn rotate(&self, event: Value) -> Result<Value, HarnessError> {
        let answer = self.rotation.invoke(event).await?;
        Ok(answer.body)
    }

    async fn tick(&self) -> Result<Value, HarnessError> {
        self.rotate(json!({ "tick": "2026-05-01T12:00:00Z" })).await
    }

    /// What is on record.
    async fn record(&self) -> Result<Value, HarnessError> {
        self.issuance.invoke(ApiGatewayEvent::new("GET", CREDENTIAL).iam(ADMIN)).await?.json()
    }

    async fn current(&self) -> Result<Value, HarnessError> {
        let path = format!("{OWN}/current");
        self.issuance.invoke(ApiGatewayEvent::new("GET", &path).iam(DEVOPS)).await?.json()
    }

    async fn adopt(&self, version: u64) -> Result<Answer, HarnessError> {
        let path = format!("{OWN}/versions/{version}/adopted");
        self.issuance.invoke(ApiGatewayEvent::post(&path).iam(DEVOPS).json(&json!({}))).await
    }

    /// The ids of the user's keys.
    async fn keys(&self) -> Result<Vec<String>, HarnessError> {
        let form = [("Version", "2010-05-08"), ("UserName", "deploy")];
        let listed = self.around.moto.query("iam", "ListAccessKeys", &form).await?;
        Ok(listed.split("<member>").skip(1).map(|member| element(member, "AccessKeyId")).collect())
    }

    fn output(&self) -> String {
        self.functions.iter().map(Function::output).collect()
    }
}

#[tokio::test]
async fn a_key_at_iam_is_replaced_once_its_agent_has_adopted_the_next() -> Result<(), HarnessError> {
    let windows = json!({ "probes": 2, "between_probes": "0s", "adoption": "10m", "soak": "0s" });
    let cloud = cloud(windows).await?;
    assert_eq!(cloud.tick().await?["taken"], 0, "nothing is due on the first day: {}", cloud.output());

    let taken = cloud.rotate(json!({ "rotate": "deploy" })).await?;
    assert_eq!(taken["taken"], 1, "{} {}", cloud.record().await?, cloud.output());
    let record = cloud.record().await?;
    assert_eq!(record["rotation"]["phase"], "verifying", "{record} {}", cloud.output());
    assert_eq!((&record["version"], &record["pending_version"]), (&json!(1), &json!(2)));
    assert_eq!(cloud.keys().await?.len(), 2, "both work while the agent changes over");

    let current = cloud.current().await?;
    assert_eq!(current["version"], 2, "agents are given the next one: {current}");
    assert_eq!(cloud.tick().await?["taken"], 0, "it waits for the agent");
    assert_eq!(cloud.adopt(2).await?.status(), Some(204));
    assert_eq!(cloud.adopt(2).await?.status(), Some(204), "a receipt that comes twice is one");
    assert_eq!(cloud.tick().await?["taken"], 1, "{}", cloud.output());

    let record = cloud.record().await?;
    assert_eq!((&record["rotation"]["phase"], &record["version"]), (&json!("steady"), &json!(2)), "{record}");
    let key = current["credential"]["access_key_id"].as_str().unwrap_or_default().to_owned();
    assert_ne!(key, cloud.first);
    assert_eq!(cloud.keys().await?, [key], "the former one is gone");
    let secret = current["credential"]["secret_access_key"].as_str().unwrap_or_default();
    assert!(!secret.is_empty() && !cloud.output().contains(secret), "no secret is logged");
    Ok(())
}

#[tokio::test]
async fn a_version_that_nobody_adopts_is_taken_back_and_somebody_is_told() -> Result<(), HarnessError> {
    let windows = json!({ "probes": 1, "between_probes": "0s", "adoption": "1s", "soak": "0s" });
    let cloud = cloud(windows).await?;
    let archive = json!({
        "ArchiveName": "alerts",
        "EventSourceArn": "arn:aws:events:us-east-1:123456789012:event-bus/default",
        "EventPattern": json!({ "source": ["deputize"], "detail-type": ["rotation_failed"] }).to_string(),
    });
    cloud.around.moto.json("events", "AWSEvents.CreateArchive", &archive).await?;

    cloud.rotate(json!({ "rotate": "deploy" })).await?;
    let mut phases = Vec::new();
    for _ in 0..100 {
        let phase = cloud.record().await?["rotation"]["phase"].as_str().unwrap_or_default().to_owned();
        if phases.last() != Some(&phase) {
            phases.push(phase);
        }
        if phases.last().is_some_and(|phase| phase == "failed") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        cloud.tick().await?;
    }
    assert_eq!(phases, ["verifying", "rolling_back", "failed"]);
    let record = cloud.record().await?;
    assert_eq!(
        (&record["version"], &record["rotation"]["reason"]["code"]),
        (&json!(1), &json!("not_adopted"))
    );
    assert_eq!(
        cloud.keys().await?,
        std::slice::from_ref(&cloud.first),
        "the next one is gone, the former one is as it was"
    );
    assert_eq!(cloud.current().await?["version"], 1);
    assert_eq!(cloud.adopt(2).await?.status(), Some(409), "it is not to be adopted any more");
    let described = json!({ "ArchiveName": "alerts" });
    let archive = cloud.around.moto.json("events", "AWSEvents.DescribeArchive", &described).await?;
    assert_eq!(archive["EventCount"], 1, "{archive} {}", cloud.output());
    Ok(())
}
