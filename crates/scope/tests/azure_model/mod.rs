//! A small world of Azure, and its own account of what authorities allow in it.

use deputize_scope::azure::authority::{Authority, Statement};
use proptest::prelude::*;
use proptest::sample::select;

const VERBS: [&str; 4] = ["read", "write", "delete", "action"];
const CLIENTS: [&str; 2] = ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"];
/// Resources, and whether each is at or below each: `Under` is told apart by name here, not computed.
const RESOURCES: [&str; 6] = ["/s", "/s/g", "/s/g/r", "/s/h", "/t", "/s/gg"];

/// Whether the pattern matches, by trying every number of segments for every star.
pub(crate) fn matches(pattern: &[&str], operation: &[&str]) -> bool {
    match (pattern.split_first(), operation.split_first()) {
        (None, None) => true,
        (Some((&"*", rest)), Some(_)) => {
            (1..=operation.len()).any(|taken| matches(rest, &operation[taken..]))
        }
        (Some((one, rest)), Some((segment, others))) => {
            one.eq_ignore_ascii_case(segment) && matches(rest, others)
        }
        _ => false,
    }
}

/// Whether the resource is at or below the other, step by step.
fn is_under(resource: &str, other: &str) -> bool {
    let (resource, other) = (resource.to_lowercase(), other.to_lowercase());
    let (steps, scope): (Vec<&str>, Vec<&str>) = (resource.split('/').collect(), other.split('/').collect());
    other == "*" || (steps.len() >= scope.len() && steps[..scope.len()] == scope[..])
}

/// Whether the authority allows the call, from its serialised form.
pub(crate) fn allows(authority: &Authority, operation: &str, resource: &str, client: Option<&str>) -> bool {
    let operation: Vec<&str> = operation.split('/').collect();
    authority.statements().iter().any(|statement| {
        let pattern = |text: &str| matches(&text.split('/').collect::<Vec<_>>(), &operation);
        let own = statement.client_id.as_ref().map(|id| id.as_str());
        (client.is_none() || own == client)
            && statement.operations.iter().any(|held| pattern(held.as_str()))
            && statement.resources.iter().any(|held| is_under(resource, held.as_str()))
    })
}

/// Every call of the world that matters: operations of two to four segments on each resource.
pub(crate) fn calls() -> Vec<(String, String)> {
    let mut begins = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
    for index in 0.. {
        let Some(begin) = begins.get(index).cloned() else { break };
        if begin.split('/').count() < 3 {
            begins.extend(["a", "b", "c", "read"].map(|next| format!("{begin}/{next}")));
        }
    }
    let operations = begins.iter().flat_map(|begin| VERBS.map(|verb| format!("{begin}/{verb}")));
    let calls = operations.flat_map(|operation| RESOURCES.map(|one| (operation.clone(), one.to_owned())));
    calls.collect()
}

fn operation() -> impl Strategy<Value = String> {
    let segment = select(vec!["a", "b", "A", "*", "read"]);
    let last = select(vec!["read", "write", "delete", "action", "READ", "*", "*"]);
    let long = (proptest::collection::vec(segment, 1..4), last)
        .prop_map(|(begin, last)| format!("{}/{last}", begin.join("/")));
    prop_oneof![12 => long, 1 => Just("*".to_owned())]
}

fn statement() -> impl Strategy<Value = Statement> {
    let resource = select(vec!["*", "/s", "/s/g", "/S/G", "/s/g/r", "/s/h", "/t"]);
    (
        proptest::option::of(select(CLIENTS.to_vec())),
        proptest::collection::vec(operation(), 1..4),
        proptest::collection::vec(resource, 1..3),
    )
        .prop_map(|(client, operations, resources)| Statement {
            client_id: client.map(|id| id.parse().unwrap()),
            operations: operations.iter().map(|text| text.parse().unwrap()).collect(),
            resources: resources.iter().map(|text| text.parse().unwrap()).collect(),
        })
}

pub(crate) fn authority(most: usize) -> impl Strategy<Value = Authority> {
    proptest::collection::vec(statement(), 0..=most).prop_map(Authority::new)
}
