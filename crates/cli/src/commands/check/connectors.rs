//! The connectors that a scope document names: without them it is not whole.

use std::fs;
use std::path::Path;

use deputize_scope::document::connector_files;
use deputize_scope::finding::Code;
use deputize_scope::{Connector, Finding};

use super::Checked;

/// The connectors that a document names, checked. One that cannot be read is told where the document names it.
pub(super) fn named(document: &Path, bytes: &[u8], findings: &mut Vec<Finding>) -> Vec<Checked> {
    let folder = document.parent().unwrap_or(Path::new(""));
    let mut checked: Vec<Checked> = Vec::new();
    for (name, span) in connector_files(bytes) {
        let path = folder.join(&name);
        match fs::read(&path) {
            Ok(bytes) => checked.push(Checked {
                file: path.display().to_string(),
                findings: Connector::parse_bytes(&bytes).findings,
                text: String::from_utf8_lossy(&bytes).into_owned(),
            }),
            Err(error) => {
                let message = format!("connector `{name}` cannot be read: {error}");
                let finding = Finding::error(Code::UnreadableConnector, message).at(span);
                findings.push(finding.help(format!("write it to {}", path.display())));
            }
        }
    }
    findings.sort_by_key(|finding| finding.span.map_or(0, |span| span.start));
    checked
}
