//! Stored credentials: long-lived secrets that cannot be avoided, kept sealed and rotated.

use serde::Serialize;

use super::FINDINGS_LIMIT;
use crate::fields::{Fields, nearest};
use crate::finding::{Code, Finding, Span, shown};
use crate::identifier::{AgentId, CredentialId, CredentialType, Risk};
use crate::seconds::Seconds;
use crate::sorted::{SortedMap, SortedSet};
use crate::syntax::{Kind, Node};
use crate::value::{Bounds, Expected, duration, identifier, list, one_of, text};

/// A stored credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredCredential {
    /// Its name, once in a tenant.
    pub id: CredentialId,
    /// What kind of secret it is: `type` in the document.
    #[serde(rename = "type")]
    pub kind: CredentialType,
    /// The agent that owns it, and uses it where nothing else is said.
    pub agent: AgentId,
    /// The agents that use it, where that is not its owner alone. Each has to adopt what it is rotated to. None: nobody
    /// but the broker uses it, on the owner's behalf.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consumers: Option<Vec<AgentId>>,
    /// How it is rotated, where that is not its type's own way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotate: Option<Rotate>,
    /// How much harm it could do; medium where nothing is said.
    pub risk: Risk,
}

/// How a credential is rotated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rotate {
    /// How often.
    pub every: Seconds,
    /// The file that declares the connector to the provider's API, below the document's directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connector: Option<String>,
}

impl StoredCredential {
    pub(super) fn read(node: &Node, seen: &mut Seen<'_>, findings: &mut Vec<Finding>) -> Option<Self> {
        let mut fields = Fields::of(node, "a credential", None, findings)?;
        let id = fields.require("id", findings).and_then(|node| {
            let id: CredentialId = identifier(node, "id", findings)?;
            seen.once(&id, node, findings);
            Some(id)
        });
        let kind = fields.require("type", findings).and_then(|node| one_of(node, "type", findings));
        let agent = fields.require("agent", findings).and_then(|node| {
            let agent: AgentId = identifier(node, "agent", findings)?;
            seen.known(&agent, node, findings);
            Some(agent)
        });
        let consumers = fields.take("consumers").and_then(|node| consumers(node, seen, findings));
        let rotate = fields.take("rotate");
        if let Some(kind) = kind {
            renewal(kind, fields.at(), rotate, findings);
        }
        let rotate = rotate.and_then(|node| Rotate::read(node, findings));
        let risk = match fields.take("risk") {
            Some(node) => one_of(node, "risk", findings),
            None => Some(Risk::Medium),
        };
        fields.finish(findings);
        Some(Self { id: id?, kind: kind?, agent: agent?, consumers, rotate, risk: risk? })
    }

    /// The agents that use it.
    pub fn consumers(&self) -> Vec<AgentId> {
        self.consumers.clone().unwrap_or_else(|| vec![self.agent.clone()])
    }

    /// Whether an agent uses it.
    pub fn is_used_by(&self, agent: &AgentId) -> bool {
        self.consumers.as_ref().map_or(self.agent == *agent, |consumers| consumers.contains(agent))
    }
}

fn consumers(node: &Node, seen: &Seen<'_>, findings: &mut Vec<Finding>) -> Option<Vec<AgentId>> {
    let mut names = Vec::new();
    for node in list(node, "consumers", findings)? {
        let Some(agent) = identifier::<AgentId>(node, "consumers", findings) else { continue };
        seen.known(&agent, node, findings);
        if !names.contains(&agent) {
            names.push(agent);
        }
    }
    Some(names)
}

/// Tells a secret that nothing renews.
fn renewal(kind: CredentialType, at: Span, rotate: Option<&Node>, findings: &mut Vec<Finding>) {
    let has_connector = |node: &Node| match &node.kind {
        Kind::Mapping(entries) => entries.iter().any(|entry| entry.name == "connector"),
        // Told already.
        _ => true,
    };
    let finding = match (kind, rotate) {
        (
            CredentialType::AwsIamRole
            | CredentialType::GcpWorkloadIdentity
            | CredentialType::AzureManagedIdentity,
            _,
        ) => Finding::warning(
            Code::NothingStored,
            format!("a credential of type {kind} has no secret to store"),
        )
        .help("remove it, and give the agent a scope instead"),
        (CredentialType::ApiKey | CredentialType::OauthToken, None) => {
            Finding::warning(Code::MissingRotation, format!("nothing renews this {kind}"))
                .help("add `rotate: { every: 7d }`, and for an API key its connector")
        }
        // A provider's own API for keys is not known; that of OAuth 2.0 is.
        (CredentialType::ApiKey, Some(node)) if !has_connector(node) => Finding::warning(
            Code::MissingConnector,
            "nothing says how this API key is renewed at its provider",
        )
        .help("add `connector:` with the file that declares the provider's API"),
        _ => return,
    };
    findings.push(finding.at(at));
}

impl Rotate {
    fn read(node: &Node, findings: &mut Vec<Finding>) -> Option<Self> {
        let mut fields = Fields::of(node, "rotate", None, findings)?;
        let every =
            fields.require("every", findings).and_then(|node| duration(node, "every", &INTERVALS, findings));
        let connector = fields.take("connector").and_then(|node| connector(node, findings));
        fields.finish(findings);
        Some(Self { every: every?, connector })
    }
}

/// An agent has five minutes to adopt a new version before it is rolled back, so nothing rotates more often.
const INTERVALS: Bounds = Bounds { least: Seconds::new(300), most: Seconds::new(u32::MAX), of: "rotation" };

const CONNECTOR: Expected = Expected {
    what: "connector",
    code: Code::InvalidConnector,
    help: "write the path of a file below the document's directory, such as connectors/github.yaml",
};

/// Whether a path stays below where it begins, in the notation of every system.
pub fn is_connector_path(path: &str) -> bool {
    let step = |step: &str| !matches!(step, "" | "." | "..");
    path.split('/').all(step) && !path.contains(['\\', ':']) && !path.contains(char::is_control)
}

fn connector(node: &Node, findings: &mut Vec<Finding>) -> Option<String> {
    let path = text(node, CONNECTOR.what, findings)?;
    let sound = is_connector_path(path);
    if !sound {
        findings.push(CONNECTOR.refuse(node, path, &"a connector is a file below the document's directory"));
    }
    sound.then(|| path.to_owned())
}

/// The files of connectors that a document names, and where; also of one with errors.
pub(super) fn connector_files(root: &Node) -> Vec<(String, Span)> {
    let credentials = root.field("credentials").map(Node::members).unwrap_or_default();
    let named = credentials.iter().filter_map(|credential| credential.field("rotate")?.field("connector"));
    let sound =
        named.filter_map(|node| Some((node.as_text().filter(|path| is_connector_path(path))?, node.span)));
    sound.map(|(path, span)| (path.to_owned(), span)).collect()
}

/// What the document has named so far.
pub(super) struct Seen<'a> {
    /// The agents that the document has, also those whose reading failed.
    pub(super) agents: &'a SortedSet<AgentId>,
    /// The lines of the credentials.
    pub(super) credentials: SortedMap<CredentialId, usize>,
}

impl Seen<'_> {
    fn once(&mut self, id: &CredentialId, node: &Node, findings: &mut Vec<Finding>) {
        if let Some(line) = self.credentials.get(id) {
            let finding =
                Finding::error(Code::DuplicateCredential, format!("credential `{id}` is there twice"));
            findings.push(
                finding.at(node.span).help(format!("line {line} has it first; give this one another id")),
            );
        } else {
            self.credentials.insert(id.clone(), node.span.line);
        }
    }

    fn known(&self, agent: &AgentId, node: &Node, findings: &mut Vec<Finding>) {
        if self.agents.contains(agent) {
            return;
        }
        let finding = Finding::error(
            Code::UnknownAgent,
            format!("the document has no agent `{}`", shown(agent.as_str())),
        );
        // Each suggestion costs as much as there are agents: only those that will be told are worth it.
        let told = if findings.len() < FINDINGS_LIMIT { usize::MAX } else { 0 };
        let candidates = self.agents.iter().take(told);
        let finding = match nearest(agent.as_str(), candidates.map(AgentId::as_str)) {
            Some(name) => finding
                .help(format!("did you mean `{name}`?"))
                .fix(node.rewrite(name, format!("write `{name}`"))),
            None => finding.help("add the agent, or name one that is there"),
        };
        findings.push(finding.at(node.span));
    }
}
