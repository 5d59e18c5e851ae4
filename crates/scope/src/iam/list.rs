//! Elements that are one text or a list of texts, as almost all of a policy are.

use super::document::Spanned;
use crate::finding::shown;
use crate::finding::{Code, Finding, Fix, Span};
use crate::syntax::{Kind, Node};

/// A text.
pub(super) fn text<'a>(node: &'a Node, what: &str, findings: &mut Vec<Finding>) -> Option<&'a str> {
    match &node.kind {
        Kind::Text(text) => Some(text),
        Kind::Refused => None,
        _ => {
            findings.push(wrong_type(node, what, "text"));
            None
        }
    }
}

/// One text or several; with each what to cut to take it out.
pub(super) fn texts<'a>(node: &'a Node, what: &str, findings: &mut Vec<Finding>) -> Vec<Spanned<&'a str>> {
    members(node, what, findings, |node, findings| text(node, what, findings))
}

/// The same for values of conditions, which may be numbers and truth values too.
pub(super) fn scalars<'a>(node: &'a Node, what: &str, findings: &mut Vec<Finding>) -> Vec<Spanned<&'a str>> {
    members(node, what, findings, |node, findings| match &node.kind {
        Kind::Number(raw) | Kind::Boolean(raw) => Some(raw.as_str()),
        _ => text(node, what, findings),
    })
}

fn members<'a>(
    node: &'a Node,
    what: &str,
    findings: &mut Vec<Finding>,
    read: impl Fn(&'a Node, &mut Vec<Finding>) -> Option<&'a str>,
) -> Vec<Spanned<&'a str>> {
    let nodes = match &node.kind {
        Kind::List(nodes) => nodes.as_slice(),
        _ => std::slice::from_ref(node),
    };
    if nodes.is_empty() {
        let finding =
            Finding::warning(Code::EmptyList, format!("{what} is empty, so that it matches nothing"));
        findings.push(finding.at(node.span).help(format!("name something, or remove {what}")));
    }
    let removals = removals(nodes);
    let members = nodes.iter().zip(removals).filter_map(|(node, removal)| {
        Some(Spanned { value: read(node, findings)?, span: node.span, removal })
    });
    members.collect()
}

/// For each member of a list, what to cut to take it out of the list: with one of the commas beside it.
pub(super) fn removals(nodes: &[Node]) -> Vec<Option<Span>> {
    let before = [None].into_iter().chain(nodes.iter().map(|node| Some(node.span)));
    let after = nodes.iter().skip(1).map(|node| Some(node.span)).chain([None]);
    let around = nodes.iter().zip(before).zip(after);
    let cut = around.map(|((node, before), after)| match (before, after) {
        (Some(before), _) => {
            // The line and column are those of the comma, which follows what stands before.
            Some(Span { start: before.end, end: node.span.end, ..node.span })
        }
        (None, Some(after)) => Some(Span { end: after.start, ..node.span }),
        (None, None) => None,
    });
    cut.collect()
}

/// The edit that writes a text, in JSON's quotes.
pub(crate) fn rewritten(span: Span, text: &str) -> Option<Fix> {
    if text.contains(['"', '\\']) || text.contains(char::is_control) {
        return None;
    }
    Some(Fix { span, replacement: format!("\"{text}\""), title: format!("write `{text}`") })
}

pub(super) fn wrong_type(node: &Node, what: &str, expected: &str) -> Finding {
    let message = format!("{what} is {expected}, not {}", node.describe());
    Finding::error(Code::WrongType, message).at(node.span).help(format!("write {expected} there"))
}

/// The finding for a value that its list already has.
pub(super) fn again(value: &Spanned<&str>, what: &str) -> Finding {
    Finding::warning(Code::DuplicateValue, format!("{what} `{}` is named twice", shown(value.value)))
        .at(value.span)
        .help("remove one of them")
        .fix(value.removed("remove it"))
}
