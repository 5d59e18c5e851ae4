//! Builds the tree of a text that is known to be JSON: what stands where, several times as fast as a reader of YAML
//! finds it out.

use super::entries::Entries;
use super::node::{Style, resolve};
use super::tree::duplicate_key;
use super::{DEPTH_LIMIT, Entry, Kind, Node, Source};
use crate::finding::{Finding, Span};

/// The tree of a text, which must be JSON. None where YAML would not take it for the same: the reader of YAML then
/// says why.
pub(super) fn walk(text: &str) -> Option<Source> {
    let mut walk = Walk { text, at: 0, line: 1, line_start: 0, findings: Vec::new() };
    let root = walk.value(0)?;
    Some(Source { root: Some(root), findings: walk.findings })
}

/// Longer keys than this are none in YAML.
const KEY_LIMIT: usize = 1_000;

struct Walk<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    /// Where the line would have begun, had each of its characters one byte.
    line_start: usize,
    findings: Vec<Finding>,
}

impl<'a> Walk<'a> {
    fn value(&mut self, depth: usize) -> Option<Node> {
        match self.peek()? {
            b'{' => self.mapping(depth + 1),
            b'[' => self.list(depth + 1),
            b'"' => self.string().map(|(text, span)| quoted(text, span)),
            _ => {
                let start = self.here();
                let rest = self.text.get(self.at..)?;
                let end = rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, ',' | ']' | '}'));
                let written = rest.get(..end.unwrap_or(rest.len()))?;
                self.at += written.len();
                Some(Node::new(resolve(written), Span { end: self.at, ..start }, Style::Plain))
            }
        }
    }

    fn list(&mut self, depth: usize) -> Option<Node> {
        let start = self.open(depth)?;
        let mut items = Vec::new();
        while self.peek()? != b']' {
            items.push(self.value(depth)?);
            self.comma()?;
        }
        Some(self.close(Kind::List(items), start))
    }

    fn mapping(&mut self, depth: usize) -> Option<Node> {
        let start = self.open(depth)?;
        let mut entries = Entries::default();
        while self.peek()? != b'}' {
            let (name, span) = self.string()?;
            if span.end - span.start > KEY_LIMIT || self.peek()? != b':' {
                return None;
            }
            self.at += 1;
            let value = self.value(depth)?;
            self.comma()?;
            match entries.line_of(&name) {
                Some(line) => self.findings.push(duplicate_key(&name, span, line)),
                None => entries.push(Entry { key: quoted(name.clone(), span), name, value }),
            }
        }
        Some(self.close(Kind::Mapping(entries.into_list()), start))
    }

    /// A text with the quotes around it.
    fn string(&mut self) -> Option<(String, Span)> {
        let start = self.here();
        let inner = self.text.get(self.at + 1..)?;
        let (mut length, mut is_escaped, mut is_plain) = (0, false, true);
        loop {
            match inner.as_bytes().get(length)? {
                b'"' => break,
                b'\\' => {
                    is_escaped = true;
                    length += 2;
                }
                byte => {
                    is_plain &= *byte < 0x7f;
                    length += 1;
                }
            }
        }
        let inner = inner.get(..length)?;
        self.at += length + 2;
        let span = Span { end: self.at, ..start };
        if !is_plain {
            self.line_start += inner.len() - inner.chars().count();
            if inner.contains(is_unprintable) {
                return None;
            }
        }
        let text = match is_escaped {
            true => serde_json::from_str(self.text.get(span.start..span.end)?).ok()?,
            false => inner.to_owned(),
        };
        Some((text, span))
    }

    /// Passes over a bracket or a brace.
    fn open(&mut self, depth: usize) -> Option<Span> {
        let start = self.here();
        self.at += 1;
        (depth <= DEPTH_LIMIT).then_some(start)
    }

    fn close(&mut self, kind: Kind, start: Span) -> Node {
        self.at += 1;
        Node::new(kind, Span { end: self.at, ..start }, Style::Flow)
    }

    fn comma(&mut self) -> Option<()> {
        if self.peek()? == b',' {
            self.at += 1;
        }
        Some(())
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.at)? {
                b'\n' => {
                    self.at += 1;
                    self.line += 1;
                    self.line_start = self.at;
                }
                b' ' | b'\t' => self.at += 1,
                b'\r' if self.text.as_bytes().get(self.at + 1) == Some(&b'\n') => self.at += 1,
                // A break of lines in YAML, and none anywhere else.
                b'\r' => return None,
                byte => return Some(*byte),
            }
        }
    }

    fn here(&self) -> Span {
        Span { start: self.at, end: self.at, line: self.line, column: self.at - self.line_start + 1 }
    }
}

fn quoted(text: String, span: Span) -> Node {
    Node::new(Kind::Text(text), span, Style::Quoted('"'))
}

/// Characters that stand in JSON, and not in YAML.
fn is_unprintable(symbol: char) -> bool {
    matches!(symbol, '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::syntax::tree;

    /// The same tree, to the last place of it.
    fn check(text: &str) {
        let Some(walked) = walk(text) else { return };
        assert_eq!(format!("{walked:?}"), format!("{:?}", tree::build(text)), "{text}");
    }

    #[test]
    fn the_tree_is_the_one_that_a_reader_of_yaml_builds() {
        for text in [
            "{}",
            "[]",
            " [1, -2.5e+3, true, null, \"\", {\"a\": [[]]}] ",
            "{\"a\": 1,\r\n\t\"b\": \"\\u00e4\\n\\\"\\\\ \\ud83d\\ude00\",\n\"é\": \"ü\", \"c\": 2, \"a\": 3}\n",
            "[\"\u{1f600}\", \"x\", \"\u{1f600}\"]",
            "\"only a text\"",
        ] {
            assert!(walk(text).is_some(), "{text}");
            check(text);
        }
    }

    #[test]
    fn what_yaml_refuses_is_left_to_its_reader() {
        let key = format!("{{\"{}\": 1}}", "k".repeat(1_100));
        let deep = format!("{}{}", "[".repeat(33), "]".repeat(33));
        for text in [key.as_str(), &deep, "[\"\u{7f}\"]", "[\"\\ud800\"]", "[1,\r2]", "{\"a\": \"\u{9f}\"}"] {
            assert!(walk(text).is_none(), "{text}");
        }
        assert!(walk(&format!("{}{}", "[".repeat(32), "]".repeat(32))).is_some());
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            any::<i32>().prop_map(Into::into),
            any::<bool>().prop_map(Into::into),
            "[a-c\"\\\\ \u{e9}\u{1f600}:,\n]{0,6}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
                prop::collection::vec(("[a-c:é]{0,3}", inner), 0..5)
                    .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_json_has_one_tree(value in json(), pretty: bool) {
            let text = if pretty { format!("{value:#}") } else { value.to_string() };
            check(&text);
        }
    }
}
