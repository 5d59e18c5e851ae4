//! The vectors of `tests/vectors/scope`: a function, its arguments, and the answer that every host gives.

use std::fs;
use std::path::{Path, PathBuf};

use deputize_validator::{Refusal, Target, check, compile, contains, describe, load_catalogue};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vector {
    pub(crate) name: String,
    function: String,
    arguments: Vec<Value>,
    /// `{"ok": …}`, or `{"error": …}` with the properties of what is thrown and its message.
    #[serde(default)]
    pub(crate) answer: Value,
}

/// The files, in the order of their names.
pub(crate) fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/scope");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

pub(crate) fn read(file: &Path) -> Vec<Vector> {
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

impl Vector {
    /// The text that is checked; none where the vector is of another function.
    #[allow(dead_code, reason = "recording has no use for it")]
    pub(crate) fn text_of_check(&self) -> Option<&str> {
        (self.function == "check").then(|| self.arguments[0].as_str().unwrap())
    }

    /// What the library answers on this machine.
    pub(crate) fn native(&self) -> Value {
        let text = |index: usize| self.arguments[index].as_str().unwrap();
        match self.function.as_str() {
            "check" => json!({ "ok": check(text(0)) }),
            "loadCatalogue" => answer(load_catalogue(text(0).to_owned())),
            "describe" => json!({ "ok": describe(text(0)) }),
            "compile" => answer(compile(text(0), &target(&self.arguments[1]))),
            "contains" => answer(contains(text(0), text(1))),
            other => panic!("{}: there is no function {other}", self.name),
        }
    }
}

fn target(value: &Value) -> Target {
    Target {
        agent: value["agent"].as_str().unwrap().to_owned(),
        cloud: value["cloud"].as_str().unwrap().parse().unwrap(),
        index: value["index"].as_u64().map(|index| usize::try_from(index).unwrap()),
    }
}

fn answer<T: Serialize>(answer: Result<T, Refusal>) -> Value {
    match answer {
        Ok(answer) => json!({ "ok": answer }),
        Err(refusal) => {
            let mut properties = serde_json::to_value(&refusal).unwrap();
            properties["message"] = refusal.to_string().into();
            json!({ "error": properties })
        }
    }
}
