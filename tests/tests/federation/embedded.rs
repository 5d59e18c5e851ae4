//! The broker in a process of its own, with its own store, at clouds that are being served; and all that it leaves behind.

use std::fs;
use std::path::Path;

use deputize_e2e::{Client, DeputizeProcess, Environment, HarnessError, Reply};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::clouds::Clouds;
use crate::records::{self, Records};

const DOCUMENT: &str = r#"
version: 1
tenant: acme
defaults:
  budget: { live_leases: 100, per_minute: 600 }
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
credentials:
  - { id: newsletter, type: oauth_token, agent: devops-agent, rotate: { every: 4h } }
"#;

const AGENT: &str = "devops-agent";

pub(crate) struct Embedded {
    process: DeputizeProcess,
    agent: Client,
    // Holds the scope document for as long as the process may read it.
    _folder: TempDir,
}

/// What a broker that is gone has left behind.
pub(crate) struct Remains {
    pub(crate) records: Records,
    /// Its log, its events and its files, as far as they are text.
    pub(crate) written: String,
}

impl Embedded {
    /// A broker whose clouds are these settings, that is this at AWS, and that has a client at the OAuth server of that
    /// address.
    pub(crate) async fn start(
        settings: &Value,
        aws: &[(String, String)],
        token_url: &str,
    ) -> Result<Self, HarnessError> {
        let folder = TempDir::new().unwrap();
        let document = folder.path().join("scopes.yaml");
        fs::write(&document, DOCUMENT).unwrap();
        let settings = settings.to_string();
        let mut variables = vec![
            ("DEPUTIZE_CLOUD", "aws=real"),
            ("DEPUTIZE_SETTINGS", &settings),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ];
        variables.extend(aws.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let arguments = ["--scopes", document.to_str().unwrap()];
        let process = DeputizeProcess::start_with(&Environment::locate()?, &arguments, &variables).await?;
        let client = json!({
            "token_url": token_url,
            "client_id": "newsletter",
            "client_secret": Clouds::OAUTH_SECRET,
        });
        let body = json!({ "id": "newsletter", "credential": client }).to_string();
        let admin = Client::new(process.url(), &process.admin_token()?);
        let headers = [("content-type", "application/json")];
        let imported = admin.send(Method::POST, "/v1/credentials", &headers, body).await?;
        assert_eq!(imported.status, 201, "{}", imported.text);
        let agent = Client::new(process.url(), &process.agent_token(AGENT)?);
        Ok(Self { process, agent, _folder: folder })
    }

    pub(crate) async fn ask(&self, kind: &str) -> Result<Reply, HarnessError> {
        self.agent.ask(AGENT, &json!({ "type": kind }), &[]).await
    }

    /// Ends the process, and reads everything that it wrote.
    pub(crate) async fn end(mut self) -> Result<Remains, HarnessError> {
        self.process.kill()?;
        let records = records::read(self.process.state()).await;
        let events = serde_json::to_string(&records.events).unwrap();
        let files = texts(self.process.state());
        Ok(Remains { written: self.process.output() + &events + &files, records })
    }
}

/// What stands in the files of a folder.
fn texts(folder: &Path) -> String {
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts(&path)
        } else {
            String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
        }
    };
    fs::read_dir(folder).unwrap().map(read).collect()
}
