//! The scope document: what each agent of a tenant may be given.
//!
//! Read with [`ScopeDocument::parse`], which applies the document's defaults and tells everything that is wrong
//! at once. Serialised, a document stands as it could have been written, without defaults.

mod agent;
mod aws;
pub(crate) mod azure;
mod credential;
mod defaults;
mod difference;
mod gcp;
mod identity;
mod join;
mod overlap;
mod read;
mod review;
#[cfg(feature = "schema")]
mod schema;
mod session;
mod tokens;

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

pub use agent::{Agent, Budget};
pub use aws::{AwsScope, ExternalId, ExternalIdError};
pub use azure::AzureScope;
pub use credential::{Rotate, StoredCredential, is_connector_path};
pub use difference::{Change, Direction};
pub use gcp::GcpScope;
pub use identity::Identity;
pub use join::JoinError;
#[cfg(feature = "schema")]
pub use schema::json_schema;
pub use session::SessionError;

use crate::finding::{Finding, Severity, Span};
use crate::identifier::{AgentId, Cloud, TenantId};
use crate::seconds::Seconds;
use crate::sorted::{SortedMap, sort_by_key};
use crate::syntax;

/// The JSON Schema of a scope document, as it is committed and published at `/schema/scope.json`.
pub const JSON_SCHEMA: &str = include_str!("../../../../schema/scope.json");

/// The only version of the format.
const VERSION: u32 = 1;

/// The most findings that are told at once; a document with more is another kind of file.
const FINDINGS_LIMIT: usize = 200;

/// What each agent of a tenant may be given, with the document's defaults already applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeDocument {
    /// The tenant that the agents belong to.
    pub tenant: TenantId,
    /// The agents by name.
    pub agents: SortedMap<AgentId, Agent>,
    /// The long-lived secrets that are kept and rotated, in the order of the document.
    pub credentials: Vec<StoredCredential>,
}

/// What came of reading a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The document; there exactly where no finding is an error.
    pub document: Option<ScopeDocument>,
    /// All that was found, in the order of the text.
    pub findings: Vec<Finding>,
}

impl ScopeDocument {
    /// Reads a document from YAML or JSON.
    pub fn parse(text: &str) -> Parsed {
        Self::from_source(&syntax::read(text))
    }

    /// Reads a document from the bytes of a file. Anything but UTF-8 is a finding.
    pub fn parse_bytes(bytes: &[u8]) -> Parsed {
        Self::from_source(&syntax::read_bytes(bytes))
    }

    fn from_source(source: &syntax::Source) -> Parsed {
        let Parsed { document, findings } = Self::unordered(source);
        Parsed { document, findings: in_order(findings) }
    }

    /// With all findings as they come.
    pub(crate) fn unordered(source: &syntax::Source) -> Parsed {
        let mut findings = source.findings.clone();
        let document = source.root.as_ref().and_then(|root| read::document(root, &mut findings));
        Parsed { document: document.filter(|_| !has_error(&findings)), findings }
    }
}

/// Reads one scope, or a list of them, from YAML or JSON: what `deputize contains` compares. The scopes are empty
/// where a finding is an error.
pub fn parse_scopes(text: &str) -> (Vec<Scope>, Vec<Finding>) {
    let source = syntax::read(text);
    let mut findings = source.findings;
    let scopes = source.root.map(|root| read::scopes(&root, &mut findings)).unwrap_or_default();
    let findings = in_order(findings);
    (if has_error(&findings) { Vec::new() } else { scopes }, findings)
}

/// The files of connectors that a document names, and where: paths below the document's directory. Also of one with
/// errors, so that all that is wrong is told at once.
pub fn connector_files(bytes: &[u8]) -> Vec<(String, Span)> {
    syntax::read_bytes(bytes).root.as_ref().map(credential::connector_files).unwrap_or_default()
}

fn has_error(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Error)
}

/// Findings as a reader meets them, without a flood of them.
pub(crate) fn in_order(mut findings: Vec<Finding>) -> Vec<Finding> {
    sort_by_key(&mut findings, |finding| finding.span.map_or(0, |span| span.start));
    if findings.len() > FINDINGS_LIMIT {
        // Errors must not be cut off in favour of warnings: their absence means that the document is sound.
        sort_by_key(&mut findings, |finding| finding.severity);
        let rest = findings.len() - FINDINGS_LIMIT;
        findings.truncate(FINDINGS_LIMIT);
        sort_by_key(&mut findings, |finding| finding.span.map_or(0, |span| span.start));
        let message = format!("{rest} more findings are not told");
        findings.push(Finding::warning(crate::finding::Code::TooManyFindings, message));
    }
    findings
}

impl Serialize for ScopeDocument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_struct("ScopeDocument", 4)?;
        document.serialize_field("version", &VERSION)?;
        document.serialize_field("tenant", &self.tenant)?;
        document.serialize_field("agents", &self.agents)?;
        document.serialize_field("credentials", &self.credentials)?;
        document.end()
    }
}

/// What an agent may be given at one cloud.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "cloud", rename_all = "lowercase")]
pub enum Scope {
    /// Sessions of an AWS role.
    Aws(AwsScope),
    /// Access tokens of a GCP service account.
    Gcp(GcpScope),
    /// Tokens of an Azure identity.
    Azure(AzureScope),
}

impl Scope {
    /// The cloud that the scope is for.
    pub fn cloud(&self) -> Cloud {
        match self {
            Self::Aws(_) => Cloud::Aws,
            Self::Gcp(_) => Cloud::Gcp,
            Self::Azure(_) => Cloud::Azure,
        }
    }

    /// The longest that a credential under this scope may live.
    pub fn max_duration(&self) -> Seconds {
        match self {
            Self::Aws(scope) => scope.max_duration,
            Self::Gcp(scope) => scope.max_duration,
            Self::Azure(scope) => scope.max_duration,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{Kind, Node};

    const EXAMPLE: &str = include_str!("../../../../examples/mission.yaml");

    /// The tree of a document, written as JSON with tabs.
    fn json(node: &Node, indent: &str) -> String {
        let deeper = format!("{indent}\t");
        let members = |members: Vec<String>| members.join(&format!(",\n{deeper}"));
        match &node.kind {
            Kind::Null | Kind::Refused => "null".to_owned(),
            Kind::Boolean(raw) | Kind::Number(raw) => raw.clone(),
            // Also what JSON needs no escapes for is escaped: every character by its code.
            Kind::Text(text) => {
                format!("\"{}\"", text.chars().map(|c| format!("\\u{:04x}", c as u32)).collect::<String>())
            }
            Kind::List(items) => {
                format!(
                    "[\n{deeper}{}\n{indent}]",
                    members(items.iter().map(|item| json(item, &deeper)).collect())
                )
            }
            Kind::Mapping(entries) => {
                let entry =
                    |entry: &syntax::Entry| format!("\"{}\":\t{}", entry.name, json(&entry.value, &deeper));
                format!("{{\n{deeper}{}\n{indent}}}", members(entries.iter().map(entry).collect()))
            }
        }
    }

    #[test]
    fn the_example_is_the_same_document_in_json() {
        let written = json(&syntax::read(EXAMPLE).root.unwrap(), "");
        assert!(serde_json::from_str::<serde_json::Value>(&written).is_ok());
        let (yaml, json) = (ScopeDocument::parse(EXAMPLE), ScopeDocument::parse(&written));
        assert!(json.findings.iter().all(|finding| finding.severity == Severity::Info));
        assert_eq!(json.document, yaml.document);
        assert!(json.document.is_some());
    }

    #[test]
    fn json_on_one_line_is_the_same_document() {
        let written = json(&syntax::read(EXAMPLE).root.unwrap(), "").replace(['\t', '\n'], "");
        assert_eq!(ScopeDocument::parse(&written).document, ScopeDocument::parse(EXAMPLE).document);
    }
}
