//! Plain IAM policies: what AWS would refuse, what says less or more than it seems to, and what does not fit.
//!
//! [`check`] reads a policy document from JSON and tells every finding at its place. What an action is, and which
//! resources and condition keys it takes, is a matter of the permission catalogue: [`crate::check`] tells that too.
//!
//! Every search is bounded by the number of its steps, not by time: a hostile document gets an answer too.

mod action;
mod condition;
mod document;
mod global_key;
pub(crate) mod list;
mod operator;
mod principal;
mod reach;
mod read;
mod resource;
mod satisfiable;
mod shadow;
mod size;
mod statement;
mod trust;
mod value;
mod variable;

pub use document::{
    Action, Clause, Condition, Effect, Policy, Principal, PrincipalKind, Resource, Spanned, Statement,
    Version,
};
pub use operator::{Comparison, Operator, Qualifier};
pub use size::{Quota, characters};

use std::str::FromStr;

use crate::aws::coverage::Effort;
use crate::finding::Finding;
use crate::identifier::UnknownName;
use crate::syntax::{self, Source};

/// What a policy is attached to, which decides what it may say and how long it may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PolicyKind {
    /// Inline in a user, a group or a role.
    #[default]
    Identity,
    /// Sent with `AssumeRole`.
    Session,
    /// Who may assume a role.
    Trust,
    /// A policy of its own, attached to any number of identities.
    Managed,
}

impl PolicyKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Identity, Self::Session, Self::Trust, Self::Managed];

    /// The kind's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Session => "session",
            Self::Trust => "trust",
            Self::Managed => "managed",
        }
    }
}

impl FromStr for PolicyKind {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let names = const { &["identity", "session", "trust", "managed"] };
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownName { names })
    }
}

/// What came of reading a policy.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The statements that could be read; none where the text is no policy document at all.
    pub policy: Option<Policy>,
    /// All that was found, in the order of the text.
    pub findings: Vec<Finding>,
}

/// Checks the text of a policy.
pub fn check(text: &str, kind: PolicyKind) -> Checked {
    unordered(text, kind).ordered()
}

/// Checks the bytes of a file. Anything but UTF-8 is a finding.
pub fn check_bytes(bytes: &[u8], kind: PolicyKind) -> Checked {
    unordered_bytes(bytes, kind).ordered()
}

/// [`check`], with the findings as they come.
pub(crate) fn unordered(text: &str, kind: PolicyKind) -> Checked {
    judge(syntax::read_json(text), text, kind)
}

/// [`check_bytes`], with the findings as they come.
pub(crate) fn unordered_bytes(bytes: &[u8], kind: PolicyKind) -> Checked {
    match std::str::from_utf8(bytes) {
        Ok(text) => unordered(text, kind),
        Err(_) => judge(syntax::read_bytes(bytes), "", kind),
    }
}

impl Checked {
    pub(crate) fn ordered(self) -> Self {
        Self { policy: self.policy, findings: crate::document::in_order(self.findings) }
    }
}

fn judge(source: Source, text: &str, kind: PolicyKind) -> Checked {
    let mut findings = source.findings;
    let policy = source.root.as_ref().and_then(|root| read::policy(root, kind, &mut findings));
    if let (Some(root), Some(policy)) = (&source.root, &policy) {
        let effort = Effort::generous();
        for statement in &policy.statements {
            action::tell_lists(&statement.actions, &effort, &mut findings);
            if let Some(resources) = &statement.resources {
                resource::tell_lists(resources, &effort, &mut findings);
            }
        }
        reach::tell(policy, kind, &mut findings);
        satisfiable::tell(policy, &mut findings);
        if kind == PolicyKind::Trust {
            trust::tell(policy, &mut findings);
        }
        shadow::tell(policy, &mut findings);
        size::tell(root, text, kind, &mut findings);
    }
    Checked { policy, findings }
}
