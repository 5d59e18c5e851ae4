//! Canonical JSON (RFC 8785), of which entries take a part: no fractions, and no integer that a reader could round.
//!
//! Values are written by `serde_json_canonicalizer`. What is read is scanned byte for byte: there is one text for every
//! value, so that a scan which accepts only this text replaces parsing, writing again and comparing.

use std::cmp::Ordering;

use memchr::{memchr, memchr2};
use serde_json::Value;
use thiserror::Error;

use crate::SIZE_LIMIT;

/// How deep arrays and objects may lie in one another.
pub(crate) const DEPTH_LIMIT: usize = 64;

/// The text is not in its canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not canonical from byte {at} on")]
pub struct NotCanonical {
    /// Where it stops being canonical, in bytes.
    pub at: usize,
}

/// Why a value has no canonical form here.
#[derive(Debug, Error)]
pub(crate) enum NotWritable {
    #[error("a number is no integer within ±(2^53 - 1)")]
    Number,
    #[error("values lie deeper than {DEPTH_LIMIT}")]
    Depth,
    #[error("the value cannot be written as json")]
    Json(#[from] serde_json::Error),
}

/// The canonical bytes of a value.
pub(crate) fn to_bytes(value: &Value) -> Result<Vec<u8>, NotWritable> {
    writable(value, DEPTH_LIMIT)?;
    Ok(serde_json_canonicalizer::to_vec(value)?)
}

fn writable(value: &Value, depth: usize) -> Result<(), NotWritable> {
    let below = || depth.checked_sub(1).ok_or(NotWritable::Depth);
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
        Value::Number(number) => {
            let magnitude = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
            magnitude
                .filter(|magnitude| !number.is_f64() && *magnitude <= SIZE_LIMIT)
                .map(|_| ())
                .ok_or(NotWritable::Number)
        }
        Value::Array(values) => {
            let depth = below()?;
            values.iter().try_for_each(|value| writable(value, depth))
        }
        Value::Object(members) => {
            let depth = below()?;
            members.values().try_for_each(|value| writable(value, depth))
        }
    }
}

/// Reads canonical JSON from left to right.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// What is true of most texts, and makes strings quick to read.
    is_ascii: bool,
    has_escapes: bool,
}

/// A string as it stands between its quotes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quoted<'a> {
    pub(crate) raw: &'a str,
    is_escaped: bool,
}

impl<'a> Scanner<'a> {
    /// Control characters stand nowhere in canonical JSON: escaped in strings, and not between values.
    pub(crate) fn new(text: &'a str) -> Result<Self, NotCanonical> {
        // Without a way out in the middle, these run over many bytes at once.
        let has = |wanted: fn(u8) -> bool| text.bytes().fold(false, |has, byte| has | wanted(byte));
        if has(|byte| byte < 0x20) {
            let at = text.bytes().position(|byte| byte < 0x20).unwrap_or_default();
            return Err(NotCanonical { at });
        }
        let (is_ascii, has_escapes) = (!has(|byte| byte >= 0x80), has(|byte| byte == b'\\'));
        Ok(Self { text, at: 0, is_ascii, has_escapes })
    }

    /// Exactly this text.
    pub(crate) fn expect(&mut self, text: &str) -> Result<(), NotCanonical> {
        if self.takes(text) { Ok(()) } else { self.wrong() }
    }

    /// Whether this text comes next; it is read if so.
    pub(crate) fn takes(&mut self, text: &str) -> bool {
        let comes = self.rest().starts_with(text.as_bytes());
        self.at += if comes { text.len() } else { 0 };
        comes
    }

    fn expect_byte(&mut self, byte: u8) -> Result<(), NotCanonical> {
        if self.takes_byte(byte) { Ok(()) } else { self.wrong() }
    }

    fn takes_byte(&mut self, byte: u8) -> bool {
        let comes = self.text.as_bytes().get(self.at) == Some(&byte);
        self.at += usize::from(comes);
        comes
    }

    /// The end of the text.
    pub(crate) fn end(&self) -> Result<(), NotCanonical> {
        if self.rest().is_empty() { Ok(()) } else { self.wrong() }
    }

    /// The text that `read` goes over.
    pub(crate) fn span(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<(), NotCanonical>,
    ) -> Result<&'a str, NotCanonical> {
        let from = self.at;
        read(self)?;
        self.text.get(from..self.at).ok_or(NotCanonical { at: from })
    }

    /// Any value.
    fn value(&mut self, depth: usize) -> Result<(), NotCanonical> {
        match self.rest().first() {
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b't') => self.expect("true"),
            Some(b'f') => self.expect("false"),
            Some(b'n') => self.expect("null"),
            _ => self.wrong(),
        }
    }

    /// An object: its keys sorted by UTF-16 code units (RFC 8785, section 3.2.3), none twice.
    pub(crate) fn object(&mut self, depth: usize) -> Result<(), NotCanonical> {
        let Some(depth) = depth.checked_sub(1) else { return self.wrong() };
        self.expect_byte(b'{')?;
        if self.takes_byte(b'}') {
            return Ok(());
        }
        let mut before: Option<Quoted<'a>> = None;
        loop {
            let at = self.at;
            let key = self.string()?;
            if before.is_some_and(|before| self.order(before, key) != Ordering::Less) {
                return Err(NotCanonical { at });
            }
            before = Some(key);
            self.expect_byte(b':')?;
            self.value(depth)?;
            if self.takes_byte(b'}') {
                return Ok(());
            }
            self.expect_byte(b',')?;
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), NotCanonical> {
        let Some(depth) = depth.checked_sub(1) else { return self.wrong() };
        self.expect_byte(b'[')?;
        if self.takes_byte(b']') {
            return Ok(());
        }
        loop {
            self.value(depth)?;
            if self.takes_byte(b']') {
                return Ok(());
            }
            self.expect_byte(b',')?;
        }
    }

    /// An integer: no sign of plus, no leading zero, no fraction, no exponent, and no negative zero.
    pub(crate) fn number(&mut self) -> Result<(), NotCanonical> {
        let negative = self.takes_byte(b'-');
        if !negative && self.takes_byte(b'0') {
            return Ok(());
        }
        let digits = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        let digits = self.rest().get(..digits).unwrap_or_default();
        let magnitude = digits.iter().take(17).fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        if digits.first().is_none_or(|first| *first == b'0') || magnitude > SIZE_LIMIT {
            return self.wrong();
        }
        self.at += digits.len();
        Ok(())
    }

    /// A string: only what must be escaped is, and in the shortest way (RFC 8785, section 3.2.2.2).
    pub(crate) fn string(&mut self) -> Result<Quoted<'a>, NotCanonical> {
        self.expect_byte(b'"')?;
        let from = self.at;
        let mut is_escaped = false;
        loop {
            let plain = match self.has_escapes {
                true => memchr2(b'"', b'\\', self.rest()),
                false => memchr(b'"', self.rest()),
            };
            let Some(plain) = plain else { return self.wrong() };
            self.at += plain;
            if self.takes_byte(b'"') {
                let raw = self.text.get(from..self.at - 1).ok_or(NotCanonical { at: from })?;
                return Ok(Quoted { raw, is_escaped });
            }
            is_escaped = true;
            self.escape()?;
        }
    }

    fn escape(&mut self) -> Result<(), NotCanonical> {
        let length = match self.rest() {
            [b'\\', b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
            [b'\\', b'u', b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f', ..]
            | [b'\\', b'u', b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f', ..] => 6,
            _ => return self.wrong(),
        };
        self.at += length;
        Ok(())
    }

    /// How two keys are ordered. Bytes of plain ASCII are ordered as their UTF-16 code units are.
    fn order(&self, left: Quoted<'a>, right: Quoted<'a>) -> Ordering {
        if self.is_ascii && !left.is_escaped && !right.is_escaped {
            return left.raw.cmp(right.raw);
        }
        let units = |quoted: Quoted<'_>| quoted.unescaped().encode_utf16().collect::<Vec<_>>();
        units(left).cmp(&units(right))
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// That it stops being canonical before this place.
    pub(crate) fn here(&self) -> NotCanonical {
        NotCanonical { at: self.at }
    }

    fn wrong<T>(&self) -> Result<T, NotCanonical> {
        Err(self.here())
    }
}

impl Quoted<'_> {
    /// What it says. A reader of any JSON would be much of what a browser has to load to check a proof.
    pub(crate) fn unescaped(self) -> String {
        let mut said = String::with_capacity(self.raw.len());
        let mut rest = self.raw;
        while let Some((plain, escape)) = rest.split_once('\\') {
            said.push_str(plain);
            // The scanner has let no other escapes through than these.
            let mut after = escape.chars();
            said.extend(match after.next() {
                Some('b') => Some('\u{8}'),
                Some('f') => Some('\u{c}'),
                Some('n') => Some('\n'),
                Some('r') => Some('\r'),
                Some('t') => Some('\t'),
                Some('u') => {
                    let code = escape.get(1..5).and_then(|code| u32::from_str_radix(code, 16).ok());
                    after = escape.get(5..).unwrap_or_default().chars();
                    code.and_then(char::from_u32)
                }
                other => other,
            });
            rest = after.as_str();
        }
        said + rest
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_string_says_what_was_written(said in ".*|[\\x00-\\x1f\"\\\\a\u{e9}\u{1f600}]*") {
            let bytes = to_bytes(&Value::from(said.as_str())).unwrap();
            let text = String::from_utf8(bytes).unwrap();
            let mut scanner = Scanner::new(&text).unwrap();
            prop_assert_eq!(scanner.string().unwrap().unescaped(), said);
            prop_assert!(scanner.end().is_ok());
        }
    }
}
