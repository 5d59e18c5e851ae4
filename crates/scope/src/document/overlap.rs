//! Lists of patterns in which one covers another.

use std::str::FromStr;

use super::fields::shown;
use crate::aws::coverage::{Covered, Effort, Redundant, redundant};
use crate::finding::{Code, Finding, Fix, Span};
use crate::syntax::{Kind, Node};

/// Tells which patterns of a list other ones of it cover. Those that stand twice are told elsewhere.
pub(super) fn tell<P: Covered + FromStr>(node: &Node, what: &str, findings: &mut Vec<Finding>) {
    let Kind::List(items) = &node.kind else { return };
    if !items.iter().any(|item| matches!(&item.kind, Kind::Text(text) if text.contains(['*', '?']))) {
        return;
    }
    let mut patterns: Vec<P> = Vec::new();
    let mut places = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let Kind::Text(text) = &item.kind else { continue };
        if let Ok(pattern) = text.parse() {
            patterns.push(pattern);
            places.push((index, item, text));
        }
    }
    let effort = Effort::for_a_list();
    let Ok(redundant) = redundant(&patterns, &effort) else {
        let message = format!("the list has too many wildcards to compare each {what} with all of them");
        findings.push(Finding::info(Code::TooComplex, message).at(node.span).help("split the scope"));
        return;
    };
    for Redundant { index: at, again } in redundant {
        let (Some(pattern), Some((index, item, text))) = (patterns.get(at), places.get(at)) else { continue };
        if again {
            continue;
        }
        let by = patterns
            .iter()
            .zip(&places)
            .find(|(other, _)| !other.is_one() && *other != pattern && pattern.is_within(&[other], &effort));
        let by = by.map_or("the others together".to_owned(), |(_, (_, _, by))| format!("`{}`", shown(by)));
        let message = format!("{what} `{}` is already covered by {by}", shown(text));
        let fix = if node.is_flow() { removal(items, *index) } else { None };
        let finding = Finding::warning(Code::RedundantValue, message).at(item.span);
        findings.push(finding.help("remove it").fix(fix));
    }
}

/// The edit that takes a member out of a list in brackets, with one of the commas beside it.
fn removal(items: &[Node], index: usize) -> Option<Fix> {
    let place = |index: usize| items.get(index).map(|item| item.span);
    let span = place(index)?;
    let cut = match index.checked_sub(1).and_then(place) {
        Some(before) => Span { start: before.end, ..span },
        None => Span { end: place(index + 1)?.start, ..span },
    };
    Some(Fix { span: cut, replacement: String::new(), title: "remove it".to_owned() })
}
