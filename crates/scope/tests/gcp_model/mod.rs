//! A small world of Google Cloud, and its own account of what authorities allow in it.

use deputize_scope::gcp::authority::{Authority, Statement};
use proptest::prelude::*;
use proptest::sample::select;

const PERMISSIONS: [&str; 3] = ["storage.objects.get", "storage.objects.list", "run.services.get"];
const ACCOUNTS: [&str; 2] =
    ["agent-one@acme-prod.iam.gserviceaccount.com", "agent-two@acme-prod.iam.gserviceaccount.com"];

/// Names of resources as a scope may have them.
const HELD: [&str; 13] = [
    "*",
    "//s.googleapis.com/b",
    "//s.googleapis.com/b*",
    "//s.googleapis.com/b/o*",
    "//s.googleapis.com/b/*",
    "//s.googleapis.com/b/o",
    "//s.googleapis.com/b/o/x",
    "//s.googleapis.com/bb",
    "//s.googleapis.com/projects/p*",
    "//s.googleapis.com/projects/p/x",
    "//s.googleapis.com/projects/pp*",
    "//cloudresourcemanager.googleapis.com/projects/p",
    "//cloudresourcemanager.googleapis.com/projects/pp",
];

/// Whether the resource of this name is one that `held` says: by its steps, or by its beginning.
fn is_of(name: &str, held: &str) -> bool {
    if let Some(begin) = held.strip_suffix('*') {
        return name.starts_with(begin);
    }
    let (steps, own): (Vec<&str>, Vec<&str>) = (name.split('/').collect(), held.split('/').collect());
    let below = |steps: &[&str], own: &[&str]| steps.len() >= own.len() && steps[..own.len()] == *own;
    // A project has what says that it is in it, whatever the service.
    let in_project = own[2] == "cloudresourcemanager.googleapis.com"
        && own.len() == 5
        && own[3] == "projects"
        && below(&steps[3..], &own[3..]);
    below(&steps, &own) || in_project
}

/// Whether the authority allows the call.
pub(crate) fn allows(authority: &Authority, permission: &str, resource: &str, account: Option<&str>) -> bool {
    authority.statements().iter().any(|statement| {
        let own = statement.service_account.as_ref().map(|account| account.as_str());
        (account.is_none() || own == account)
            && statement.permissions.iter().any(|held| held.as_str() == permission)
            && statement.resources.iter().any(|held| is_of(resource, held.as_str()))
    })
}

/// Every call of the world that matters.
pub(crate) fn calls() -> Vec<(&'static str, String)> {
    let mut names: Vec<String> = Vec::new();
    for held in HELD.iter().filter(|held| **held != "*") {
        let name = held.trim_end_matches('*');
        names.extend(["", "b", "/x", "x/y", "p", "/o", "/o/x"].map(|rest| format!("{name}{rest}")));
    }
    names.push("//t.googleapis.com/projects/p/x".to_owned());
    names.push("//t.googleapis.com/z".to_owned());
    let calls = PERMISSIONS.iter().flat_map(|one| names.iter().map(move |name| (*one, name.clone())));
    calls.collect()
}

fn statement() -> impl Strategy<Value = Statement> {
    (
        proptest::option::of(select(ACCOUNTS.to_vec())),
        proptest::collection::vec(select(PERMISSIONS.to_vec()), 1..3),
        proptest::collection::vec(select(HELD.to_vec()), 1..4),
    )
        .prop_map(|(account, permissions, resources)| Statement {
            service_account: account.map(|account| account.parse().unwrap()),
            permissions: permissions.iter().map(|text| text.parse().unwrap()).collect(),
            resources: resources.iter().map(|text| text.parse().unwrap()).collect(),
        })
}

pub(crate) fn authority(most: usize) -> impl Strategy<Value = Authority> {
    proptest::collection::vec(statement(), 0..=most).prop_map(Authority::new)
}
