//! Reading single values, with the finding where one is not what it must be.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::fields::{Fields, nearest};
use crate::finding::{Code, Finding, Fix, Span, shown};
use crate::identifier::UnknownName;
use crate::seconds::Seconds;
use crate::sorted::repeated;
use crate::syntax::{Kind, Node, decimal};

/// What a value must be, for the finding where it is not.
#[derive(Clone, Copy)]
pub(crate) struct Expected {
    /// What it is in the document: `permission`.
    pub(crate) what: &'static str,
    /// The code of the finding.
    pub(crate) code: Code,
    /// How to mend it.
    pub(crate) help: &'static str,
}

impl Expected {
    /// The finding for a value that could not be read.
    pub(crate) fn refuse(&self, node: &Node, text: &str, reason: &dyn Display) -> Finding {
        Finding::error(self.code, format!("{} `{}`: {reason}", self.what, shown(text)))
            .at(node.span)
            .help(self.help)
    }
}

/// A text. Numbers and the like are refused where text is due, since JSON and YAML readers differ on them.
pub(crate) fn text<'a>(node: &'a Node, what: &str, findings: &mut Vec<Finding>) -> Option<&'a str> {
    let finding = match &node.kind {
        Kind::Text(text) => return Some(text),
        Kind::Refused => return None,
        Kind::Number(raw) | Kind::Boolean(raw) => {
            let replacement = format!("\"{raw}\"");
            wrong_type(node, what, "text").help("put it in quotes").fix(Some(Fix {
                span: node.span,
                replacement,
                title: "put it in quotes".to_owned(),
            }))
        }
        Kind::Null | Kind::List(_) | Kind::Mapping(_) => wrong_type(node, what, "text"),
    };
    findings.push(finding);
    None
}

/// A text that is read into a type of its own.
pub(crate) fn parsed<T>(node: &Node, expected: Expected, findings: &mut Vec<Finding>) -> Option<T>
where
    T: FromStr<Err: Display>,
{
    let text = text(node, expected.what, findings)?;
    text.parse().map_err(|reason| findings.push(expected.refuse(node, text, &reason))).ok()
}

/// The name of a tenant, an agent or a credential. Where only case and separators are wrong, the fix is told.
pub(crate) fn identifier<T>(node: &Node, what: &'static str, findings: &mut Vec<Finding>) -> Option<T>
where
    T: FromStr<Err: Display>,
{
    named(node, text(node, what, findings)?, what, findings)
}

/// The same for a text that stands in a node: a value, or the name of a key.
pub(crate) fn named<T>(node: &Node, text: &str, what: &'static str, findings: &mut Vec<Finding>) -> Option<T>
where
    T: FromStr<Err: Display>,
{
    let expected = Expected {
        what,
        code: Code::InvalidIdentifier,
        help: "write 2 to 63 lowercase letters, digits and inner hyphens",
    };
    let refused = |reason| {
        let mended = text.trim().to_ascii_lowercase().replace(['_', ' ', '.'], "-");
        let fix = mended.parse::<T>().ok().and_then(|_| node.rewrite(&mended, format!("write `{mended}`")));
        findings.push(expected.refuse(node, text, &reason).fix(fix));
    };
    text.parse().map_err(refused).ok()
}

/// One of a few names.
pub(crate) fn one_of<T>(node: &Node, what: &str, findings: &mut Vec<Finding>) -> Option<T>
where
    T: FromStr<Err = UnknownName>,
{
    let text = text(node, what, findings)?;
    let refused = |unknown: UnknownName| {
        let finding = Finding::error(Code::UnknownValue, format!("{what} `{}`: {unknown}", shown(text)));
        let finding = match nearest(text, unknown.names.iter().copied()) {
            Some(name) => finding
                .help(format!("did you mean `{name}`?"))
                .fix(node.rewrite(name, format!("write `{name}`"))),
            None => finding.help(format!("write one of {}", unknown.names.join(", "))),
        };
        findings.push(finding.at(node.span));
    };
    text.parse().map_err(refused).ok()
}

/// A whole number within bounds.
pub(crate) fn number(
    node: &Node,
    what: &str,
    bounds: RangeInclusive<u32>,
    findings: &mut Vec<Finding>,
) -> Option<u32> {
    let raw = match &node.kind {
        Kind::Number(raw) => raw,
        Kind::Refused => return None,
        Kind::Text(text) if text.parse::<u32>().is_ok() => {
            let fix =
                Fix { span: node.span, replacement: text.clone(), title: "remove the quotes".to_owned() };
            findings.push(wrong_type(node, what, "a number").help("remove the quotes").fix(Some(fix)));
            return None;
        }
        _ => {
            findings.push(wrong_type(node, what, "a number"));
            return None;
        }
    };
    let number = whole(raw).filter(|number| bounds.contains(number));
    if number.is_none() {
        let (least, most) = (bounds.start(), bounds.end());
        let message = format!("{what} `{}` is out of bounds", shown(raw));
        let help = format!("write a whole number from {least} to {most}");
        findings.push(Finding::error(Code::NumberOutOfBounds, message).at(node.span).help(help));
    }
    number
}

/// A whole number in any notation that JSON has: `20`, `20.0` and `2e1` are the same number there.
pub(crate) fn whole(raw: &str) -> Option<u32> {
    let plain = raw.parse().ok();
    plain.or_else(|| {
        let (digits, power) = decimal(raw.strip_prefix('+').unwrap_or(raw))?;
        let figures = digits.trim_start_matches('0').trim_end_matches('0');
        let zeros = digits.trim_start_matches('0').len() - figures.len();
        let power = power.saturating_add(i64::try_from(zeros).ok()?);
        match (figures, usize::try_from(power)) {
            ("", _) => Some(0),
            // No number of a document has more digits.
            (figures, Ok(power @ 0..=10)) => format!("{figures}{}", "0".repeat(power)).parse().ok(),
            _ => None,
        }
    })
}

/// Reads the version of a document's format: 1 is the only one of each.
pub(crate) fn version(fields: &mut Fields<'_>, root: &Node, findings: &mut Vec<Finding>) {
    let Some(node) = fields.take("version") else {
        let finding =
            Finding::error(Code::MissingField, format!("{} has no `version`", fields.what())).at(fields.at());
        findings.push(finding.help("add `version: 1`").fix(insert_version(fields, root)));
        return;
    };
    let raw = match &node.kind {
        Kind::Refused => return,
        Kind::Number(raw) if whole(raw) == Some(1) => return,
        Kind::Number(raw) | Kind::Text(raw) | Kind::Boolean(raw) => raw.as_str(),
        Kind::Null | Kind::List(_) | Kind::Mapping(_) => node.describe(),
    };
    let fix = Fix { span: node.span, replacement: "1".to_owned(), title: "write `1`".to_owned() };
    let code = if matches!(node.kind, Kind::Number(_)) { Code::UnsupportedVersion } else { Code::WrongType };
    let message = format!("version `{}`: the only version is the number 1", shown(raw));
    findings.push(Finding::error(code, message).at(node.span).help("write `version: 1`").fix(Some(fix)));
}

/// The edit that puts the version before the first field.
fn insert_version(fields: &Fields<'_>, root: &Node) -> Option<Fix> {
    let first = fields.rest().next()?.key.span;
    let replacement = if root.is_flow() {
        "\"version\": 1, ".to_owned()
    } else {
        format!("version: 1\n{}", " ".repeat(first.column - 1))
    };
    Some(Fix { span: first.before(), replacement, title: "add `version: 1`".to_owned() })
}

/// A duration within the bounds of whatever it is for (`giver`).
pub(crate) fn duration(
    node: &Node,
    what: &'static str,
    bounds: &Bounds,
    findings: &mut Vec<Finding>,
) -> Option<Seconds> {
    let expected = Expected {
        what,
        code: Code::InvalidDuration,
        help: "write a whole number with a unit, such as 15m or 1h",
    };
    let text = match &node.kind {
        Kind::Number(raw) => raw.as_str(),
        _ => text(node, what, findings)?,
    };
    let duration: Seconds =
        text.parse().map_err(|reason| findings.push(expected.refuse(node, text, &reason))).ok()?;
    match bounds.check(duration) {
        Ok(()) => Some(duration),
        Err((nearest, reason)) => {
            let finding =
                Finding::error(Code::DurationOutOfBounds, format!("{what} `{}` is {reason}", shown(text)));
            let fix = node.rewrite(&nearest.to_string(), format!("write `{nearest}`"));
            findings.push(finding.at(node.span).help(format!("write `{nearest}`")).fix(fix));
            None
        }
    }
}

/// The shortest and the longest that a duration may be, and who says so.
pub(crate) struct Bounds {
    pub(crate) least: Seconds,
    pub(crate) most: Seconds,
    pub(crate) of: &'static str,
}

impl Bounds {
    /// For a duration outside: the nearest one inside, and what is wrong.
    pub(crate) fn check(&self, duration: Seconds) -> Result<(), (Seconds, String)> {
        if duration < self.least {
            Err((self.least, format!("shorter than the least of {}, {}", self.of, self.least)))
        } else if duration > self.most {
            Err((self.most, format!("longer than the most of {}, {}", self.of, self.most)))
        } else {
            Ok(())
        }
    }
}

/// The members of a list.
pub(crate) fn list<'a>(node: &'a Node, what: &str, findings: &mut Vec<Finding>) -> Option<&'a [Node]> {
    match &node.kind {
        Kind::List(items) => return Some(items),
        Kind::Refused => {}
        Kind::Text(_) => findings.push(wrong_type(node, what, "a list").help("put it in brackets")),
        _ => findings.push(wrong_type(node, what, "a list")),
    }
    None
}

/// The members of a list that must have one, each read into a type. What stands twice is kept once.
pub(crate) fn each<T>(
    node: &Node,
    what: &str,
    expected: Expected,
    findings: &mut Vec<Finding>,
) -> Option<Vec<T>>
where
    T: FromStr<Err: Display> + Ord,
{
    let (mut read, mut values): (Vec<&Node>, Vec<T>) = (Vec::new(), Vec::new());
    for item in members(node, what, expected, findings)? {
        if let Some(value) = parsed(item, expected, findings) {
            read.push(item);
            values.push(value);
        }
    }
    let order = |one: usize, other: usize| values.get(one).cmp(&values.get(other));
    let mut again = repeated(values.len(), &order).into_iter();
    tell_repeated(&read, again.as_slice(), expected.what, findings);
    values.retain(|_| again.next() != Some(true));
    // One that could not be read is told already; the list as a whole is then of no use.
    (!values.is_empty()).then_some(values)
}

/// The members of a list that must have one.
fn members<'a>(
    node: &'a Node,
    what: &str,
    expected: Expected,
    findings: &mut Vec<Finding>,
) -> Option<&'a [Node]> {
    let items = list(node, what, findings)?;
    if items.is_empty() {
        let finding = Finding::error(Code::EmptyList, format!("{what} is empty")).at(node.span);
        findings.push(finding.help(format!("name at least one {}", expected.what)));
        return None;
    }
    Some(items)
}

fn tell_repeated(items: &[&Node], again: &[bool], what: &str, findings: &mut Vec<Finding>) {
    for (item, _) in items.iter().zip(again).filter(|(_, again)| **again) {
        let written = item.as_text().unwrap_or_default();
        let message = format!("{what} `{}` is named twice", shown(written));
        let finding = Finding::warning(Code::DuplicateValue, message).at(item.span);
        findings.push(finding.help("remove one of them"));
    }
}

/// Adds to what was found wrong with members of a list since `before` how they were probably meant.
pub(crate) fn mend<T: FromStr>(
    node: &Node,
    before: usize,
    meant: impl Fn(&str) -> Option<String>,
    findings: &mut [Finding],
) {
    let Kind::List(items) = &node.kind else { return };
    for finding in findings.iter_mut().skip(before).filter(|finding| finding.fix.is_none()) {
        let item = finding.span.and_then(|span| item_at(items, span));
        let Some(Node { kind: Kind::Text(text), .. }) = item else { continue };
        let meant = meant(text).filter(|meant| meant != text && meant.parse::<T>().is_ok());
        if let (Some(item), Some(meant)) = (item, meant) {
            finding.fix = item.rewrite(&meant, format!("write `{}`", shown(&meant)));
            finding.help = Some(format!("did you mean `{}`?", shown(&meant)));
        }
    }
}

/// The member of a list that stands at a place; they are in the order of the text.
pub(crate) fn item_at(items: &[Node], span: Span) -> Option<&Node> {
    let first = items.partition_point(|item| item.span.start < span.start);
    let begins_there = |item: &&Node| item.span.start == span.start;
    items.iter().skip(first).take_while(begins_there).find(|item| item.span == span)
}

fn wrong_type(node: &Node, what: &str, expected: &str) -> Finding {
    let (message, help) = match node.kind {
        Kind::Null => {
            (format!("{what} has no value"), format!("write {expected} there, or remove the field"))
        }
        _ => (format!("{what} is {expected}, not {}", node.describe()), format!("write {expected} there")),
    };
    Finding::error(Code::WrongType, message).at(node.span).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_number_is_whole_in_whatever_notation(raw in "[+-]?[0-9]{0,4}[.]?[0-9]{0,4}([eE][+-]?[0-9]{1,2})?") {
            // Floating-point numbers are exact in this range.
            let exact = raw.parse::<f64>().ok().filter(|number| number.to_string() != "-0");
            let exact = exact.and_then(|number| number.to_string().parse::<u32>().ok());
            proptest::prop_assert_eq!(whole(&raw), exact);
        }
    }
}
