//! Actions, as far as they can be judged without knowing which there are.

use std::borrow::Cow;

use super::PolicyKind;
use super::document::{Action, Clause, Spanned};
use super::list;
use crate::aws::coverage::{Covered, Effort, Redundant, redundant};
use crate::aws::pattern::ActionPattern;
use crate::fields::nearest;
use crate::finding::{Code, Finding, shown};
use crate::syntax::Node;

/// Reads `Action` or `NotAction`.
pub(super) fn read(
    node: &Node,
    name: &'static str,
    kind: PolicyKind,
    findings: &mut Vec<Finding>,
) -> Vec<Spanned<Action>> {
    let texts = list::texts(node, name, findings);
    let actions = texts.into_iter().filter_map(|text| {
        let action = action(&text, findings)?;
        if kind == PolicyKind::Trust {
            trusted(&action, &text, findings);
        }
        Some(text.with(action))
    });
    actions.collect()
}

fn action(written: &Spanned<&str>, findings: &mut Vec<Finding>) -> Option<Action> {
    let text = written.value;
    let mut tell = |finding: Finding| findings.push(finding.at(written.span));
    if text.contains("${") {
        let message = format!("`{}` has a policy variable, which actions cannot have", shown(text));
        tell(
            Finding::error(Code::InvalidVariable, message).help("write the action, or a pattern of actions"),
        );
        return None;
    }
    let (service, name) = text.split_once(':').unwrap_or(("*", text));
    if service.contains(['*', '?']) && text != "*" {
        if !text.contains(':') {
            let message = format!("action `{}` has no service", shown(text));
            tell(
                Finding::error(Code::InvalidAction, message)
                    .help("write it as service:Name, such as s3:GetObject"),
            );
            return None;
        }
        let every = name == "*" && service.chars().all(|c| c == '*');
        let message = format!("action `{}` has a wildcard in its service", shown(text));
        let finding = Finding::warning(Code::ServiceWildcard, message).help(match every {
            true => "write \"*\", which says the same plainly",
            false => "name each service: what the wildcard will match tomorrow nobody knows",
        });
        tell(finding.fix(if every { list::rewritten(written.span, "*") } else { None }));
        let pattern = "*".parse().ok()?;
        return Some(Action { text: text.to_owned(), pattern, is_exact: every });
    }
    let folded = match service.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Cow::Owned(format!("{}:{name}", service.to_ascii_lowercase())),
        false => Cow::Borrowed(text),
    };
    let pattern: ActionPattern = match folded.parse() {
        Ok(pattern) => pattern,
        Err(reason) => {
            let message = format!("action `{}`: {reason}", shown(text));
            let trimmed = folded.trim();
            let mended = (trimmed != text && trimmed.parse::<ActionPattern>().is_ok()).then_some(trimmed);
            let fix = mended.and_then(|text| list::rewritten(written.span, text));
            tell(
                Finding::error(Code::InvalidAction, message)
                    .help("write it as service:Name, such as s3:GetObject")
                    .fix(fix),
            );
            return None;
        }
    };
    let canonical = if pattern.is_literal() { None } else { Some(pattern.canonical()) };
    let shorter = canonical.filter(|canonical| canonical.as_str().len() < folded.len());
    if let Some(canonical) = shorter {
        let message = format!("action `{}` has more wildcards than it needs", shown(text));
        let help = format!("`{}` says the same", shown(canonical.as_str()));
        let fix = list::rewritten(written.span, canonical.as_str());
        tell(Finding::warning(Code::NeedlessWildcard, message).help(help).fix(fix));
    } else if folded != text {
        let message = format!("action `{}` has its service in capitals", shown(text));
        let help =
            format!("write `{}`: AWS compares without regard to case, other tools do not", shown(&folded));
        tell(
            Finding::warning(Code::PatternCase, message)
                .help(help)
                .fix(list::rewritten(written.span, &folded)),
        );
    }
    Some(Action { text: text.to_owned(), pattern, is_exact: true })
}

/// What a role's trust policy may grant.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html>
pub(super) const TRUSTED: [&str; 6] = [
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
    "sts:SetContext",
    "sts:SetSourceIdentity",
    "sts:TagSession",
];

fn trusted(action: &Action, written: &Spanned<&str>, findings: &mut Vec<Finding>) {
    let matched: Vec<&str> = TRUSTED.into_iter().filter(|one| action.pattern.matches(one)).collect();
    let text = shown(written.value);
    let finding = if matched.is_empty() {
        let finding =
            Finding::error(Code::UnsupportedAction, format!("a trust policy cannot grant `{text}`"));
        match nearest(written.value, TRUSTED.into_iter()) {
            Some(name) => {
                finding.help(format!("did you mean `{name}`?")).fix(list::rewritten(written.span, name))
            }
            None => finding.help(format!("it can grant {}", TRUSTED.join(", "))),
        }
    } else if !action.pattern.is_literal() {
        let message = format!("`{text}` in a trust policy stands for {}", matched.join(", "));
        Finding::warning(Code::NeedlessWildcard, message)
            .help("name the one way in which the role is assumed")
    } else {
        return;
    };
    findings.push(finding.at(written.span));
}

/// Tells what a list of actions has more than once.
pub(super) fn tell_lists(actions: &Clause<Action>, effort: &Effort, findings: &mut Vec<Finding>) {
    let exact = actions.listed().iter().filter(|one| one.value.is_exact);
    let exact = exact.map(|one| (one.with(one.value.text.as_str()), one.value.pattern.clone()));
    tell_redundant("action", exact.unzip(), effort, findings);
}

/// Tells which patterns of a list, each given as it is written too, the rest of it covers.
pub(super) fn tell_redundant<P: Covered>(
    what: &str,
    (listed, patterns): (Vec<Spanned<&str>>, Vec<P>),
    effort: &Effort,
    findings: &mut Vec<Finding>,
) {
    if patterns.len() < 2 {
        return;
    }
    let Ok(redundant) = redundant(&patterns, effort) else {
        let message = format!("the list has too many wildcards to compare each {what} with all of them");
        let at = listed.first().map(|one| one.span);
        let finding = Finding::info(Code::TooComplex, message).help("split the statement");
        findings.push(finding.at(at));
        return;
    };
    for Redundant { index, again } in redundant {
        let (Some(one), Some(pattern)) = (listed.get(index), patterns.get(index)) else { continue };
        if again {
            findings.push(list::again(one, what));
            continue;
        }
        let by = patterns
            .iter()
            .zip(&listed)
            .find(|(other, _)| !other.is_one() && *other != pattern && pattern.is_within(&[other], effort));
        let by = by.map_or("the others together".to_owned(), |(_, by)| format!("`{}`", shown(by.value)));
        let message = format!("{what} `{}` is already covered by {by}", shown(one.value));
        let finding = Finding::warning(Code::RedundantValue, message).at(one.span);
        findings.push(finding.help("remove it").fix(one.removed("remove it")));
    }
}
