//! Everything that is told of a text: its shape, what it leads to, and what the catalogues know of its permissions.
//!
//! The command line, the HTTP API and the validator for JavaScript all ask here, so that they tell the same. The
//! catalogues are handed in; a cloud without one loses the findings that need it, and no other.

mod condition;
mod document;
mod lookup;
mod policy;
mod resource;
mod written;

use crate::catalogue::Catalogues;
use crate::document::{Parsed, ScopeDocument, in_order};
use crate::iam::{self, Checked, PolicyKind};
use crate::syntax::{self, Source};
use crate::{Finding, Severity, escalation};

/// Checks a scope document.
pub fn document(text: &str, catalogues: &Catalogues) -> Parsed {
    judge(&syntax::read(text), catalogues)
}

/// Checks a scope document from the bytes of a file. Anything but UTF-8 is a finding.
pub fn document_bytes(bytes: &[u8], catalogues: &Catalogues) -> Parsed {
    judge(&syntax::read_bytes(bytes), catalogues)
}

/// Checks the text of an IAM policy.
pub fn policy(text: &str, kind: PolicyKind, catalogues: &Catalogues) -> Checked {
    complete(iam::unordered(text, kind), kind, catalogues)
}

/// Checks an IAM policy from the bytes of a file. Anything but UTF-8 is a finding.
pub fn policy_bytes(bytes: &[u8], kind: PolicyKind, catalogues: &Catalogues) -> Checked {
    complete(iam::unordered_bytes(bytes, kind), kind, catalogues)
}

/// Checks a document that was read before, such as one that is kept: where its scopes lead further than they say, which
/// of them or of their patterns change nothing, what fits no session, and what narrows no token. Its text is told the
/// same, and besides how it is written and what the catalogues know of it; without a text, findings have no places.
pub fn typed(document: &ScopeDocument) -> Vec<Finding> {
    let mut findings = Vec::new();
    document.review(&mut findings);
    escalation::tell(document, None, &mut findings);
    in_order(findings)
}

fn judge(source: &Source, catalogues: &Catalogues) -> Parsed {
    let Parsed { document: parsed, mut findings } = ScopeDocument::unordered(source);
    if let Some(root) = &source.root {
        if let Some(parsed) = &parsed {
            escalation::tell(parsed, Some(root), &mut findings);
        }
        document::tell(root, catalogues, &mut findings);
    }
    let findings = in_order(findings);
    let sound = findings.iter().all(|finding| finding.severity != Severity::Error);
    Parsed { document: parsed.filter(|_| sound), findings }
}

fn complete(mut checked: Checked, kind: PolicyKind, catalogues: &Catalogues) -> Checked {
    if let (Some(policy), Some(catalogue)) = (&checked.policy, &catalogues.aws) {
        policy::tell(policy, kind, catalogue, &mut checked.findings);
    }
    checked.ordered()
}
