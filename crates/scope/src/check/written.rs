//! A permission or a resource as it stands in a text.

use crate::finding::shown;
use crate::finding::{Fix, Span};
use crate::iam::list;
use crate::syntax::Node;

/// A permission or a resource as it stands in a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written<'a> {
    pub(super) text: &'a str,
    pub(super) span: Span,
    /// The scalar in a scope document; in a policy, which is JSON, all quotes are the same.
    node: Option<&'a Node>,
}

impl<'a> Written<'a> {
    /// Of a scope document; none where the node is no text.
    pub(super) fn in_document(node: &'a Node) -> Option<Self> {
        Some(Self { text: node.as_text()?, span: node.span, node: Some(node) })
    }

    pub(super) fn in_policy(text: &'a str, span: Span) -> Self {
        Self { text, span, node: None }
    }

    /// The edit that writes another text in its place.
    pub(super) fn rewritten(&self, text: &str) -> Option<Fix> {
        match self.node {
            Some(node) => node.rewrite(text, format!("write `{}`", shown(text))),
            None => list::rewritten(self.span, text),
        }
    }
}
