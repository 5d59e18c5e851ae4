//! From text to a tree of nodes that know their place: YAML 1.2, of which JSON is a part.
//!
//! What a document grants must stand where it is granted, so anchors, aliases, tags and directives are refused;
//! with them goes every way in which a small text could grow into a large tree.

mod entries;
mod json;
mod malformed;
mod node;
mod tree;
mod walk;

pub(crate) use json::read as read_json;
pub(crate) use node::{Entry, Kind, Node, decimal};

use crate::finding::{Code, Finding, Span};

/// The most bytes that a document may have. A request body may have as many.
pub(crate) const SIZE_LIMIT: usize = 256 * 1024;

/// How deep lists and mappings may lie in one another. A scope document needs seven levels.
const DEPTH_LIMIT: usize = 32;

/// What a text holds: a tree where it could be read, and all that is wrong with it as YAML.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) root: Option<Node>,
    pub(crate) findings: Vec<Finding>,
}

/// Reads bytes that should be UTF-8.
pub(crate) fn read_bytes(bytes: &[u8]) -> Source {
    if bytes.len() > SIZE_LIMIT {
        return Source { root: None, findings: vec![too_large(bytes.len())] };
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => read(text),
        Err(error) => Source { root: None, findings: vec![not_utf8(bytes, error)] },
    }
}

/// Reads a text.
pub(crate) fn read(text: &str) -> Source {
    if text.len() > SIZE_LIMIT {
        return Source { root: None, findings: vec![too_large(text.len())] };
    }
    tree::build(text)
}

fn too_large(found: usize) -> Finding {
    Finding::error(
        Code::TooLarge,
        format!("the document has {found} bytes, which is more than the {SIZE_LIMIT} that it may have"),
    )
    .help("split it, or move agents to a tenant of their own")
}

fn not_utf8(bytes: &[u8], error: std::str::Utf8Error) -> Finding {
    let start = error.valid_up_to();
    let before = String::from_utf8_lossy(bytes.get(..start).unwrap_or_default());
    let span = Span {
        start,
        end: start + error.error_len().unwrap_or(1),
        line: before.matches('\n').count() + 1,
        column: before.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
    };
    Finding::error(Code::NotUtf8, format!("byte {start} of the file is not UTF-8"))
        .at(span)
        .help("save the file as UTF-8")
}
