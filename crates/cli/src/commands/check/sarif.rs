//! SARIF 2.1.0, as code hosts and editors read it.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::path::{Component, Path};

use deputize_scope::finding::{Code, Fix};
use deputize_scope::{Finding, Severity, Span};
use serde::Serialize;

use super::Checked;

/// The findings of all files, as one run.
pub(super) fn log(checked: &[Checked]) -> Log {
    let rules = Code::ALL.iter().map(|code| Rule {
        id: code.as_str(),
        short_description: Message::of(code.title()),
        full_description: Message::of(code.explanation()),
    });
    let results =
        checked.iter().flat_map(|file| file.findings.iter().map(|finding| Outcome::of(finding, file)));
    Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "deputize",
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    rules: rules.collect(),
                },
            },
            column_kind: "unicodeCodePoints",
            results: results.collect(),
        }],
    }
}

#[derive(Serialize)]
pub(super) struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    column_kind: &'static str,
    results: Vec<Outcome>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Message,
    full_description: Message,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

impl Message {
    fn of(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }
}

/// A result; the name is Rust's.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Mending>,
}

impl Outcome {
    fn of(finding: &Finding, file: &Checked) -> Self {
        let text = match &finding.help {
            Some(help) => format!("{} ({help})", finding.message),
            None => finding.message.clone(),
        };
        let region = finding.span.map(|span| Region::of(span, &file.text));
        let physical_location = Place { artifact_location: Artifact { uri: uri(&file.file) }, region };
        Self {
            rule_id: finding.code.as_str(),
            rule_index: Code::ALL.iter().position(|code| *code == finding.code).unwrap_or_default(),
            level: match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Info => "note",
            },
            message: Message::of(text),
            locations: [Location { physical_location }],
            fixes: finding.fix.iter().map(|fix| Mending::of(fix, file)).collect(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: Place,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

/// Lines and columns from 1; the end is the column after the last character.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

impl Region {
    fn of(span: Span, text: &str) -> Self {
        let (line, column) = position(text, span.start);
        let (end_line, end_column) = position(text, span.end.max(span.start));
        Self { start_line: line, start_column: column, end_line, end_column }
    }
}

/// Line and column of a byte.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..text.floor_char_boundary(byte)).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.trim_start_matches('\u{feff}').chars().count() + 1)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Mending {
    description: Message,
    artifact_changes: [Change; 1],
}

impl Mending {
    fn of(fix: &Fix, file: &Checked) -> Self {
        let replacement = Replacement {
            deleted_region: Region::of(fix.span, &file.text),
            inserted_content: Message::of(fix.replacement.as_str()),
        };
        let artifact_location = Artifact { uri: uri(&file.file) };
        Self {
            description: Message::of(fix.title.as_str()),
            artifact_changes: [Change { artifact_location, replacements: [replacement] }],
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    artifact_location: Artifact,
    replacements: [Replacement; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement {
    deleted_region: Region,
    inserted_content: Message,
}

/// A path as a reference: relative to the repository where it is relative.
fn uri(file: &str) -> String {
    let path = Path::new(file);
    let steps = path.components().filter_map(|step| match step {
        Component::Normal(step) => Some(escaped(&step.to_string_lossy())),
        Component::ParentDir => Some("..".to_owned()),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    });
    let steps = steps.collect::<Vec<_>>().join("/");
    if path.is_absolute() { format!("file:///{steps}") } else { steps }
}

fn escaped(step: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    step.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_told_in_lines_and_characters() {
        let text = "# é\ntenant: \"a\nb\"\n";
        let span = Span { start: text.find('"').unwrap(), end: text.len() - 1, line: 2, column: 9 };
        let region = Region::of(span, text);
        assert_eq!(region, Region { start_line: 2, start_column: 9, end_line: 3, end_column: 3 });
    }

    #[test]
    fn paths_are_references() {
        assert_eq!(uri("infra/my role.json"), "infra/my%20role.json");
        assert_eq!(uri("./a/../b.yaml"), "a/../b.yaml");
        assert_eq!(uri("/srv/é.json"), "file:///srv/%C3%A9.json");
    }
}
