//! Trust policies: whether those who are named can assume the role at all, and whether others can too.

use super::document::{Clause, Condition, Effect, Policy, Principal, PrincipalKind, Spanned, Statement};
use crate::finding::shown;
use crate::finding::{Code, Finding};

/// Tells what a trust policy says of its principals.
pub(super) fn tell(policy: &Policy, findings: &mut Vec<Finding>) {
    for statement in policy.statements.iter().filter(|one| one.effect == Effect::Allow) {
        let Some(Clause::Only(principals)) = &statement.principals else { continue };
        for principal in principals {
            mismatch(statement, principal, findings);
            match principal.value.kind {
                PrincipalKind::Everybody => open(statement, principal, findings),
                PrincipalKind::Aws if principal.value.text == "*" => open(statement, principal, findings),
                PrincipalKind::Federated => unbound(statement, principal, findings),
                PrincipalKind::Service => deputy(statement, principal, findings),
                PrincipalKind::Aws | PrincipalKind::CanonicalUser => {}
            }
        }
    }
}

const ASSUME: &str = "sts:AssumeRole";
const BY_SAML: &str = "sts:AssumeRoleWithSAML";
const BY_TOKEN: &str = "sts:AssumeRoleWithWebIdentity";

fn grants(statement: &Statement, action: &str) -> bool {
    matches!(&statement.actions, Clause::Only(actions) if actions.iter().any(|one| one.value.pattern.matches(action)))
}

/// A principal that assumes roles in another way than the statement allows.
fn mismatch(statement: &Statement, principal: &Spanned<Principal>, findings: &mut Vec<Finding>) {
    // A statement may be about tagging the session alone.
    if ![ASSUME, BY_SAML, BY_TOKEN].iter().any(|way| grants(statement, way)) {
        return;
    }
    let Principal { kind, text } = &principal.value;
    let needed: &[&str] = match kind {
        PrincipalKind::Federated if text.contains(":saml-provider/") => &[BY_SAML],
        PrincipalKind::Federated => &[BY_TOKEN],
        PrincipalKind::Service if text.starts_with("rolesanywhere.") => {
            &[ASSUME, "sts:TagSession", "sts:SetSourceIdentity"]
        }
        PrincipalKind::Everybody => return,
        _ => &[ASSUME],
    };
    if let Some(missing) = needed.iter().find(|action| !grants(statement, action)) {
        let message = format!("`{}` needs {missing}, which the statement does not allow", shown(text));
        let finding = Finding::error(Code::MismatchedAction, message).at(principal.span);
        findings.push(finding.help("give each kind of principal a statement of its own"));
    }
}

/// Whether a condition on one of these keys holds only for some.
fn bound_by(statement: &Statement, is_meant: impl Fn(&str) -> bool) -> bool {
    statement.conditions.iter().any(|one| is_meant(&one.key.value.to_ascii_lowercase()) && restricts(one))
}

fn restricts(condition: &Condition) -> bool {
    let operator = condition.operator.value;
    !operator.if_exists
        && !operator.comparison.is_negated()
        && !condition.values.iter().any(|one| operator.comparison.has_wildcards() && one.value == "*")
}

fn open(statement: &Statement, principal: &Spanned<Principal>, findings: &mut Vec<Finding>) {
    const WHO: [&str; 10] = [
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:userid",
        "sts:externalid",
        "aws:sourceorgid",
        "aws:principalservicename",
    ];
    if bound_by(statement, |key| WHO.contains(&key) || key.starts_with("aws:principaltag/")) {
        return;
    }
    let finding =
        Finding::warning(Code::OpenTrust, "anybody in any account may assume the role").at(principal.span);
    findings.push(finding.help("name the principals, or add a condition such as aws:PrincipalOrgID"));
}

/// An identity provider without a condition on who of its subjects may come.
fn unbound(statement: &Statement, principal: &Spanned<Principal>, findings: &mut Vec<Finding>) {
    let text = principal.value.text.as_str();
    let (provider, claims): (&str, &[&str]) = match text.split_once(":oidc-provider/") {
        Some((_, provider)) => (provider, &["sub"]),
        None if text.contains(":saml-provider/") => return,
        None => (text, &["sub", "aud", "app_id"]),
    };
    let folded = provider.to_ascii_lowercase();
    let meant =
        |key: &str| key.rsplit_once(':').is_some_and(|(of, claim)| of == folded && claims.contains(&claim));
    if !bound_by(statement, meant) {
        let key = format!("{provider}:{}", claims.first().copied().unwrap_or("sub"));
        let message =
            format!("no condition says which subjects of `{}` may assume the role", shown(provider));
        let finding = Finding::warning(Code::UnboundFederation, message).at(principal.span);
        findings.push(finding.help(format!("add a condition on {}", shown(&key))));
        return;
    }
    if folded != "token.actions.githubusercontent.com" {
        return;
    }
    // repo:OWNER/REPOSITORY:ref:refs/heads/BRANCH
    let vague = |one: &&Spanned<String>| {
        let repository = one.value.strip_prefix("repo:").unwrap_or("*").split(':').next().unwrap_or_default();
        repository.contains(['*', '?'])
    };
    let subjects = statement.conditions.iter().filter(|one| meant(&one.key.value.to_ascii_lowercase()));
    if let Some(value) = subjects.flat_map(|one| &one.values).find(vague) {
        let message = format!("`{}` lets in more than one repository", shown(&value.value));
        let finding = Finding::warning(Code::UnboundFederation, message).at(value.span);
        findings.push(finding.help("write repo:OWNER/REPOSITORY:ref:refs/heads/BRANCH"));
    }
}

/// A service that acts for any customer who asks it to, without a condition on which.
fn deputy(statement: &Statement, principal: &Spanned<Principal>, findings: &mut Vec<Finding>) {
    // Those whose own documents ask for such a condition in the trust policies of their roles.
    const DEPUTIES: [&str; 8] =
        ["bedrock", "iot", "pipes", "scheduler", "ssm", "states", "transfer", "vpc-flow-logs"];
    const FOR_WHOM: [&str; 4] =
        ["aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"];
    let text = principal.value.text.as_str();
    let service = text.split('.').next().unwrap_or_default();
    if DEPUTIES.contains(&service) && !bound_by(statement, |key| FOR_WHOM.contains(&key)) {
        let message = format!("no condition says for whom `{}` may assume the role", shown(text));
        let finding = Finding::info(Code::ConfusedDeputy, message).at(principal.span);
        findings.push(finding.help("add a condition on aws:SourceAccount or aws:SourceArn"));
    }
}
