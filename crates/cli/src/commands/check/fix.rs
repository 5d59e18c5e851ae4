//! `--fix`: makes the edits that findings come with, until none is left.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use deputize_scope::catalogue::Catalogues;
use deputize_scope::finding::{Fix, apply};

use super::kind::Kind;

/// A text after all edits, and which were made.
#[derive(Debug)]
pub(super) struct Mended {
    pub(super) text: String,
    pub(super) edits: Vec<Edit>,
}

/// An edit that was made: the line as it was at that time, and what was done.
#[derive(Debug)]
pub(super) struct Edit {
    pub(super) line: usize,
    pub(super) title: String,
}

/// The text after all edits. None where there is nothing to edit.
pub(super) fn mend(bytes: &[u8], kind: Kind, catalogues: &Catalogues) -> Option<Mended> {
    let mut text = std::str::from_utf8(bytes).ok()?.to_owned();
    let mut edits = Vec::new();
    // An edit that brings back an earlier text would go on for ever.
    let mut seen = BTreeSet::from([text.clone()]);
    loop {
        let findings = kind.findings(text.as_bytes(), catalogues);
        let fixes = findings.iter().filter_map(|finding| finding.fix.as_ref());
        let Some((edited, made)) = apply(&text, fixes) else { break };
        if !seen.insert(edited.clone()) {
            break;
        }
        let told = |fix: &&Fix| Edit { line: fix.span.line, title: fix.title.clone() };
        edits.extend(made.iter().map(told));
        text = edited;
    }
    (!edits.is_empty()).then_some(Mended { text, edits })
}

/// Puts a text in a file's place, whole or not at all.
pub(super) fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let told = || format!("cannot write {}", path.display());
    // A link stays a link: what it leads to is replaced.
    let path = fs::canonicalize(path).with_context(told)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(told)?;
    file.write_all(text.as_bytes()).with_context(told)?;
    let permissions = fs::metadata(&path).with_context(told)?.permissions();
    file.as_file().set_permissions(permissions).with_context(told)?;
    file.as_file().sync_all().with_context(told)?;
    file.persist(&path).with_context(told)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_made_until_none_is_left() {
        let none = Catalogues::default();
        let text = "version: 2\ntennant: My_Org\nagents: {}\n";
        let mended = mend(text.as_bytes(), Kind::Scope, &none).unwrap();
        assert_eq!(mended.text, "version: 1\ntenant: my-org\nagents: {}\n");
        let titles: Vec<&str> = mended.edits.iter().map(|edit| edit.title.as_str()).collect();
        assert_eq!(titles, ["write `1`", "write `tenant`", "write `my-org`"]);
        assert!(mend(mended.text.as_bytes(), Kind::Scope, &none).is_none());
        assert!(mend(b"\xff", Kind::Scope, &none).is_none());
    }
}
