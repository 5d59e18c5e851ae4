//! What the parser refuses, said as a finding.

use granit_parser::{ErrorKind, Marker, ScanError, Span as Place};

use super::tree::unquoted_asterisk;
use crate::finding::{Code, Finding, Span};

/// The finding for a text that is not YAML.
pub(super) fn malformed(text: &str, error: &ScanError) -> Finding {
    let start = error.marker();
    let rest = start.byte_offset().and_then(|offset| text.get(offset..)).unwrap_or_default();
    let width = rest.chars().next().filter(|c| *c != '\n' && *c != '\r').map_or(0, char::len_utf8);
    let span = from_marker(start, width);
    match error.kind() {
        ErrorKind::MissingAnchorOrAliasName if rest.starts_with('*') => {
            unquoted_asterisk(text, from_marker(start, plain_length(rest)))
        }
        ErrorKind::RecursionLimitExceeded => {
            Finding::error(Code::TooDeep, "lists and mappings lie too deep in one another here")
                .at(span)
                .help("no document needs so many levels")
        }
        ErrorKind::DirectiveDisallowed => {
            Finding::error(Code::UnsupportedYaml, "a directive cannot stand in a scope document")
                .at(span)
                .help("remove the line")
        }
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => {
            Finding::error(Code::TabIndentation, "a tab stands where YAML takes spaces only")
                .at(tabs_before(text, span))
                .help("indent with spaces")
        }
        kind => {
            Finding::error(Code::Malformed, lowercase_first(&error.info())).at(span).help(help(kind, rest))
        }
    }
}

/// What usually mends it.
fn help(kind: &ErrorKind, rest: &str) -> &'static str {
    match kind {
        ErrorKind::UnexpectedCharacter { character: '@' | '`' | '%' } => "put the value in quotes",
        ErrorKind::UnexpectedCharacter { .. } => "remove the character",
        ErrorKind::MissingAnchorOrAliasName if rest.starts_with('&') => "put the value in quotes",
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => {
            "put a value with a colon and a space in quotes, and indent the fields of a mapping alike"
        }
        ErrorKind::ExpectedFlowSequenceSeparator | ErrorKind::ExpectedFlowMappingSeparator => {
            "separate with commas, and put a value with brackets or braces in quotes"
        }
        ErrorKind::UnclosedFlowCollection { .. } => "add the bracket or brace that closes it",
        ErrorKind::UnclosedQuotedScalar => "add the quote that closes it",
        ErrorKind::ExpectedDocumentStart => "remove what stands after the end of the document",
        ErrorKind::UnknownQuotedScalarEscape => "write \\\\ for a backslash, or use single quotes",
        _ => "check the indentation, the quotes and the brackets before this place",
    }
}

/// The parser's place as a span of the text.
pub(super) fn place(at: Place) -> Span {
    let end = at.end.byte_offset().unwrap_or_default();
    let start = from_marker(&at.start, 0);
    Span { end: end.max(start.start), ..start }
}

fn from_marker(marker: &Marker, length: usize) -> Span {
    let start = marker.byte_offset().unwrap_or_default();
    Span { start, end: start + length, line: marker.line(), column: marker.col() + 1 }
}

/// The tabs at or before a place on its line: the parser stops behind them.
fn tabs_before(text: &str, at: Span) -> Span {
    let before = text.get(..at.end).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let Some(last) = line.rfind('\t') else { return at };
    let lead = line.get(..last).unwrap_or_default().trim_end_matches('\t');
    let start = before.len() - line.len() + lead.len();
    Span { start, end: before.len() - line.len() + last + 1, line: at.line, column: lead.chars().count() + 1 }
}

/// How far a value without quotes reaches: to the next separator, or the end of the line.
fn plain_length(rest: &str) -> usize {
    let length = rest.find([',', ']', '}', '\n', '\r', '#']).unwrap_or(rest.len());
    rest.get(..length).map_or(length, |value| value.trim_end().len())
}

fn lowercase_first(message: &str) -> String {
    let mut rest = message.chars();
    rest.next()
        .map_or_else(String::new, |first| [first.to_ascii_lowercase()].into_iter().chain(rest).collect())
}
