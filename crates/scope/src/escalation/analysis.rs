//! Paths in a scope document, told at the permissions that make them.

use super::azure::{covers, matches};
use super::rule::{Call, family, is_first};
use super::{AzureGrant, GcpGrant, Held, Path, Witness, find};
use crate::aws::authority::{Authority, Certainty, Statement};
use crate::aws::pattern::ActionPattern;
use crate::azure::AzureOperation;
use crate::document::{Agent, Scope, ScopeDocument};
use crate::finding::{Code, Finding, Span};
use crate::identifier::{AgentId, Cloud};
use crate::sorted::SortedMap;
use crate::syntax::{Kind, Node};

/// Tells every path on which a scope of a document leads to more than it says.
pub(crate) fn tell(document: &ScopeDocument, root: Option<&Node>, findings: &mut Vec<Finding>) {
    for (id, agent) in &document.agents {
        let paths = agent_paths(agent);
        findings.extend(paths.iter().map(|(scopes, path)| finding(id, agent, scopes, path, root)));
    }
}

/// The paths that an agent's scopes open, each with the scopes, by index, that it may use. Scopes that share a role,
/// a service account or an identity belong to one principal.
pub fn agent_paths(agent: &Agent) -> Vec<(Vec<usize>, Path)> {
    let mut principals: SortedMap<(&str, Option<&str>), Vec<usize>> = SortedMap::new();
    for (index, scope) in agent.scopes.iter().enumerate() {
        let principal = match scope {
            Scope::Aws(scope) => scope.role.as_ref().map(|role| role.as_str()),
            Scope::Gcp(scope) => scope.service_account.as_ref().map(|account| account.as_str()),
            Scope::Azure(scope) => scope.client_id.as_ref().map(|id| id.as_str()),
        };
        principals.update((scope.cloud().as_str(), principal), |all| all.push(index));
    }
    let paths = principals.into_values().flat_map(|indices| {
        let scopes: Vec<&Scope> = indices.iter().filter_map(|index| agent.scopes.get(*index)).collect();
        let paths = principal_paths(&scopes);
        paths.into_iter().map(move |path| (indices.clone(), path))
    });
    paths.collect()
}

/// The paths of scopes that are of one cloud and one principal.
fn principal_paths(scopes: &[&Scope]) -> Vec<Path> {
    if !scopes.iter().any(|scope| begins(scope)) {
        return Vec::new();
    }
    let mut statements: Vec<Statement> = Vec::new();
    let (mut role, mut gcp, mut azure) = (None, Vec::new(), Vec::new());
    let resources: Vec<Vec<String>> = scopes.iter().map(|scope| resources(scope)).collect();
    for (scope, resources) in scopes.iter().zip(&resources) {
        match scope {
            Scope::Aws(scope) => {
                role = scope.role.as_ref();
                statements.push(scope.statement());
            }
            Scope::Gcp(scope) => {
                gcp.push(GcpGrant { permissions: &scope.permissions, resources });
            }
            Scope::Azure(scope) => {
                azure.push(AzureGrant { operations: &scope.permissions, but: &[], resources })
            }
        }
    }
    match scopes.first().map(|scope| scope.cloud()) {
        Some(Cloud::Aws) => find(&Held::Session { authority: &Authority::new(statements), role }),
        Some(Cloud::Gcp) => find(&Held::Gcp(&gcp)),
        Some(Cloud::Azure) => find(&Held::Azure(&azure)),
        None => Vec::new(),
    }
}

/// Whether a scope has the beginning of any path at all, as most have not.
fn begins(scope: &Scope) -> bool {
    match scope {
        Scope::Aws(scope) => scope.permissions.iter().any(|action| {
            let is = |call: &Call| action.glob().matches(&call.folded);
            action.service().is_none_or(|service| is_first(Cloud::Aws, service, &is))
        }),
        // What is held is looked up at once: it has no wildcards.
        Scope::Gcp(_) => true,
        Scope::Azure(scope) => scope.permissions.iter().any(|operation| {
            let family = family(Cloud::Azure, operation.folded());
            family == "*" || is_first(Cloud::Azure, family, &|call| matches(operation.folded(), &call.folded))
        }),
    }
}

/// The resources of a scope that is not of AWS.
fn resources(scope: &Scope) -> Vec<String> {
    match scope {
        Scope::Aws(_) => Vec::new(),
        Scope::Gcp(scope) => scope.resources.iter().map(ToString::to_string).collect(),
        Scope::Azure(scope) => scope.resources.iter().map(ToString::to_string).collect(),
    }
}

/// The finding for a path, at the permission that it begins with.
fn finding(id: &AgentId, agent: &Agent, scopes: &[usize], path: &Path, root: Option<&Node>) -> Finding {
    let rule = path.rule;
    let calls: Vec<String> = path.permissions.iter().map(ToString::to_string).collect();
    let everything = rule.id == "everything";
    let message = if everything {
        format!("{id}: {}, which gives {}", rule.title, rule.gives)
    } else {
        let supposed = if path.certainty == Certainty::Undecided { "probably " } else { "" };
        format!("{id}: {supposed}{}, which gives {}: {}", rule.title, rule.gives, calls.join("; "))
    };
    // What a session policy of AWS names may be refused by the role; at the other clouds the bindings decide what
    // is reached.
    let general = path.depends_on_target.is_none() || (rule.cloud == Cloud::Aws && path.any_target);
    let finding = match (everything, general) {
        (true, _) => Finding::warning(Code::AllAuthority, message),
        (false, true) => Finding::warning(Code::Escalation, message),
        (false, false) => Finding::info(Code::EscalationByTarget, message),
    };
    let mut help = path.remedy.to_owned();
    if let Some(target) = path.depends_on_target {
        help = format!("{help}; it depends on {target}");
    }
    if rule.cloud == Cloud::Aws {
        help.push_str("; and on the role, beyond which no session goes");
    }
    let finding = finding.help(help);
    let first = path.permissions.first().zip(root);
    finding.at(first.and_then(|(witness, root)| place(witness, id, agent, scopes, root)))
}

/// Where the permission of a witness stands in the document.
fn place(witness: &Witness, id: &AgentId, agent: &Agent, scopes: &[usize], root: &Node) -> Option<Span> {
    let nodes = root.field("agents")?.field(id.as_str())?.field("scopes")?;
    let Kind::List(nodes) = &nodes.kind else { return None };
    scopes.iter().find_map(|index| {
        let scope = agent.scopes.get(*index)?;
        let permissions = nodes.get(*index)?.field("permissions")?;
        let Kind::List(permissions) = &permissions.kind else { return None };
        let stands = permissions.iter().find(|node| match &node.kind {
            Kind::Text(text) => has(scope, text, witness),
            _ => false,
        });
        stands.map(|node| node.span)
    })
}

/// Whether a permission of a scope, as it is written, is what the witness uses.
fn has(scope: &Scope, text: &str, witness: &Witness) -> bool {
    match scope {
        Scope::Aws(scope) => {
            let on = |resource: &String| scope.resources.iter().any(|pattern| pattern.matches(resource));
            let within = |region: &crate::aws::region::Region| scope.regions.contains(region.as_str());
            text == witness.permission && witness.resource.is_none()
                || (text.parse().is_ok_and(|action: ActionPattern| action.matches(&witness.permission))
                    && witness.resource.as_ref().is_none_or(on)
                    && witness.region.as_ref().is_none_or(within))
        }
        Scope::Gcp(_) => text == witness.permission,
        Scope::Azure(_) => {
            text.parse().is_ok_and(|operation: AzureOperation| covers(&operation, &witness.permission))
        }
    }
}
