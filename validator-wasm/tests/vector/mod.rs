//! The vectors of `tests/vectors/scope` and `tests/vectors/proof`: a function, its arguments, and the answer that every host gives.

use std::fs;
use std::path::{Path, PathBuf};

use deputize_validator::{
    InclusionProof, Refusal, Target, Verdict, check, compile, contains, describe, explain_proof,
    load_catalogue,
};
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
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors");
    let folders = ["proof", "scope"].map(|folder| fs::read_dir(vectors.join(folder)).unwrap());
    let mut files: Vec<PathBuf> = folders.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
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
            "explainProof" => json!({ "ok": self.verdict() }),
            "verifyProof" => json!({ "ok": self.verdict().verified() }),
            other => panic!("{}: there is no function {other}", self.name),
        }
    }
}

impl Vector {
    fn verdict(&self) -> Verdict {
        let [entry, proof, checkpoint, key] = self.arguments.as_slice() else {
            panic!("{}: it takes four arguments", self.name)
        };
        let proof: InclusionProof = serde_json::from_value(proof.clone()).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        explain_proof(text(entry).as_bytes(), &proof, &text(checkpoint), &text(key))
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
