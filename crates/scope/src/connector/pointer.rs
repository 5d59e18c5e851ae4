//! Places in an answer: JSON Pointers (RFC 6901).

use std::str::FromStr;

use serde_json::Value;
use thiserror::Error;

/// A place in a JSON text: `/result/id`, and nothing for the whole of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer(String);

/// The text is no pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a JSON pointer is empty or begins with a slash, and a tilde in it is followed by 0 or 1")]
pub struct InvalidPointer;

impl Pointer {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is there.
    pub fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        value.pointer(&self.0)
    }

    /// The text that is there; a number as it is written.
    pub fn text(&self, value: &Value) -> Option<String> {
        match self.find(value)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

impl FromStr for Pointer {
    type Err = InvalidPointer;

    fn from_str(text: &str) -> Result<Self, InvalidPointer> {
        let begins = text.is_empty() || text.starts_with('/');
        let escapes = text.split('~').skip(1).all(|after| after.starts_with(['0', '1']));
        if begins && escapes { Ok(Self(text.to_owned())) } else { Err(InvalidPointer) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_finds_what_is_there() {
        let answer = serde_json::json!({ "result": { "a/b": ["x", 7, true] } });
        let text = |pointer: &str| pointer.parse::<Pointer>().unwrap().text(&answer);
        assert_eq!(text("/result/a~1b/0").as_deref(), Some("x"));
        assert_eq!(text("/result/a~1b/1").as_deref(), Some("7"));
        assert_eq!(text("/result/a~1b/2"), None);
        assert_eq!(text("/nothing"), None);
        assert!("".parse::<Pointer>().unwrap().find(&answer).is_some());
        for text in ["result", "/a~", "/a~2"] {
            assert!(text.parse::<Pointer>().is_err(), "{text}");
        }
    }
}
