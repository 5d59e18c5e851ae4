//! The validator's npm package, asked in hosts of JavaScript.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::{Environment, HarnessError};

/// What runs JavaScript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JavaScriptHost {
    Node,
    /// A headless browser.
    Chromium,
    /// The runtime of edge workers.
    Workerd,
}

/// What the validator took in Node.
#[derive(Clone, Debug, Deserialize)]
pub struct Strain {
    /// What its memory came to, which never shrinks.
    pub megabytes: f64,
    /// For each document.
    pub checked: Vec<Checked>,
}

/// What one document took.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Checked {
    pub findings: usize,
    pub seconds: f64,
}

impl JavaScriptHost {
    fn script(self) -> PathBuf {
        script(match self {
            Self::Node => "node.mjs",
            Self::Chromium => "chromium.mjs",
            Self::Workerd => "workerd.mjs",
        })
    }
}

impl Environment {
    /// What the validator answers to vectors (objects with `function` and `arguments`), each as canonical JSON.
    ///
    /// # Errors
    /// [`HarnessError::Environment`] where the package is not built, [`HarnessError::Script`] where the host fails.
    pub async fn validator_answers(
        &self,
        host: JavaScriptHost,
        vectors: &[Value],
    ) -> Result<Vec<String>, HarnessError> {
        let output = self.run_host(&host.script(), vectors).await?;
        serde_json::from_value(output)
            .map_err(|source| HarnessError::Json { what: "an array of answers".to_owned(), source })
    }

    /// What it takes to check scope documents in Node, one after the other, with the built-in catalogues.
    ///
    /// # Errors
    /// As [`Environment::validator_answers`].
    pub async fn validator_strain(&self, texts: &[&str]) -> Result<Strain, HarnessError> {
        let texts: Vec<Value> = texts.iter().map(|&text| text.into()).collect();
        let output = self.run_host(&script("hostile.mjs"), &texts).await?;
        serde_json::from_value(output)
            .map_err(|source| HarnessError::Json { what: "what checking took".to_owned(), source })
    }

    async fn run_host(&self, script: &Path, given: &[Value]) -> Result<Value, HarnessError> {
        let mut file =
            tempfile::NamedTempFile::new().map_err(HarnessError::io("creating a file for a script"))?;
        let text = Value::from(given).to_string();
        file.write_all(text.as_bytes()).map_err(HarnessError::io("writing a file for a script"))?;
        let (package, modules) = (self.validator_package()?, self.node_modules());
        self.run_node(script, &[&package, file.path(), &modules]).await
    }

    /// How many bytes each of the package's modules has, compressed as edge networks do it.
    ///
    /// # Errors
    /// As [`Environment::validator_answers`].
    pub async fn validator_sizes(&self) -> Result<Value, HarnessError> {
        self.run_node(&script("sizes.mjs"), &[&self.validator_package()?.join("edge")]).await
    }

    /// Which modules the package for Node reads when a document is checked, and which more when a proof is.
    ///
    /// # Errors
    /// As [`Environment::validator_answers`].
    pub async fn validator_modules_read(&self) -> Result<Value, HarnessError> {
        self.run_node(&script("late.mjs"), &[&self.validator_package()?]).await
    }

    /// What the TypeScript compiler finds wrong with `tests/node/validator/types.ts`, which uses every type of the
    /// package; empty where it finds nothing.
    ///
    /// # Errors
    /// As [`Environment::validator_answers`].
    pub async fn validator_type_errors(&self) -> Result<Value, HarnessError> {
        let (package, modules) = (self.validator_package()?, self.node_modules());
        self.run_node(&script("types.mjs"), &[&package, &modules]).await
    }

    /// `target/validator`, which `cargo xtask wasm` makes.
    ///
    /// # Errors
    /// [`HarnessError::Environment`] where it is not built.
    pub fn validator_package(&self) -> Result<PathBuf, HarnessError> {
        let mut candidates = self.binaries().ancestors().map(|directory| directory.join("validator"));
        candidates.find(|candidate| candidate.join("package.json").is_file()).ok_or_else(|| {
            HarnessError::Environment { missing: "the validator's package is not built".to_owned() }
        })
    }
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("node/validator").join(name)
}
