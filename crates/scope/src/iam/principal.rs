//! Principals of trust policies.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use super::document::{Principal, PrincipalKind, Spanned};
use super::list;
use crate::aws::arn::PrincipalArn;
use crate::fields::Fields;
use crate::finding::{Code, Finding, shown};
use crate::sorted::SortedSet;
use crate::syntax::{Kind, Node};

/// Reads `Principal`.
pub(super) fn read(node: &Node, findings: &mut Vec<Finding>) -> Vec<Spanned<Principal>> {
    if let Kind::Text(text) = &node.kind {
        if text != "*" {
            let message = format!("principal `{}` is neither * nor of a kind", shown(text));
            let help = "write {\"AWS\": …}, {\"Service\": …} or {\"Federated\": …}";
            findings.push(Finding::error(Code::InvalidPrincipal, message).at(node.span).help(help));
            return Vec::new();
        }
        let everybody = Principal { kind: PrincipalKind::Everybody, text: text.clone() };
        return vec![Spanned { value: everybody, span: node.span, removal: None }];
    }
    let Some(mut fields) = Fields::of(node, "Principal", None, findings) else { return Vec::new() };
    let mut principals = Vec::new();
    for (name, kind) in KINDS {
        if let Some(node) = fields.take(name) {
            let texts = list::texts(node, name, findings);
            told_once(&texts, findings);
            principals.extend(texts.into_iter().filter_map(|text| principal(kind, &text, findings)));
        }
    }
    let is_empty = matches!(&node.kind, Kind::Mapping(entries) if entries.is_empty());
    fields.finish(findings);
    if is_empty {
        let finding =
            Finding::warning(Code::EmptyList, "Principal is empty, so that nobody may assume the role");
        findings.push(finding.at(node.span).help("name who may assume the role"));
    }
    principals
}

const KINDS: [(&str, PrincipalKind); 4] = [
    ("AWS", PrincipalKind::Aws),
    ("Service", PrincipalKind::Service),
    ("Federated", PrincipalKind::Federated),
    ("CanonicalUser", PrincipalKind::CanonicalUser),
];

fn told_once(texts: &[Spanned<&str>], findings: &mut Vec<Finding>) {
    let everybody = texts.iter().any(|text| text.value == "*");
    let mut seen = SortedSet::new();
    for text in texts {
        if !seen.insert(text.value) {
            findings.push(list::again(text, "principal"));
        } else if everybody && text.value != "*" {
            let message = format!("principal `{}` is already covered by `*`", shown(text.value));
            let finding = Finding::warning(Code::RedundantValue, message).at(text.span);
            findings.push(finding.help("remove it, or better the `*`").fix(text.removed("remove it")));
        }
    }
}

fn principal(
    kind: PrincipalKind,
    written: &Spanned<&str>,
    findings: &mut Vec<Finding>,
) -> Option<Spanned<Principal>> {
    let text = written.value;
    let fault = match kind {
        PrincipalKind::Everybody => None,
        PrincipalKind::Aws => aws_fault(text),
        PrincipalKind::Service => service_fault(text),
        PrincipalKind::Federated => federated_fault(text),
        PrincipalKind::CanonicalUser => {
            Some("a trust policy takes no canonical users; name the account under AWS")
        }
    };
    if let Some(help) = fault {
        let message = match text.contains('*') {
            true => format!("principal `{}` has a wildcard, which principals cannot have", shown(text)),
            false => format!("`{}` is no principal of that kind", shown(text)),
        };
        findings.push(Finding::error(Code::InvalidPrincipal, message).at(written.span).help(help));
        return None;
    }
    Some(written.with(Principal { kind, text: text.to_owned() }))
}

fn aws_fault(text: &str) -> Option<&'static str> {
    let account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    // What IAM shows where the user or role has been deleted since.
    let unique_id = (16..=128).contains(&text.len())
        && ["AIDA", "AROA", "AKIA", "ASIA", "AGPA"].iter().any(|prefix| text.starts_with(prefix))
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let federated =
        text.starts_with("arn:aws") && text.contains(":sts::") && text.contains(":federated-user/");
    let known = text == "*" || account || unique_id || federated;
    let named = !text.contains(['*', '?']) && text.parse::<PrincipalArn>().is_ok();
    (!known && !named).then_some("write an account id, or the ARN of a role, user or root")
}

fn service_fault(text: &str) -> Option<&'static str> {
    let name = [".amazonaws.com", ".amazonaws.com.cn", ".amazon.com", ".aws.internal"]
        .iter()
        .find_map(|domain| text.strip_suffix(domain));
    let word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let sound = name.is_some_and(|name| name.split('.').all(word));
    (!sound).then_some("write the service's name, such as lambda.amazonaws.com")
}

fn federated_fault(text: &str) -> Option<&'static str> {
    const BUILT_IN: [&str; 4] =
        ["accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com"];
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let provider = matches!(
        parts.as_slice(),
        ["arn", _, "iam", "", account, rest]
            if account.len() == 12
                && account.bytes().all(|byte| byte.is_ascii_digit())
                && (rest.starts_with("oidc-provider/") || rest.starts_with("saml-provider/"))
    );
    let sound = (provider && !text.contains(['*', '?'])) || BUILT_IN.contains(&text);
    (!sound).then_some("write the ARN of an oidc-provider or saml-provider, or a built-in provider's domain")
}
