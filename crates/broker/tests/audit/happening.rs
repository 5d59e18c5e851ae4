//! Every kind of event is one that happens: code constructs it, outside of tests.

use std::fs;
use std::path::{Path, PathBuf};

use deputize_broker::audit::Kind;

/// The sources of what runs, without what only tells of events: the module of events itself, and tests in its files.
fn sources() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for crates in ["crates", "functions"] {
        for package in fs::read_dir(root.join(crates)).unwrap() {
            let package = package.unwrap().path();
            if !package.ends_with("testkit") {
                collect(&package.join("src"), &mut files);
            }
        }
    }
    assert!(files.len() > 100, "{}", files.len());
    let about_events = root.join("crates/broker/src/audit");
    let telling =
        ["what.rs", "kind.rs", "control.rs", "personal.rs", "ocsf"].map(|name| about_events.join(name));
    files.retain(|file| !telling.iter().any(|telling| file.starts_with(telling)));
    let text = |file: &PathBuf| fs::read_to_string(file).unwrap();
    files.iter().map(text).map(|text| text.split("#[cfg(test)]").next().unwrap().to_owned()).collect()
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

#[test]
fn every_kind_of_event_is_constructed_somewhere() {
    let sources = sources();
    for kind in Kind::ALL {
        let name = format!("What::{kind:?}");
        // A pattern names it too, but has `..` in it.
        let constructs = |source: &String| {
            source.match_indices(&name).any(|(start, _)| {
                let rest = &source[start + name.len()..];
                let fields = rest.split('}').next().unwrap_or_default();
                rest.starts_with(" {") && !fields.contains("..")
            })
        };
        assert!(sources.iter().any(constructs), "nothing constructs {name}");
    }
}
