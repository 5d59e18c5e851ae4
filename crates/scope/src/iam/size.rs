//! How long policies may be, and what makes a longer one fit.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>

use serde_json::Value;

use super::PolicyKind;
use crate::finding::{Code, Finding, Fix, Severity, apply};

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
    if kind == PolicyKind::Session {
        return text.chars().count();
    }
    let (mut white, mut quoted, mut escaped) = (0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            _ => white += usize::from(!quoted && byte.is_ascii_whitespace()),
        }
    }
    text.chars().count() - white
}

/// Tells a policy that is too long, with what would make it fit.
pub(super) fn tell(text: &str, kind: PolicyKind, findings: &mut Vec<Finding>) {
    let text = text.trim_start_matches('\u{feff}');
    let count = characters(text, kind);
    let Some(quota) = kind.quotas().iter().find(|quota| count > quota.characters) else { return };
    let message =
        format!("the policy has {count} characters, and {} may have {}", quota.of, quota.characters);
    let finding = match quota.severity {
        Severity::Error => Finding::error(Code::PolicySize, message),
        Severity::Warning => Finding::warning(Code::NearPolicySize, message),
        Severity::Info => Finding::info(Code::NearPolicySize, message),
    };
    let help = what_fits(text, kind, quota.characters, findings);
    findings.push(finding.help(help));
}

/// What to leave out, the most harmless first, until the policy fits.
fn what_fits(text: &str, kind: PolicyKind, limit: usize, findings: &[Finding]) -> String {
    let shorter = without_redundancy(text, findings);
    let mut left_out: Vec<&str> = Vec::new();
    let mut count = characters(text, kind);
    let mut policy = None;
    for (what, change) in STEPS {
        let left = match change {
            None => characters(&shorter, kind),
            Some(change) => {
                let read = || serde_json::from_str::<Value>(&shorter).ok();
                let Some(policy) = policy.get_or_insert_with(read) else { break };
                change(policy);
                policy.to_string().chars().count()
            }
        };
        if left < count {
            left_out.push(what);
            count = left;
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

type Step = fn(&mut Value);

/// What is left out, and how the policy is changed for it. Findings are of the text as it was, so what they say is
/// left out there, before the policy is written anew.
const STEPS: [(&str, Option<Step>); 4] = [
    ("what is redundant", None),
    ("white space", Some(|_| {})),
    ("brackets around single values", Some(unbracket)),
    ("Sids", Some(drop_sids)),
];

fn without_redundancy(text: &str, findings: &[Finding]) -> String {
    let redundant = |finding: &&Finding| {
        matches!(finding.code, Code::DuplicateValue | Code::RedundantValue | Code::RedundantStatement)
    };
    let fixes: Vec<&Fix> = findings.iter().filter(redundant).filter_map(|one| one.fix.as_ref()).collect();
    apply(text, fixes).map_or_else(|| text.to_owned(), |(edited, _)| edited)
}

fn statements(policy: &mut Value) -> impl Iterator<Item = &mut Value> {
    let statements = policy.get_mut("Statement").and_then(Value::as_array_mut);
    statements.into_iter().flatten()
}

fn unbracket(policy: &mut Value) {
    statements(policy).for_each(unbracket_all);
}

fn unbracket_all(value: &mut Value) {
    if let Some([one]) = value.as_array().map(Vec::as_slice)
        && !one.is_object()
    {
        *value = one.clone();
    }
    for member in value.as_object_mut().into_iter().flat_map(|members| members.values_mut()) {
        unbracket_all(member);
    }
}

fn drop_sids(policy: &mut Value) {
    for statement in statements(policy).filter_map(Value::as_object_mut) {
        statement.remove("Sid");
    }
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
