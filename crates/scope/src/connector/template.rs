//! Texts with places for values, and how a value is written into each kind of place.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::fields::nearest;
use crate::finding::shown;

/// A value that a call is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Placeholder {
    /// The key that the call is made with: the one to try for a probe, else the current one. Secret.
    Key,
    /// What the provider calls the key that the call is about.
    KeyId,
    /// The label of the rotation that makes a key.
    Label,
    /// The credential's name in the scope document.
    Credential,
}

impl Placeholder {
    const ALL: [Self; 4] = [Self::Key, Self::KeyId, Self::Label, Self::Credential];

    /// The name between the braces.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::KeyId => "key.id",
            Self::Label => "label",
            Self::Credential => "credential",
        }
    }

    /// The placeholder of a name, and otherwise the one that was probably meant.
    fn named(name: &str) -> Result<Self, Option<Self>> {
        let of = |name: &str| Self::ALL.into_iter().find(|one| one.as_str() == name);
        of(name).ok_or_else(|| nearest(name, Self::ALL.iter().map(|one| one.as_str())).and_then(of))
    }
}

/// The values of one call.
#[derive(Clone, Copy)]
pub struct Values<'a> {
    /// The key that the call is made with.
    pub key: &'a str,
    /// The id of the key that the call is about, where it is known.
    pub key_id: Option<&'a str>,
    /// The label of the rotation, where the call is one that makes a key.
    pub label: Option<&'a str>,
    /// The credential's name.
    pub credential: &'a str,
}

impl fmt::Debug for Values<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Values")
            .field("key_id", &self.key_id)
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

impl<'a> Values<'a> {
    fn of(&self, placeholder: Placeholder) -> Result<&'a str, ExpandError> {
        let value = match placeholder {
            Placeholder::Key => Some(self.key),
            Placeholder::KeyId => self.key_id,
            Placeholder::Label => self.label,
            Placeholder::Credential => Some(self.credential),
        };
        value.ok_or(ExpandError::Unknown(placeholder.as_str()))
    }
}

/// Why a call cannot be written with the values that it is to have. No value is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ExpandError {
    /// There is no such value, as the id of a key that was imported without one.
    #[error("there is no value for {{{0}}}")]
    Unknown(&'static str),
    /// The value would leave its place in the URL.
    #[error("a value does not fit into the URL")]
    Url,
    /// A header's value is visible ASCII.
    #[error("a value does not fit into a header")]
    Header,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Value(Placeholder),
}

/// A text in which `{key}`, `{key.id}`, `{label}` and `{credential}` stand for values; `{{` and `}}` are braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// A brace without its other one.
    #[error("a `{0}` stands alone; write `{0}{0}` for a brace")]
    Brace(char),
    /// Nothing of that name.
    #[error("there is no value `{{{name}}}`")]
    Unknown {
        /// The name, as it may be shown.
        name: String,
        /// What was probably meant.
        meant: Option<Placeholder>,
    },
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let (mut parts, mut literal) = (Vec::new(), String::new());
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            literal += before;
            if let Some(after) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
                literal.extend(from.chars().next());
                rest = after;
                continue;
            }
            let inner = from.strip_prefix('{').ok_or(TemplateError::Brace('}'))?;
            let (name, after) = inner.split_once('}').ok_or(TemplateError::Brace('{'))?;
            let value = Placeholder::named(name)
                .map_err(|meant| TemplateError::Unknown { name: shown(name).to_string(), meant })?;
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal)));
            }
            parts.push(Part::Value(value));
            rest = after;
        }
        literal += rest;
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Self(parts))
    }
}

impl Template {
    /// The values that it asks for.
    pub fn placeholders(&self) -> impl Iterator<Item = Placeholder> {
        self.0.iter().filter_map(|part| match part {
            Part::Value(value) => Some(*value),
            Part::Literal(_) => None,
        })
    }

    /// Whether it asks for a value.
    pub fn has(&self, placeholder: Placeholder) -> bool {
        self.placeholders().any(|one| one == placeholder)
    }

    /// The text with its values as they are: for a place that cannot be left, as a string of JSON.
    pub fn text(&self, values: &Values<'_>) -> Result<String, ExpandError> {
        self.expand(values, |text, value| {
            text.push_str(value);
            Ok(())
        })
    }

    /// The text as the value of a header: visible ASCII and spaces.
    pub fn header(&self, values: &Values<'_>) -> Result<String, ExpandError> {
        let text = self.text(values)?;
        if is_header_value(&text) { Ok(text) } else { Err(ExpandError::Header) }
    }

    /// The text with its values percent-encoded, all but the unreserved characters of RFC 3986: no value adds a
    /// segment, a parameter or anything else to a URL.
    pub(super) fn encoded(&self, values: &Values<'_>) -> Result<String, ExpandError> {
        self.expand(values, |text, value| {
            if value.is_empty() {
                return Err(ExpandError::Url);
            }
            for byte in value.bytes() {
                match byte {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                        text.push(char::from(byte));
                    }
                    _ => *text += &format!("%{byte:02X}"),
                }
            }
            Ok(())
        })
    }

    /// The literal parts, with a letter in place of each value.
    pub(super) fn sample(&self) -> String {
        let part = |part: &Part| match part {
            Part::Literal(text) => text.clone(),
            Part::Value(_) => "x".to_owned(),
        };
        self.0.iter().map(part).collect()
    }

    /// What stands before the first value.
    pub(super) fn prefix(&self) -> &str {
        match self.0.first() {
            Some(Part::Literal(text)) => text,
            Some(Part::Value(_)) | None => "",
        }
    }

    fn expand(
        &self,
        values: &Values<'_>,
        write: impl Fn(&mut String, &str) -> Result<(), ExpandError>,
    ) -> Result<String, ExpandError> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Value(placeholder) => write(&mut text, values.of(*placeholder)?)?,
            }
        }
        Ok(text)
    }
}

/// Visible ASCII, with spaces inside: what every server reads the same.
pub(super) fn is_header_value(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && text.trim() == text
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: Values<'_> =
        Values { key: "s3cr\"et", key_id: Some("a/b?c"), label: None, credential: "github" };

    #[test]
    fn values_stand_where_their_names_are() {
        let template: Template = "{{{credential}}}: {key}, {key.id}".parse().unwrap();
        assert_eq!(template.text(&VALUES).unwrap(), "{github}: s3cr\"et, a/b?c");
        let asked: Vec<Placeholder> = template.placeholders().collect();
        assert_eq!(asked, [Placeholder::Credential, Placeholder::Key, Placeholder::KeyId]);
        let encoded: Template = "/keys/{key.id}".parse().unwrap();
        assert_eq!(encoded.encoded(&VALUES).unwrap(), "/keys/a%2Fb%3Fc");
    }

    #[test]
    fn what_is_missing_or_does_not_fit_is_not_written() {
        let label: Template = "{label}".parse().unwrap();
        assert_eq!(label.text(&VALUES), Err(ExpandError::Unknown("label")));
        let broken = Values { key: "a\r\nHost: evil", ..VALUES };
        let key: Template = "Bearer {key}".parse().unwrap();
        assert_eq!(key.header(&broken), Err(ExpandError::Header));
    }

    #[test]
    fn a_name_that_is_none_is_told_with_the_one_that_was_meant() {
        let unknown = |text: &str| text.parse::<Template>().unwrap_err();
        let (name, meant) = ("keyid".to_owned(), Some(Placeholder::KeyId));
        assert_eq!(unknown("{keyid}"), TemplateError::Unknown { name, meant });
        assert_eq!(unknown("a } b"), TemplateError::Brace('}'));
        assert_eq!(unknown("a { b"), TemplateError::Brace('{'));
    }

    #[test]
    fn debug_output_shows_no_secret() {
        assert!(!format!("{VALUES:?}").contains("s3cr"));
    }
}
