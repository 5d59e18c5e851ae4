//! What callers report of the use of credentials.

use std::fmt;

use deputize_scope::identifier::CredentialId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::lease::LeaseId;

/// The longest name of what happened.
const LONGEST_KIND: usize = 64;

/// The most that details may be, in bytes of JSON.
const LARGEST_DETAILS: usize = 8 * 1024;

/// How deep details may lie in one another, the outermost object counted.
const DEEPEST: usize = 4;

/// What a caller says that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What, in its words: a short name.
    #[serde(rename = "reported")]
    pub kind: ReportKind,
    /// With which stored credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialId>,
    /// Under which lease.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<LeaseId>,
    /// When.
    pub happened_at: Timestamp,
    /// The rest.
    #[serde(default, skip_serializing_if = "Details::is_empty")]
    pub details: Details,
}

/// A short name of what happened: 1 to 64 of `[a-z0-9._-]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReportKind(String);

/// Details of what happened: an object of strings and integers in lists and objects, of at most 8 KiB and four levels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>", into = "Map<String, Value>")]
pub struct Details(Map<String, Value>);

/// Why a report is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidReport {
    /// Its kind is no short name.
    #[error("a kind has 1 to {LONGEST_KIND} lowercase letters, digits, dots, underscores and hyphens")]
    Kind,
    /// Its details are too long.
    #[error("details have at most {LARGEST_DETAILS} bytes as JSON")]
    TooLarge,
    /// They lie too deep.
    #[error("details have at most {DEEPEST} levels")]
    TooDeep,
    /// There is something else in them than strings and integers.
    #[error("details consist of strings and integers, in lists and objects")]
    Value,
}

impl ReportKind {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ReportKind {
    type Error = InvalidReport;

    fn try_from(text: String) -> Result<Self, InvalidReport> {
        let sound = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
        let fits = (1..=LONGEST_KIND).contains(&text.len()) && text.bytes().all(sound);
        if fits { Ok(Self(text)) } else { Err(InvalidReport::Kind) }
    }
}

impl From<ReportKind> for String {
    fn from(kind: ReportKind) -> Self {
        kind.0
    }
}

impl fmt::Display for ReportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Details {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<Map<String, Value>> for Details {
    type Error = InvalidReport;

    fn try_from(map: Map<String, Value>) -> Result<Self, InvalidReport> {
        // Depth first: what is deep is not to be walked to its ground.
        map.values().try_for_each(|value| plain(value, 1))?;
        let text = serde_json::to_vec(&map).map_err(|_| InvalidReport::Value)?;
        if text.len() > LARGEST_DETAILS { Err(InvalidReport::TooLarge) } else { Ok(Self(map)) }
    }
}

impl From<Details> for Map<String, Value> {
    fn from(details: Details) -> Self {
        details.0
    }
}

/// The largest integer that every reader of JSON has exactly (RFC 8259, 6), and RFC 8785 with it.
const LARGEST_INTEGER: u64 = (1 << 53) - 1;

fn plain(value: &Value, above: usize) -> Result<(), InvalidReport> {
    match value {
        Value::String(_) => Ok(()),
        Value::Number(number) => {
            let size = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
            let exact = size.is_some_and(|size| size <= LARGEST_INTEGER);
            if exact { Ok(()) } else { Err(InvalidReport::Value) }
        }
        Value::Null | Value::Bool(_) => Err(InvalidReport::Value),
        Value::Array(_) | Value::Object(_) if above >= DEEPEST => Err(InvalidReport::TooDeep),
        Value::Array(list) => list.iter().try_for_each(|value| plain(value, above + 1)),
        Value::Object(map) => map.values().try_for_each(|value| plain(value, above + 1)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn details(value: Value) -> Result<Details, InvalidReport> {
        serde_json::from_value::<Map<String, Value>>(value).unwrap().try_into()
    }

    #[test]
    fn details_are_strings_and_integers_four_levels_deep() {
        assert!(details(json!({ "calls": 3, "of": { "one": [{ "two": "three" }, -1] } })).is_ok());
        for (value, error) in [
            (json!({ "share": 0.5 }), InvalidReport::Value),
            (json!({ "much": 9_007_199_254_740_992_u64 }), InvalidReport::Value),
            (json!({ "yes": true }), InvalidReport::Value),
            (json!({ "none": null }), InvalidReport::Value),
            (json!({ "one": { "two": { "three": [[]] } } }), InvalidReport::TooDeep),
            (json!({ "long": "x".repeat(8 * 1024) }), InvalidReport::TooLarge),
        ] {
            assert_eq!(details(value.clone()), Err(error), "{value}");
        }
        assert!(details(json!({ "long": "x".repeat(8 * 1024 - r#"{"long":""}"#.len()) })).is_ok());
    }

    #[test]
    fn a_kind_is_a_short_name() {
        for text in ["deploy", "a.b_c-9", &"x".repeat(64)] {
            assert_eq!(ReportKind::try_from(text.to_owned()).unwrap().as_str(), text);
        }
        for text in ["", "Deploy", "two words", "ü", &"x".repeat(65)] {
            assert_eq!(ReportKind::try_from(text.to_owned()), Err(InvalidReport::Kind), "{text}");
        }
    }
}
