//! How long policies may be, and what makes a longer one fit.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>

use super::PolicyKind;
use crate::finding::{Code, Finding, Fix, Severity, Span, apply};
use crate::syntax::{self, Entry, Kind, Node};

/// A bound on a policy's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The most characters.
    pub characters: usize,
    /// What it is the quota of.
    pub of: &'static str,
    /// What a policy beyond it has: an error where AWS refuses it in any case.
    pub severity: Severity,
}

impl PolicyKind {
    /// The quotas of a kind, the largest first.
    pub fn quotas(self) -> &'static [Quota] {
        const fn quota(characters: usize, of: &'static str, severity: Severity) -> Quota {
            Quota { characters, of, severity }
        }
        match self {
            // All inline policies of an identity count together: this one alone must fit at least.
            Self::Identity => {
                const {
                    &[
                        quota(10_240, "a role's inline policies", Severity::Error),
                        quota(5_120, "a group's inline policies", Severity::Info),
                        quota(2_048, "a user's inline policies", Severity::Info),
                    ]
                }
            }
            Self::Session => const { &[quota(2_048, "a session policy", Severity::Error)] },
            // An account's quota can be raised.
            Self::Trust => {
                const {
                    &[
                        quota(8_192, "a trust policy at the most", Severity::Error),
                        quota(
                            2_048,
                            "a trust policy unless the account's quota was raised",
                            Severity::Warning,
                        ),
                    ]
                }
            }
            Self::Managed => const { &[quota(6_144, "a managed policy", Severity::Error)] },
        }
    }
}

/// How many characters AWS counts. IAM does not count white space; STS takes a session policy as it is sent.
pub fn characters(text: &str, kind: PolicyKind) -> usize {
    let all = text.chars().count();
    if kind == PolicyKind::Session { all } else { all - white_space(text) }
}

/// How much white space a text has outside of quotes.
fn white_space(text: &str) -> usize {
    let (mut white, mut quoted, mut escaped) = (0, false, false);
    for byte in text.bytes() {
        quoted ^= (byte == b'"') & !escaped;
        escaped = (byte == b'\\') & quoted & !escaped;
        white += usize::from(byte.is_ascii_whitespace() & !quoted);
    }
    white
}

/// Tells a policy that is too long, with what would make it fit.
pub(super) fn tell(root: &Node, text: &str, kind: PolicyKind, findings: &mut Vec<Finding>) {
    let text = text.trim_start_matches('\u{feff}');
    // No character has less than a byte.
    if kind.quotas().iter().all(|quota| text.len() <= quota.characters) {
        return;
    }
    let count = characters(text, kind);
    let Some(quota) = kind.quotas().iter().find(|quota| count > quota.characters) else { return };
    let message =
        format!("the policy has {count} characters, and {} may have {}", quota.of, quota.characters);
    let finding = match quota.severity {
        Severity::Error => Finding::error(Code::PolicySize, message),
        Severity::Warning => Finding::warning(Code::NearPolicySize, message),
        Severity::Info => Finding::info(Code::NearPolicySize, message),
    };
    let edited =
        without_redundancy(text, findings).map(|text| (characters(&text, kind), syntax::read_json(&text)));
    let counts = match &edited {
        Some((count, source)) => counts(*count, source.root.as_ref()),
        None => counts(count, Some(root)),
    };
    findings.push(finding.help(what_fits(count, &counts, quota.characters)));
}

/// What to leave out, the most harmless first, until the policy fits.
fn what_fits(mut count: usize, counts: &[(&str, usize)], limit: usize) -> String {
    let mut left_out: Vec<&str> = Vec::new();
    for (what, left) in counts {
        if *left < count {
            left_out.push(what);
            count = *left;
        }
        if count <= limit {
            return format!("without {} it has {count}, and fits", left_out.join(", "));
        }
    }
    let parts = count.div_ceil(limit);
    match left_out.as_slice() {
        [] => format!("leave out {} characters, or split it in {parts}", count - limit),
        _ => {
            let left_out = left_out.join(", ");
            format!(
                "without {left_out} it has {count}; leave out {} more, or split it in {parts}",
                count - limit
            )
        }
    }
}

/// The policy without what is redundant, where something is. Findings are of the text as it was, so what they say is
/// left out there, before anything else is.
fn without_redundancy(text: &str, findings: &[Finding]) -> Option<String> {
    let redundant = |finding: &&Finding| {
        matches!(finding.code, Code::DuplicateValue | Code::RedundantValue | Code::RedundantStatement)
    };
    let fixes: Vec<&Fix> = findings.iter().filter(redundant).filter_map(|one| one.fix.as_ref()).collect();
    apply(text, fixes).map(|(edited, _)| edited)
}

/// How many characters are left without each of these, and all that stand before it.
fn counts(without_redundancy: usize, root: Option<&Node>) -> Vec<(&'static str, usize)> {
    let mut counts = vec![("what is redundant", without_redundancy)];
    if let Some(root) = root {
        let statements = || root.field("Statement").map(Node::members).unwrap_or_default().iter();
        let dense = length(root);
        let unbracketed = dense - statements().map(brackets).sum::<usize>();
        counts.push(("white space", dense));
        counts.push(("brackets around single values", unbracketed));
        counts.push(("Sids", unbracketed - statements().map(sid_length).sum::<usize>()));
    }
    counts
}

/// How many characters a value has as JSON without white space.
fn length(node: &Node) -> usize {
    // With what stands around them and between them.
    let listed = |lengths: usize, count: usize| lengths + count.max(1) + 1;
    match &node.kind {
        Kind::Null => "null".len(),
        Kind::Boolean(raw) | Kind::Number(raw) => raw.len(),
        Kind::Text(text) => quoted(text, node.span),
        Kind::List(members) => listed(members.iter().map(length).sum(), members.len()),
        Kind::Mapping(entries) => listed(entries.iter().map(entry_length).sum(), entries.len()),
        Kind::Refused => 0,
    }
}

fn entry_length(entry: &Entry) -> usize {
    quoted(&entry.name, entry.key.span) + 1 + length(&entry.value)
}

/// How many characters a text has between quotes, with its escapes.
fn quoted(text: &str, written: Span) -> usize {
    let plain = text.chars().count() + 2;
    if written.end - written.start == text.len() + 2 {
        return plain;
    }
    let escapes = text.bytes().map(|byte| match byte {
        b'"' | b'\\' | b'\t' | b'\n' | b'\r' | 0x08 | 0x0c => 1,
        0..0x20 => "u0000".len(),
        _ => 0,
    });
    plain + escapes.sum::<usize>()
}

/// How many brackets stand around single values.
fn brackets(node: &Node) -> usize {
    match &node.kind {
        Kind::List(members) => match members.as_slice() {
            [one] if !matches!(one.kind, Kind::Mapping(_)) => "[]".len(),
            _ => 0,
        },
        _ => node.entries().iter().map(|entry| brackets(&entry.value)).sum(),
    }
}

/// What a statement's Sid takes, with a comma where something else stands beside it.
fn sid_length(statement: &Node) -> usize {
    let entries = statement.entries();
    let sid = entries.iter().find(|entry| entry.name == "Sid");
    sid.map_or(0, |sid| entry_length(sid) - brackets(&sid.value) + usize::from(entries.len() > 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_counts_in_session_policies_and_in_texts() {
        let text = "{ \"a b\" : \"\\\" \" }\n";
        assert_eq!(characters(text, PolicyKind::Session), text.len());
        assert_eq!(characters(text, PolicyKind::Managed), "{\"a b\":\"\\\" \"}".len());
    }
}
