//! What a check of a scope document tells, with places that an editor can use.

use deputize_scope::Severity;
use deputize_scope::finding::{self, Code};
use serde::Serialize;
use tsify::Tsify;

#[cfg(feature = "document")]
use crate::catalogue::with_loaded;
use crate::utf16::Utf16;

/// All that is wrong with a scope document, in the order of the text. Without an error among it, the document can
/// be used.
#[cfg(feature = "document")]
pub fn check(text: &str) -> Vec<Finding> {
    let parsed = with_loaded(|catalogues| deputize_scope::check::document(text, catalogues));
    told(text, parsed.findings)
}

/// The findings of a text.
pub(crate) fn told(text: &str, findings: Vec<finding::Finding>) -> Vec<Finding> {
    if findings.is_empty() {
        return Vec::new();
    }
    let utf16 = Utf16::of(text);
    findings.into_iter().map(|finding| Finding::of(finding, &utf16)).collect()
}

/// One thing that a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Tsify)]
pub struct Finding {
    /// What kind of thing it is.
    #[tsify(type = "FindingCode")]
    pub code: Code,
    /// Whether the document can be used with it.
    #[tsify(type = "\"error\" | \"warning\" | \"info\"")]
    pub severity: Severity,
    /// What is wrong with this very value.
    pub message: String,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[tsify(optional)]
    pub help: Option<String>,
    /// Where it is; absent where it concerns the document as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[tsify(optional)]
    pub span: Option<Span>,
    /// The edit that mends it, where there is exactly one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[tsify(optional)]
    pub fix: Option<Fix>,
}

impl Finding {
    fn of(finding: finding::Finding, utf16: &Utf16<'_>) -> Self {
        let finding::Finding { code, severity, message, help, span, fix } = finding;
        let fix = fix.map(|finding::Fix { span, replacement, title }| Fix {
            span: Span::of(span, utf16),
            replacement,
            title,
        });
        Self { code, severity, message, help, span: span.map(|span| Span::of(span, utf16)), fix }
    }
}

/// A part of a document's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Tsify)]
pub struct Span {
    /// The first byte of the text in UTF-8, counted from 0.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
    /// The line of the first byte, counted from 1.
    pub line: usize,
    /// The column of the first byte, in characters, counted from 1.
    pub column: usize,
    /// The same part in UTF-16 code units, in which JavaScript counts: `text.slice(utf16.start, utf16.end)`.
    pub utf16: Units,
}

impl Span {
    fn of(span: finding::Span, utf16: &Utf16<'_>) -> Self {
        let finding::Span { start, end, line, column } = span;
        Self { start, end, line, column, utf16: Units { start: utf16.offset(start), end: utf16.offset(end) } }
    }
}

/// A part of a text, in UTF-16 code units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Tsify)]
pub struct Units {
    /// The first code unit, counted from 0.
    pub start: usize,
    /// The code unit after the last.
    pub end: usize,
}

/// An edit: what stands at `span` gives way to `replacement`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Tsify)]
pub struct Fix {
    /// What to replace; empty where something is to be inserted.
    pub span: Span,
    /// What to write there.
    pub replacement: String,
    /// What the edit does, for a menu.
    pub title: String,
}
