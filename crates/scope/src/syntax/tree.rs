//! Builds the tree from the parser's events.

use granit_parser::{Event, Options, Parser, ScalarStyle, Span as Place, StrInput, StructureStyle, options};

use super::entries::Entries;
use super::malformed::{malformed, place};
use super::node::{Style, resolve};
use super::{DEPTH_LIMIT, Entry, Kind, Node, Source};
use crate::finding::shown;
use crate::finding::{Code, Finding, Fix, Span};

/// Reads the one document of a text.
pub(super) fn build(text: &str) -> Source {
    let mut builder =
        Builder { text, parser: Parser::new_from_str_with_options(text, limits()), findings: Vec::new() };
    // A document without a root has its reason among the findings.
    let root = builder.document().filter(|root| {
        let empty = matches!(root.kind, Kind::Null);
        if empty {
            builder.findings.push(empty_document());
        }
        !empty
    });
    Source { root, findings: builder.findings }
}

fn limits() -> Options {
    options! {
        disallow_directives: true,
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        emit_comments: false,
        flow_nesting_limit: DEPTH_LIMIT,
        block_nesting_limit: DEPTH_LIMIT,
    }
}

struct Builder<'a> {
    text: &'a str,
    parser: Parser<'a, StrInput<'a>>,
    findings: Vec<Finding>,
}

impl<'a> Builder<'a> {
    fn document(&mut self) -> Option<Node> {
        match self.next()? {
            (Event::DocumentStart(..), _) => {}
            _ => {
                self.findings.push(empty_document());
                return None;
            }
        }
        let first = self.next()?;
        let root = self.node(first)?;
        self.next()?; // the document's end
        if let (Event::DocumentStart(..), at) = self.next()? {
            let finding = Finding::error(Code::SeveralDocuments, "a second document begins here");
            self.findings.push(finding.at(place(at)).help("keep each document in a file of its own"));
        }
        Some(root)
    }

    /// The next event that is not the stream's beginning. None once the text has turned out to be malformed.
    #[inline]
    fn next(&mut self) -> Option<(Event<'a>, Place)> {
        loop {
            match self.parser.next_event()? {
                Ok((Event::StreamStart, _)) => {}
                Ok(event) => return Some(event),
                Err(error) => {
                    self.findings.push(malformed(self.text, &error));
                    return None;
                }
            }
        }
    }

    /// The node that begins with an event, with all that is in it.
    fn node(&mut self, (event, at): (Event<'a>, Place)) -> Option<Node> {
        let span = place(at);
        if event.tag().is_some() {
            let tag = at.tag_span().map_or(span, place);
            self.unsupported("a tag", tag, "remove it: the type of every value follows from its field");
        }
        let anchored = event.anchor_id().is_some();
        let node = match event {
            Event::Scalar(text, style, ..) => {
                self.anchor(anchored)?;
                scalar(&text, style, span)
            }
            Event::SequenceStart(style, ..) => {
                self.anchor(anchored)?;
                self.list(style, span)?
            }
            Event::MappingStart(style, ..) => {
                self.anchor(anchored)?;
                self.mapping(style, span)?
            }
            Event::Alias(_) => {
                self.unsupported("an alias", span, "write out what it stands for");
                Node::new(Kind::Refused, span, Style::Plain)
            }
            Event::UnresolvedAlias(_) => {
                self.findings.push(unquoted_asterisk(self.text, span));
                Node::new(Kind::Refused, span, Style::Plain)
            }
            // The parser yields no other event where a node is due.
            _ => Node::new(Kind::Null, span, Style::Plain),
        };
        Some(node)
    }

    /// Takes the event that tells an anchor's name, which follows the node's own.
    fn anchor(&mut self, anchored: bool) -> Option<()> {
        if anchored {
            let (_, at) = self.next()?;
            self.unsupported("an anchor", place(at), "remove it, and write out what refers to it");
        }
        Some(())
    }

    fn list(&mut self, style: StructureStyle, start: Span) -> Option<Node> {
        let mut items = Vec::new();
        let end = loop {
            match self.next()? {
                (Event::SequenceEnd, at) => break at,
                item => items.push(self.node(item)?),
            }
        };
        let last = items.last().map(|item| item.span);
        Some(Self::collection(Kind::List(items), style, start, last, end))
    }

    fn mapping(&mut self, style: StructureStyle, start: Span) -> Option<Node> {
        let mut entries = Entries::default();
        let mut last = None;
        let end = loop {
            let key = match self.next()? {
                (Event::MappingEnd, at) => break at,
                key => key,
            };
            // As it is written: a key is a name, whatever it would be as a value.
            let written = match &key.0 {
                Event::Scalar(text, ..) => Some(text.clone()),
                _ => None,
            };
            let key = self.node(key)?;
            let value = self.next()?;
            let value = self.node(value)?;
            last = Some(value.span);
            let Some(name) = written else {
                let finding =
                    Finding::error(Code::WrongType, format!("a key is text, not {}", key.describe()));
                self.findings.push(finding.at(key.span).help("write the name of a field"));
                continue;
            };
            match entries.line_of(&name) {
                Some(line) => self.findings.push(duplicate_key(&name, key.span, line)),
                None => entries.push(Entry { key, name: name.into_owned(), value }),
            }
        };
        Some(Self::collection(Kind::Mapping(entries.into_list()), style, start, last, end))
    }

    /// A collection by indentation ends with its last member: its end as an event lies at the next token.
    fn collection(kind: Kind, style: StructureStyle, start: Span, last: Option<Span>, end: Place) -> Node {
        let (style, end) = match style {
            StructureStyle::Flow => (Style::Flow, place(end).end),
            StructureStyle::Block => (Style::Block, last.unwrap_or(start).end),
        };
        Node::new(kind, Span { end, ..start }, style)
    }

    fn unsupported(&mut self, what: &str, span: Span, help: &str) {
        let finding =
            Finding::error(Code::UnsupportedYaml, format!("{what} cannot stand in a scope document"));
        self.findings.push(finding.at(span).help(help));
    }
}

fn scalar(text: &str, style: ScalarStyle, span: Span) -> Node {
    let words = || Kind::Text(text.to_owned());
    match style {
        ScalarStyle::Plain => Node::new(resolve(text), span, Style::Plain),
        ScalarStyle::SingleQuoted => Node::new(words(), span, Style::Quoted('\'')),
        ScalarStyle::DoubleQuoted => Node::new(words(), span, Style::Quoted('"')),
        ScalarStyle::Literal | ScalarStyle::Folded => Node::new(words(), span, Style::BlockScalar),
    }
}

fn empty_document() -> Finding {
    Finding::error(Code::EmptyDocument, "the document is empty")
        .help("a scope document begins with `version: 1`, `tenant:` and `agents:`")
}

pub(super) fn duplicate_key(name: &str, span: Span, line: usize) -> Finding {
    Finding::error(Code::DuplicateKey, format!("`{}` is given twice", shown(name)))
        .at(span)
        .help(format!("line {line} gives it first; keep one of the two"))
}

/// A `*` at the beginning of a value, which YAML takes for a reference to an anchor that nobody set.
pub(super) fn unquoted_asterisk(text: &str, span: Span) -> Finding {
    let value = text.get(span.start..span.end).unwrap_or_default();
    let fix = Fix { span, replacement: format!("\"{value}\""), title: "put it in quotes".to_owned() };
    Finding::error(Code::UnquotedAsterisk, format!("`{}` begins with an asterisk", shown(value)))
        .at(span)
        .help("YAML takes it for an alias; put it in quotes")
        .fix(Some(fix))
}
