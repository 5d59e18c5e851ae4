//! One statement: its elements, and which of them its kind of policy takes.

use super::document::{Clause, Effect, Spanned, Statement, Version};
use super::{PolicyKind, action, condition, list, principal, resource};
use crate::fields::Fields;
use crate::finding::{Code, Finding, Span, shown};
use crate::syntax::Node;

/// Reads a statement. None where it lacks something without which nothing can be said about it.
pub(super) fn read(
    node: &Node,
    removal: Option<Span>,
    kind: PolicyKind,
    version: Version,
    findings: &mut Vec<Finding>,
) -> Option<Statement> {
    let mut fields = Fields::of(node, "a statement", None, findings)?;
    let at = fields.at();
    let sid = fields.take("Sid").and_then(|node| sid(node, findings));
    let effect = match fields.take("Effect") {
        Some(node) => effect(node, findings),
        None => missing("Effect", "Allow or Deny", at, findings),
    };
    let actions = either(&mut fields, "Action", "NotAction", findings);
    if actions.is_none() {
        missing::<()>("Action", "what the statement is about", at, findings);
    }
    let principals = either(&mut fields, "Principal", "NotPrincipal", findings);
    let resources = either(&mut fields, "Resource", "NotResource", findings);
    let (principals, resources) = allowed(principals, resources, kind, at, findings);
    let conditions = fields.take("Condition");
    fields.finish(findings);

    let actions = actions.map(|element| element.read(|node, name| action::read(node, name, kind, findings)));
    let principals = principals.map(|element| element.read(|node, _| principal::read(node, findings)));
    let resources =
        resources.map(|element| element.read(|node, name| resource::read(node, name, version, findings)));
    let effect = effect?;
    let conditions =
        conditions.map(|node| condition::read(node, effect, version, findings)).unwrap_or_default();
    let actions = actions?;
    if resources.is_none() && kind != PolicyKind::Trust {
        return None;
    }
    Some(Statement { span: node.span, at, sid, effect, principals, actions, resources, conditions, removal })
}

/// An element, or its `Not…` form, as it stands.
struct Element<'a> {
    name: &'static str,
    node: &'a Node,
    is_negated: bool,
}

impl Element<'_> {
    fn read<T>(&self, read: impl FnOnce(&Node, &'static str) -> Vec<Spanned<T>>) -> Clause<T> {
        let listed = read(self.node, self.name);
        if self.is_negated { Clause::AllBut(listed) } else { Clause::Only(listed) }
    }
}

fn either<'a>(
    fields: &mut Fields<'a>,
    name: &'static str,
    not: &'static str,
    findings: &mut Vec<Finding>,
) -> Option<Element<'a>> {
    match (fields.take(name), fields.take(not)) {
        (Some(node), None) => Some(Element { name, node, is_negated: false }),
        (None, Some(node)) => Some(Element { name: not, node, is_negated: true }),
        (Some(node), Some(other)) => {
            let message = format!("a statement has either {name} or {not}, not both");
            let finding = Finding::error(Code::ConflictingElements, message).at(other.span);
            findings.push(finding.help("make two statements of it"));
            Some(Element { name, node, is_negated: false })
        }
        (None, None) => None,
    }
}

/// What is left of principals and resources where the kind of policy takes them, and what is told of the rest.
fn allowed<'a>(
    principals: Option<Element<'a>>,
    resources: Option<Element<'a>>,
    kind: PolicyKind,
    at: Span,
    findings: &mut Vec<Finding>,
) -> (Option<Element<'a>>, Option<Element<'a>>) {
    let mut refuse = |element: &Element<'_>, why: &str, help: &str| {
        let message = format!("{} {why}", element.name);
        findings.push(Finding::error(Code::UnsupportedElement, message).at(element.node.span).help(help));
    };
    if kind != PolicyKind::Trust {
        if let Some(element) = &principals {
            let help = "remove it: the policy is for whoever it is attached to";
            refuse(element, &format!("cannot stand in {} policy", article(kind)), help);
        }
        if resources.is_none() {
            missing::<()>("Resource", "the ARNs that the actions are for, or \"*\"", at, findings);
        }
        return (None, resources);
    }
    if let Some(element) = &resources {
        let help = "remove it: a trust policy is about the role that it belongs to";
        refuse(element, "cannot stand in a trust policy", help);
    }
    match principals {
        Some(element) if element.is_negated => {
            refuse(&element, "cannot stand in a trust policy", "name in `Principal` who may assume the role");
            (None, None)
        }
        Some(element) => (Some(element), None),
        None => {
            missing::<()>("Principal", "who may assume the role", at, findings);
            (None, None)
        }
    }
}

fn article(kind: PolicyKind) -> String {
    let article = if kind == PolicyKind::Identity { "an" } else { "a" };
    format!("{article} {}", kind.as_str())
}

fn missing<T>(name: &str, what: &str, at: Span, findings: &mut Vec<Finding>) -> Option<T> {
    let finding = Finding::error(Code::MissingField, format!("a statement has no `{name}`")).at(at);
    findings.push(finding.help(format!("add \"{name}\": {what}")));
    None
}

fn sid(node: &Node, findings: &mut Vec<Finding>) -> Option<Spanned<String>> {
    let text = list::text(node, "Sid", findings)?;
    let sound = |c: &char| c.is_ascii_alphanumeric();
    if text.is_empty() {
        let finding = Finding::warning(Code::InvalidSid, "the Sid is empty").at(node.span);
        findings.push(finding.help("give the statement a name, or remove the element"));
    } else if !text.chars().all(|c| sound(&c)) {
        let mended: String = text.chars().filter(sound).collect();
        let message = format!("Sid `{}` has other characters than letters and digits", shown(text));
        let fix = if mended.is_empty() { None } else { list::rewritten(node.span, &mended) };
        findings.push(
            Finding::error(Code::InvalidSid, message)
                .at(node.span)
                .help("write letters and digits only")
                .fix(fix),
        );
    }
    Some(Spanned { value: text.to_owned(), span: node.span, removal: None })
}

fn effect(node: &Node, findings: &mut Vec<Finding>) -> Option<Effect> {
    let text = list::text(node, "Effect", findings)?;
    match text {
        "Allow" => return Some(Effect::Allow),
        "Deny" => return Some(Effect::Deny),
        _ => {}
    }
    let meant = ["Allow", "Deny"].into_iter().find(|name| name.eq_ignore_ascii_case(text.trim()));
    let message = format!("Effect `{}` is neither Allow nor Deny", shown(text));
    let fix = meant.and_then(|name| list::rewritten(node.span, name));
    findings.push(
        Finding::error(Code::UnknownValue, message)
            .at(node.span)
            .help("write \"Allow\" or \"Deny\"")
            .fix(fix),
    );
    None
}
