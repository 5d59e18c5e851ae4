//! JSON alone, for documents that others read too: what YAML takes beyond it, they would refuse.

use serde::de::IgnoredAny;

use super::{SIZE_LIMIT, Source, too_large, tree, walk};
use crate::finding::{Code, Finding, Span};

/// Reads a text that must be JSON.
pub(crate) fn read(text: &str) -> Source {
    if text.len() > SIZE_LIMIT {
        return Source { root: None, findings: vec![too_large(text.len())] };
    }
    let json = text.trim_start_matches('\u{feff}');
    if json.trim().is_empty() {
        let finding = Finding::error(Code::EmptyDocument, "the document is empty");
        return Source { root: None, findings: vec![finding.help("a policy begins with {\"Version\": …")] };
    }
    match serde_json::from_str::<IgnoredAny>(json) {
        Ok(IgnoredAny) => walk::walk(text).unwrap_or_else(|| tree::build(text)),
        Err(error) => Source { root: None, findings: vec![malformed(text, text.len() - json.len(), &error)] },
    }
}

fn malformed(text: &str, skipped: usize, error: &serde_json::Error) -> Finding {
    let lines = text.get(skipped..).unwrap_or_default().split_inclusive('\n');
    let before: usize = lines.take(error.line().saturating_sub(1)).map(str::len).sum();
    let line_start = skipped + before;
    let start = (line_start + error.column().saturating_sub(1)).min(text.len());
    let start = text.floor_char_boundary(start);
    let width = text.get(start..).and_then(|rest| rest.chars().next());
    let end = start + width.filter(|symbol| *symbol != '\n').map_or(0, char::len_utf8);
    let column = text.get(line_start..start).unwrap_or_default().chars().count() + 1;
    let told = error.to_string();
    let told = told.split(" at line ").next().unwrap_or_default().to_ascii_lowercase();
    let (code, help) = match told.as_str() {
        "recursion limit exceeded" => (Code::TooDeep, "no document needs so many levels"),
        _ => (
            Code::Malformed,
            "a policy is JSON: names and texts in double quotes, no comments, no last comma",
        ),
    };
    Finding::error(code, format!("not JSON: {told}"))
        .at(Span { start, end, line: error.line().max(1), column })
        .help(help)
}
