//! Files that a person wrote.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use deputize_scope::document::connector_files;
use deputize_scope::{Connector, ScopeDocument};
use thiserror::Error;

use crate::report;

/// A file cannot be read. The process then ends with 2, as for wrong usage.
#[derive(Debug, Error)]
#[error("cannot read {}", path.display())]
pub(crate) struct Unreadable {
    path: PathBuf,
    #[source]
    cause: io::Error,
}

/// A file's bytes, whatever they are.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, Unreadable> {
    fs::read(path).map_err(|cause| Unreadable { path: path.to_owned(), cause })
}

/// A file's text.
pub(crate) fn text(path: &Path) -> Result<String, Unreadable> {
    fs::read_to_string(path).map_err(|cause| Unreadable { path: path.to_owned(), cause })
}

/// The scope document of one file, or of several that make one, with its text. Findings go to standard error.
pub(crate) fn scopes(files: &[PathBuf]) -> anyhow::Result<(String, ScopeDocument)> {
    let [file] = files else { return joined(files) };
    let text = text(file)?;
    let document = sound(&file.display().to_string(), &text)?;
    Ok((text, document))
}

/// A connector that a scope document names, with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedConnector {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// The connectors that documents name, each below its document's directory, without errors. Findings go to standard
/// error.
pub(crate) fn connectors(files: &[PathBuf]) -> anyhow::Result<Vec<NamedConnector>> {
    let mut connectors: Vec<NamedConnector> = Vec::new();
    for file in files {
        let folder = file.parent().unwrap_or(Path::new(""));
        for (name, _) in connector_files(&bytes(file)?) {
            let path = folder.join(&name);
            let text = text(&path)?;
            let shown = path.display().to_string();
            let parsed = Connector::parse(&text);
            report::to_stderr(&shown, &text, &parsed.findings);
            ensure!(parsed.connector.is_some(), "{shown} has errors");
            let connector = NamedConnector { name, text };
            let of_same_name = connectors.iter().find(|known| known.name == connector.name);
            match of_same_name {
                None => connectors.push(connector),
                Some(known) if *known == connector => {}
                Some(known) => bail!("two files are called {}, and differ", known.name),
            }
        }
    }
    Ok(connectors)
}

fn joined(files: &[PathBuf]) -> anyhow::Result<(String, ScopeDocument)> {
    let mut whole: Option<ScopeDocument> = None;
    for file in files {
        let name = file.display().to_string();
        let document = sound(&name, &text(file)?)?;
        whole = Some(match whole {
            None => document,
            Some(whole) => {
                whole.join(document).with_context(|| format!("{name} does not fit those before it"))?
            }
        });
    }
    let text = serde_json::to_string_pretty(&whole.context("no scope document was given")?)?;
    let whole = sound("the document that they make", &text)?;
    Ok((text, whole))
}

/// A document without errors.
pub(crate) fn sound(name: &str, text: &str) -> anyhow::Result<ScopeDocument> {
    let parsed = ScopeDocument::parse(text);
    report::to_stderr(name, text, &parsed.findings);
    parsed.document.with_context(|| format!("{name} has errors"))
}
