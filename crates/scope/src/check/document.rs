//! The permissions of scope documents. They are looked for in the tree, so that they are told of while something
//! else in the document is still wrong.

use super::lookup::{Lookup, Meaning};
use super::resource::{self, Calls};
use super::written::Written;
use crate::aws::pattern::{ActionPattern, ResourcePattern};
use crate::azure::{AzureOperation, Plane};
use crate::catalogue::{self, Catalogues, Planes};
use crate::document::azure;
use crate::finding::{Code, Finding, Span};
use crate::gcp::GcpPermission;
use crate::identifier::Cloud;
use crate::syntax::Node;

/// Tells what the catalogues know of a document's permissions.
pub(super) fn tell(root: &Node, catalogues: &Catalogues, findings: &mut Vec<Finding>) {
    let lookups = Cloud::ALL.iter().filter_map(|cloud| catalogues.of(*cloud)).map(Lookup::new);
    let lookups: Vec<Lookup<'_>> = lookups.collect();
    if lookups.is_empty() {
        return;
    }
    let agents = root.field("agents").map(Node::entries).unwrap_or_default();
    for scope in agents.iter().filter_map(|agent| agent.value.field("scopes")).flat_map(Node::members) {
        let cloud = scope.field("cloud").and_then(Node::as_text).and_then(|name| name.parse().ok());
        let lookup = lookups.iter().find(|lookup| Some(lookup.catalogue.cloud()) == cloud);
        if let Some(lookup) = lookup {
            tell_scope(scope, lookup, findings);
        }
    }
}

fn tell_scope<'a>(scope: &'a Node, lookup: &Lookup<'a>, findings: &mut Vec<Finding>) {
    let members = |name: &str| scope.field(name).map(Node::members).unwrap_or_default();
    let permissions: Vec<Written<'a>> =
        members("permissions").iter().filter_map(Written::in_document).collect();
    match lookup.catalogue.cloud() {
        Cloud::Aws => {
            let resources = members("resources").iter().filter_map(Written::in_document);
            let calls = Calls {
                actions: judged(&permissions, lookup, is::<ActionPattern>, findings),
                is_all_but_actions: false,
                resources: resources.map(|one| (one, one.text.parse::<ResourcePattern>().ok())).collect(),
                is_all_but_resources: false,
                apart: "give it a scope without `resources`",
            };
            resource::tell(&calls, lookup, findings);
        }
        Cloud::Gcp => drop(judged(&permissions, lookup, is::<GcpPermission>, findings)),
        Cloud::Azure => {
            let meanings = judged(&permissions, lookup, is::<AzureOperation>, findings);
            tell_planes(&meanings, findings);
        }
    }
}

/// What permissions stand for. What is not written as permissions are was told already.
fn judged<'a>(
    permissions: &[Written<'a>],
    lookup: &Lookup<'a>,
    is_permission: fn(&str) -> bool,
    findings: &mut Vec<Finding>,
) -> Vec<(Written<'a>, Meaning<'a>)> {
    let judge = |written: &Written<'a>| match is_permission(written.text) {
        true => (*written, lookup.judged(written, findings)),
        false => (*written, Meaning::Unknown),
    };
    permissions.iter().map(judge).collect()
}

fn is<T: std::str::FromStr>(text: &str) -> bool {
    text.parse::<T>().is_ok()
}

/// Tells operations of both planes in one scope as the catalogue has them, instead of by their form.
fn tell_planes(meanings: &[(Written<'_>, Meaning<'_>)], findings: &mut Vec<Finding>) {
    let spans: Vec<Span> = meanings.iter().map(|(written, _)| written.span).collect();
    findings
        .retain(|one| one.code != Code::MixedPlanes || !one.span.is_some_and(|span| spans.contains(&span)));
    findings.extend(azure::mixed(meanings.iter().filter_map(|(written, meaning)| {
        let operation: AzureOperation = written.text.parse().ok()?;
        let plane = match meaning {
            Meaning::These(operations) => {
                one_plane(operations.iter().map(|one| one.planes()).reduce(Planes::or)?)?
            }
            Meaning::Everything => return None,
            Meaning::Unknown => operation.plane()?,
        };
        (plane == Plane::Data || !operation.is_of_either()).then_some((written.span, plane))
    })));
}

fn one_plane(planes: Planes) -> Option<Plane> {
    match planes {
        Planes::One(catalogue::Plane::Data) => Some(Plane::Data),
        Planes::One(catalogue::Plane::Control) => Some(Plane::Control),
        Planes::Both => None,
    }
}
