//! A policy document as it was understood, with the place of everything.

use super::operator::Operator;
use crate::aws::pattern::{ActionPattern, ResourcePattern};
use crate::finding::{Fix, Span};

/// A policy document. Statements that could not be read are left out; findings tell of them.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The version of the policy language.
    pub version: Version,
    /// The statements, in the order of the text.
    pub statements: Vec<Statement>,
}

/// The version of the policy language; the older one has no policy variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `2008-10-17`, also where the document names none.
    V2008,
    /// `2012-10-17`.
    V2012,
}

/// One statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// From brace to brace.
    pub span: Span,
    /// What the statement can be pointed at by: its first element.
    pub at: Span,
    /// `Sid`.
    pub sid: Option<Spanned<String>>,
    /// `Effect`.
    pub effect: Effect,
    /// `Principal` or `NotPrincipal`, of trust policies.
    pub principals: Option<Clause<Principal>>,
    /// `Action` or `NotAction`.
    pub actions: Clause<Action>,
    /// `Resource` or `NotResource`; none in trust policies.
    pub resources: Option<Clause<Resource>>,
    /// `Condition`: all of them must hold.
    pub conditions: Vec<Condition>,
    pub(super) removal: Option<Span>,
}

/// What a statement does to the calls that it applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Allows them, unless another statement denies them.
    Allow,
    /// Denies them whatever else is said.
    Deny,
}

/// An element, or its `Not…` form.
#[derive(Clone, Debug)]
pub enum Clause<T> {
    /// What matches one of these.
    Only(Vec<Spanned<T>>),
    /// What matches none of these.
    AllBut(Vec<Spanned<T>>),
}

impl<T> Clause<T> {
    /// What is listed, whichever way it counts.
    pub fn listed(&self) -> &[Spanned<T>] {
        match self {
            Self::Only(listed) | Self::AllBut(listed) => listed,
        }
    }

    /// Whether it is the `Not…` form.
    pub fn is_negated(&self) -> bool {
        matches!(self, Self::AllBut(_))
    }
}

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
    /// What to cut to take it out of its list, where it is not the only one.
    pub(super) removal: Option<Span>,
}

impl<T> Spanned<T> {
    /// Another value in the same place.
    pub(super) fn with<U>(&self, value: U) -> Spanned<U> {
        Spanned { value, span: self.span, removal: self.removal }
    }

    /// The edit that takes the value out of its list.
    pub(super) fn removed(&self, title: &str) -> Option<Fix> {
        Some(Fix { span: self.removal?, replacement: String::new(), title: title.to_owned() })
    }
}

/// An action, or a pattern of actions.
#[derive(Clone, Debug)]
pub struct Action {
    /// As it was written.
    pub text: String,
    /// What it matches.
    pub pattern: ActionPattern,
    /// Whether `pattern` is just that. It is more where a wildcard stands in the service.
    pub is_exact: bool,
}

/// A resource, or a pattern of resources.
#[derive(Clone, Debug)]
pub struct Resource {
    /// As it was written.
    pub text: String,
    /// What it matches.
    pub pattern: ResourcePattern,
    /// Whether `pattern` is just that. It is more where the resource has policy variables.
    pub is_exact: bool,
}

/// Who may assume a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Principal {
    /// What it is listed under.
    pub kind: PrincipalKind,
    /// As it was written.
    pub text: String,
}

/// What principals are listed under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PrincipalKind {
    /// `"*"` without more: everybody.
    Everybody,
    /// `AWS`: accounts, users, roles and sessions.
    Aws,
    /// `Service`: services of AWS.
    Service,
    /// `Federated`: identity providers.
    Federated,
    /// `CanonicalUser`: owners of buckets.
    CanonicalUser,
}

/// One key of a condition block.
#[derive(Clone, Debug)]
pub struct Condition {
    /// How the key's values are compared.
    pub operator: Spanned<Operator>,
    /// The context key.
    pub key: Spanned<String>,
    /// The values: one of them suffices.
    pub values: Vec<Spanned<String>>,
}
