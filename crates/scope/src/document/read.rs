//! From the tree to the typed document.

use super::agent::Agent;
use super::credential::{Seen, StoredCredential};
use super::defaults::Defaults;
use super::identity::Callers;
use super::review::{self, Reviewed};
use super::{AwsScope, AzureScope, GcpScope, Scope, ScopeDocument};
use crate::fields::Fields;
use crate::finding::{Code, Finding, shown};
use crate::identifier::{AgentId, Cloud, TenantId};
use crate::sorted::{SortedMap, SortedSet};
use crate::syntax::{Entry, Kind, Node};
use crate::value::{identifier, list, named, one_of, text, version};

/// Reads a whole document. None where it lacks something without which there is none; findings tell the rest.
pub(super) fn document(root: &Node, findings: &mut Vec<Finding>) -> Option<ScopeDocument> {
    let mut fields = Fields::of(root, "a scope document", None, findings)?;
    version(&mut fields, root, findings);
    // Editors write it to find the schema; nothing else reads it.
    if let Some(node) = fields.take("$schema") {
        text(node, "$schema", findings);
    }
    let tenant: Option<TenantId> =
        fields.require("tenant", findings).and_then(|node| identifier(node, "tenant", findings));
    let defaults =
        fields.take("defaults").and_then(|node| Defaults::read(node, findings)).unwrap_or_default();
    let entries = fields.require("agents", findings).and_then(|node| agent_entries(node, findings));
    let (agents, names) = agents(entries.unwrap_or_default(), &defaults, findings);

    let mut seen = Seen { agents: &names, credentials: SortedMap::new() };
    let credentials = fields
        .take("credentials")
        .and_then(|node| list(node, "credentials", findings))
        .unwrap_or_default()
        .iter()
        .filter_map(|node| StoredCredential::read(node, &mut seen, findings))
        .collect();
    fields.finish(findings);
    Some(ScopeDocument { tenant: tenant?, agents, credentials })
}

/// Reads one scope, or a list of them.
pub(super) fn scopes(root: &Node, findings: &mut Vec<Finding>) -> Vec<Scope> {
    let nodes = match &root.kind {
        Kind::List(nodes) => nodes.as_slice(),
        _ => std::slice::from_ref(root),
    };
    let defaults = Defaults::default();
    nodes.iter().filter_map(|node| scope(node, None, &defaults, findings)).collect()
}

/// Reads one scope of an agent.
pub(super) fn scope(
    node: &Node,
    agent: Option<&AgentId>,
    defaults: &Defaults,
    findings: &mut Vec<Finding>,
) -> Option<Scope> {
    let mut fields = Fields::of(node, "a scope", None, findings)?;
    let cloud: Cloud = fields.require("cloud", findings).and_then(|node| one_of(node, "cloud", findings))?;
    let scope = match cloud {
        Cloud::Aws => AwsScope::read(&mut fields, agent, defaults, findings).map(Scope::Aws),
        Cloud::Gcp => GcpScope::read(&mut fields, agent, defaults, findings).map(Scope::Gcp),
        Cloud::Azure => AzureScope::read(&mut fields, defaults, findings).map(Scope::Azure),
    };
    fields.finish_with(|entry| foreign(entry, cloud), findings);
    scope
}

/// A field that another cloud's scopes have.
fn foreign(entry: &Entry, cloud: Cloud) -> Option<Finding> {
    let owner = match entry.name.as_str() {
        "role" | "external_id" | "regions" => Cloud::Aws,
        "service_account" => Cloud::Gcp,
        "client_id" => Cloud::Azure,
        _ => return None,
    };
    let message = format!("`{}` is a field of {owner}, and this is a scope of {cloud}", shown(&entry.name));
    let finding = Finding::error(Code::ForeignField, message).at(entry.key.span);
    Some(finding.help(match cloud {
        Cloud::Aws => "remove it; a scope of aws has `role`, `external_id` and `regions`",
        Cloud::Gcp => "remove it; a scope of gcp has `service_account`",
        Cloud::Azure => "remove it; a scope of azure has `client_id`",
    }))
}

fn agent_entries<'a>(node: &'a Node, findings: &mut Vec<Finding>) -> Option<&'a [Entry]> {
    match &node.kind {
        Kind::Mapping(entries) => return Some(entries),
        Kind::Refused => {}
        _ => {
            let message = format!("agents is a mapping from names to agents, not {}", node.describe());
            let finding = Finding::error(Code::WrongType, message).at(node.span);
            findings.push(finding.help("write each agent as `name:` with its fields below"));
        }
    }
    None
}

/// The agents, and the names of all of them, also of those that could not be read.
fn agents(
    entries: &[Entry],
    defaults: &Defaults,
    findings: &mut Vec<Finding>,
) -> (SortedMap<AgentId, Agent>, SortedSet<AgentId>) {
    let mut callers = Callers::default();
    let (mut agents, mut names) = (SortedMap::new(), SortedSet::new());
    let mut places = Vec::new();
    for entry in entries {
        let Some(id) = named::<AgentId>(&entry.key, &entry.name, "agent", findings) else { continue };
        names.insert(id.clone());
        if let Some((agent, scopes)) = Agent::read(&id, entry, defaults, &mut callers, findings) {
            places.push((id.clone(), entry.key.span, scopes));
            agents.insert(id, agent);
        }
    }
    let reviewed = places
        .iter()
        .filter_map(|(id, at, scopes)| Some(Reviewed { id, agent: agents.get(id)?, at: Some(*at), scopes }));
    review::tell(reviewed, findings);
    (agents, names)
}
