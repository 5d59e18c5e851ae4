//! The actions, resources and condition keys of IAM policies.

use super::condition;
use super::lookup::{Lookup, Meaning};
use super::resource::{self, Calls};
use super::written::Written;
use crate::aws::pattern::ResourcePattern;
use crate::catalogue::Catalogue;
use crate::finding::{Finding, Severity};
use crate::iam::{Clause, Policy, PolicyKind, Statement};
use crate::sorted::SortedSet;

/// Tells what the catalogue knows of a policy's actions, resources and condition keys.
pub(super) fn tell(policy: &Policy, kind: PolicyKind, catalogue: &Catalogue, findings: &mut Vec<Finding>) {
    let lookup = Lookup::new(catalogue);
    let wrong = findings.iter().filter(|found| found.severity == Severity::Error);
    let wrong: SortedSet<usize> = wrong.filter_map(|found| found.span).map(|span| span.start).collect();
    for statement in &policy.statements {
        let actions = statement.actions.listed().iter().map(|action| {
            let written = Written::in_policy(&action.value.text, action.span);
            let meaning = match kind {
                // What such a policy can grant is a short list, which was compared already.
                PolicyKind::Trust => lookup.meaning(&written, findings).unwrap_or(Meaning::Unknown),
                _ => lookup.judged(&written, findings),
            };
            (written, meaning)
        });
        let calls = Calls {
            actions: actions.collect(),
            is_all_but_actions: statement.actions.is_negated(),
            resources: resources(statement, &wrong),
            is_all_but_resources: statement.resources.as_ref().is_some_and(Clause::is_negated),
            apart: "give it a statement with \"Resource\": \"*\"",
        };
        resource::tell(&calls, &lookup, findings);
        condition::tell(statement, &calls, &lookup, findings);
    }
}

/// The resources of a statement. Where an error was found, nothing more is said of it.
fn resources<'a>(
    statement: &'a Statement,
    wrong: &SortedSet<usize>,
) -> Vec<(Written<'a>, Option<ResourcePattern>)> {
    let listed = statement.resources.as_ref().map(Clause::listed).unwrap_or_default();
    let resources = listed.iter().map(|one| {
        let pattern = if wrong.contains(&one.span.start) { None } else { Some(one.value.pattern.clone()) };
        (Written::in_policy(&one.value.text, one.span), pattern)
    });
    resources.collect()
}
