//! The nodes of a document's tree.

use crate::finding::{Fix, Span};

/// A value with its place in the text.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
    style: Style,
}

/// What a node holds. Plain scalars are told apart as YAML's core schema does, numbers without reading them.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`, as it was written.
    Boolean(String),
    /// A number, as it was written.
    Number(String),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the text; no key twice.
    Mapping(Vec<Entry>),
    /// Something that was already told as a finding, and is to be passed over in silence.
    Refused,
}

/// One key of a mapping, with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Node,
    pub(crate) name: String,
    pub(crate) value: Node,
}

/// How a node was written, which decides how an edit of it must be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// A scalar without quotes.
    Plain,
    /// A scalar between such quotes.
    Quoted(char),
    /// `|` or `>`.
    BlockScalar,
    /// A collection between brackets or braces.
    Flow,
    /// A collection by indentation.
    Block,
}

impl Node {
    pub(super) fn new(kind: Kind, span: Span, style: Style) -> Self {
        Self { kind, span, style }
    }

    /// The value of a key, where the node is a mapping that has it.
    pub(crate) fn field(&self, name: &str) -> Option<&Self> {
        self.entries().iter().find(|entry| entry.name == name).map(|entry| &entry.value)
    }

    /// The entries of a mapping; none of anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        if let Kind::Mapping(entries) = &self.kind { entries } else { &[] }
    }

    /// The members of a list; none of anything else.
    pub(crate) fn members(&self) -> &[Self] {
        if let Kind::List(members) = &self.kind { members } else { &[] }
    }

    /// The text of a scalar that is one.
    pub(crate) fn as_text(&self) -> Option<&str> {
        if let Kind::Text(text) = &self.kind { Some(text) } else { None }
    }

    /// What the node is, for a message: `a list`.
    pub(crate) fn describe(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nothing",
            Kind::Boolean(_) => "true or false",
            Kind::Number(_) => "a number",
            Kind::Text(_) => "text",
            Kind::List(_) => "a list",
            Kind::Mapping(_) | Kind::Refused => "a mapping",
        }
    }

    /// Whether the node is a collection between brackets or braces, as all are in JSON.
    pub(crate) fn is_flow(&self) -> bool {
        self.style == Style::Flow
    }

    /// The edit that makes this scalar say `text`, quoted as it is now. None where it stands as a block scalar, or
    /// where the text would need escapes.
    pub(crate) fn rewrite(&self, text: &str, title: impl Into<String>) -> Option<Fix> {
        if text.contains(['"', '\'', '\\']) || text.contains(char::is_control) {
            return None;
        }
        let replacement = match self.style {
            Style::Plain => text.to_owned(),
            Style::Quoted(quote) => format!("{quote}{text}{quote}"),
            Style::BlockScalar | Style::Flow | Style::Block => return None,
        };
        Some(Fix { span: self.span, replacement, title: title.into() })
    }
}

/// What a plain scalar stands for in YAML's core schema.
/// <https://yaml.org/spec/1.2.2/#103-core-schema>
pub(super) fn resolve(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Kind::Boolean(text.to_owned()),
        _ if is_number(text) => Kind::Number(text.to_owned()),
        _ => Kind::Text(text.to_owned()),
    }
}

fn is_number(text: &str) -> bool {
    // Most values are words, which is seen from where they begin.
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) {
        return false;
    }
    let digits = |text: &str, radix| !text.is_empty() && text.chars().all(|c| c.is_digit(radix));
    if let Some(octal) = text.strip_prefix("0o") {
        return digits(octal, 8);
    }
    if let Some(hexadecimal) = text.strip_prefix("0x") {
        return digits(hexadecimal, 16);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    decimal(unsigned).is_some()
}

/// The digits of a decimal without a sign, and the power of ten that they are times: 1.50e3 is 150 and 1. Reading
/// floating-point numbers instead would make the browser's module longer by a tenth.
pub(crate) fn decimal(unsigned: &str) -> Option<(String, i64)> {
    let (mantissa, exponent) =
        unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let exponent: i64 = match exponent {
        Some(exponent) => {
            let figures = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if figures.is_empty() || !figures.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            // Beyond any number that a document has: how far does not matter.
            exponent.parse().unwrap_or(if exponent.starts_with('-') { -1_000_000 } else { 1_000_000 })
        }
        None => 0,
    };
    Some((digits, exponent.saturating_sub(i64::try_from(fraction.len()).unwrap_or(i64::MAX))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_are_told_apart_as_in_the_core_schema() {
        for text in
            ["0", "-1", "+12", "0o17", "0x1F", "1.5", ".5", "5.", "1e3", "-1.5E-3", ".inf", "-.INF", ".nan"]
        {
            assert!(matches!(resolve(text), Kind::Number(_)), "{text}");
        }
        for text in
            ["no", "inf", "nan", "0o8", "0x", "1_000", "1:30", "-", ".", "1h", "00000000-0000", "--1", "yes"]
        {
            assert!(matches!(resolve(text), Kind::Text(_)), "{text}");
        }
        assert!(matches!(resolve("~"), Kind::Null));
        assert!(matches!(resolve("True"), Kind::Boolean(_)));
    }
}
