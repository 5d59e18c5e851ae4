//! From the tree to a policy document.

use super::document::{Policy, Spanned, Statement, Version};
use super::{PolicyKind, list, statement};
use crate::fields::Fields;
use crate::finding::{Code, Finding, Fix, shown};
use crate::sorted::SortedMap;
use crate::syntax::{Kind, Node};

/// Reads a policy document. None where the text holds none.
pub(super) fn policy(root: &Node, kind: PolicyKind, findings: &mut Vec<Finding>) -> Option<Policy> {
    let mut fields = Fields::of(root, "a policy", None, findings)?;
    let version = version(&mut fields, root, findings);
    if let Some(node) = fields.take("Id") {
        list::text(node, "Id", findings);
    }
    let node = fields.take("Statement");
    if node.is_none() {
        let finding = Finding::error(Code::MissingField, "a policy has no `Statement`").at(fields.at());
        findings.push(finding.help("add \"Statement\" with a list of statements"));
    }
    fields.finish(findings);
    let node = node?;
    let nodes = match &node.kind {
        Kind::List(nodes) => nodes.as_slice(),
        _ => std::slice::from_ref(node),
    };
    if nodes.is_empty() {
        let finding = Finding::error(Code::EmptyList, "Statement is empty").at(node.span);
        findings.push(finding.help("write at least one statement"));
    }
    let removals = list::removals(nodes);
    let statements = nodes.iter().zip(removals);
    let statements =
        statements.filter_map(|(node, removal)| statement::read(node, removal, kind, version, findings));
    let policy = Policy { version, statements: statements.collect() };
    duplicate_sids(&policy.statements, findings);
    Some(policy)
}

fn version(fields: &mut Fields<'_>, root: &Node, findings: &mut Vec<Finding>) -> Version {
    let write = |span| Fix { span, replacement: "\"2012-10-17\"".into(), title: "write `2012-10-17`".into() };
    let Some(node) = fields.take("Version") else {
        let finding = Finding::warning(Code::PolicyVersion, "the policy has no `Version`").at(fields.at());
        let first = fields.rest().next().map(|entry| entry.key.span);
        let fix = first.map(|first| {
            let apart = match first.line == root.span.line {
                true => " ".to_owned(),
                false => format!("\n{}", " ".repeat(first.column.saturating_sub(1))),
            };
            let replacement = format!("\"Version\": \"2012-10-17\",{apart}");
            Fix { span: first.before(), replacement, title: "add the version".into() }
        });
        findings.push(finding.help("add \"Version\": \"2012-10-17\"").fix(fix));
        return Version::V2008;
    };
    match list::text(node, "Version", findings) {
        Some("2012-10-17") => Version::V2012,
        Some("2008-10-17") => {
            let message = "the policy is of the version 2008-10-17, which has no policy variables";
            let finding = Finding::warning(Code::PolicyVersion, message).at(node.span);
            findings
                .push(finding.help("write \"2012-10-17\"; ${…} in values is then no plain text any more"));
            Version::V2008
        }
        Some(other) => {
            let message = format!("version `{}` of the policy language does not exist", shown(other));
            let finding = Finding::error(Code::PolicyVersion, message).at(node.span);
            findings.push(finding.help("write \"2012-10-17\"").fix(Some(write(node.span))));
            Version::V2012
        }
        None => Version::V2012,
    }
}

fn duplicate_sids(statements: &[Statement], findings: &mut Vec<Finding>) {
    let mut lines: SortedMap<&str, usize> = SortedMap::new();
    let sids = statements.iter().filter_map(|statement| statement.sid.as_ref());
    for Spanned { value, span, .. } in sids.filter(|sid| !sid.value.is_empty()) {
        if let Some(line) = lines.get(value.as_str()) {
            let message = format!("two statements have the Sid `{}`", shown(value));
            let help = format!("line {line} has it first; give this one another, or none");
            findings.push(Finding::error(Code::DuplicateSid, message).at(*span).help(help));
        } else {
            lines.insert(value, span.line);
        }
    }
}
