//! What a check of a scope document tells: a stable code, a place in the text, what is wrong and how to mend it.

mod access_analyzer;
mod code;
mod example;
mod reference;

pub use code::Code;
pub use example::{Example, Frame};
pub use reference::reference;

use crate::sorted::sort_by_key;
use serde::{Deserialize, Serialize};

/// One thing that a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What kind of thing it is; stable, and explained by [`Code::explanation`].
    pub code: Code,
    /// Whether the document can be used with it.
    pub severity: Severity,
    /// What is wrong with this very value: lowercase, one sentence without a full stop.
    pub message: String,
    /// How to mend it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Where it is; absent where it concerns the document as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
    /// The edit that mends it, where there is exactly one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
}

impl Finding {
    /// A finding that makes the document unusable.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message)
    }

    /// A finding that leaves the document usable.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message)
    }

    /// A finding that is only worth knowing.
    pub fn info(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Info, message)
    }

    fn new(code: Code, severity: Severity, message: impl Into<String>) -> Self {
        Self { code, severity, message: message.into(), help: None, span: None, fix: None }
    }

    /// Says where it is, where that is known.
    #[must_use]
    pub fn at(self, span: impl Into<Option<Span>>) -> Self {
        Self { span: span.into(), ..self }
    }

    /// Says how to mend it.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// Gives the one edit that mends it.
    #[must_use]
    pub fn fix(self, fix: Option<Fix>) -> Self {
        Self { fix, ..self }
    }
}

/// The text with edits made: each that does not touch an earlier one. None where there is nothing to edit.
///
/// An edit may bring another one forth, or make one needless: check the text again after it.
pub fn apply<'a>(text: &str, fixes: impl IntoIterator<Item = &'a Fix>) -> Option<(String, Vec<&'a Fix>)> {
    let mut fixes: Vec<&Fix> = fixes.into_iter().collect();
    sort_by_key(&mut fixes, |fix| (fix.span.start, fix.span.end));
    let (mut edited, mut at) = (String::with_capacity(text.len()), 0);
    let mut made: Vec<&Fix> = Vec::new();
    for fix in fixes {
        // Two insertions at one place would be in no particular order.
        let touches = made.last().is_some_and(|last| fix.span.start <= last.span.end);
        let Some(kept) = text.get(at..fix.span.start).filter(|_| !touches) else { continue };
        if text.get(fix.span.start..fix.span.end).is_none_or(|before| before == fix.replacement) {
            continue;
        }
        edited += kept;
        edited += &fix.replacement;
        at = fix.span.end;
        made.push(fix);
    }
    edited += text.get(at..)?;
    (!made.is_empty()).then_some((edited, made))
}

/// How much a finding weighs. Ordered from the heaviest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The document cannot be used.
    Error,
    /// The document can be used, but probably does not say what was meant.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// The severity's name: `error`, `warning` or `info`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// A part of a document's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    /// The first byte, counted from 0.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
    /// The line of the first byte, counted from 1.
    pub line: usize,
    /// The column of the first byte, in characters, counted from 1.
    pub column: usize,
}

impl Span {
    /// The place before the first byte of this span.
    #[must_use]
    pub fn before(self) -> Self {
        Self { end: self.start, ..self }
    }
}

/// An edit of a document: what stands at `span` gives way to `replacement`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// What to replace; empty where something is to be inserted.
    pub span: Span,
    /// What to write there.
    pub replacement: String,
    /// What the edit does, for a menu: lowercase, without a full stop.
    pub title: String,
}

/// A value in a message: escaped, and no longer than a line.
pub(crate) fn shown(text: &str) -> String {
    let mut characters = text.chars();
    let mut shown = String::new();
    for symbol in characters.by_ref().take(80) {
        // Only what a terminal would act upon: other languages and quotes stay legible.
        if symbol.is_control() {
            shown.extend(symbol.escape_default());
        } else {
            shown.push(symbol);
        }
    }
    shown + if characters.next().is_some() { "…" } else { "" }
}
