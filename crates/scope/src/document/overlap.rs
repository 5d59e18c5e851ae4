//! Lists of patterns in which one covers another.

use std::str::FromStr;

use crate::aws::coverage::{Covered, Effort, Redundant, redundant};
use crate::finding::shown;
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
            places.push((index, item.span));
        }
    }
    let place = |at: usize| {
        let (index, span) = places.get(at)?;
        Some((*span, if node.is_flow() { removal(items, *index) } else { None }))
    };
    among(&patterns, what, Some(node.span), &place, findings);
}

/// Tells which of some patterns other ones of them cover. `place` says where each stands, and how it is taken out.
pub(super) fn among<P: Covered>(
    patterns: &[P],
    what: &str,
    list: Option<Span>,
    place: &dyn Fn(usize) -> Option<(Span, Option<Fix>)>,
    findings: &mut Vec<Finding>,
) {
    if patterns.iter().all(P::is_one) {
        return;
    }
    let effort = Effort::for_a_list();
    let Ok(redundant) = redundant(patterns, &effort) else {
        let message = format!("the list has too many wildcards to compare each {what} with all of them");
        findings.push(Finding::info(Code::TooComplex, message).at(list).help("split the scope"));
        return;
    };
    for Redundant { index, again } in redundant {
        let Some(pattern) = patterns.get(index).filter(|_| !again) else { continue };
        let by = patterns
            .iter()
            .find(|other| !other.is_one() && *other != pattern && pattern.is_within(&[other], &effort));
        let by = by.map_or("the others together".to_owned(), |by| format!("`{}`", shown(by.text())));
        let message = format!("{what} `{}` is already covered by {by}", shown(pattern.text()));
        let (span, fix) = place(index).unzip();
        let finding = Finding::warning(Code::RedundantValue, message).at(span);
        findings.push(finding.help("remove it").fix(fix.flatten()));
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
