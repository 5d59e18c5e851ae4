//! The web console, used in Chromium as people use it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{DeputizeProcess, Environment, HarnessError};

/// What somebody does with the scope page; `tests/node/console/scenarios.mjs` plays it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Misspells a field, sees it, and has it mended.
    Mend,
    /// Chooses other clouds than AWS.
    Clouds,
    /// Puts a grant and a request side by side.
    Compare,
    /// Goes through the page by the keyboard alone.
    Keyboard,
    /// Looks for barriers, in both colour schemes.
    Barriers,
    /// Loads the current document, publishes another, and meets somebody else's.
    Publish,
}

impl Scenario {
    fn name(self) -> &'static str {
        match self {
            Self::Mend => "mend",
            Self::Clouds => "clouds",
            Self::Compare => "compare",
            Self::Keyboard => "keyboard",
            Self::Barriers => "barriers",
            Self::Publish => "publish",
        }
    }
}

/// What somebody does with the audit page; `tests/node/console/audit.mjs` plays it with a broker that is made for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditScenario {
    /// Looks for entries, and reads them.
    Browse,
    /// Pins the log's key, and has entries verified; then the log is written anew.
    Verify,
    /// Has entries verified where something was changed.
    Tampered,
    /// Collects evidence.
    Evidence,
    /// Goes through the page by the keyboard alone.
    Keyboard,
    /// Looks for barriers, in both colour schemes.
    Barriers,
}

impl AuditScenario {
    fn name(self) -> &'static str {
        match self {
            Self::Browse => "browse",
            Self::Verify => "verify",
            Self::Tampered => "tampered",
            Self::Evidence => "evidence",
            Self::Keyboard => "keyboard",
            Self::Barriers => "barriers",
        }
    }
}

impl Environment {
    /// Starts `deputize up` with the console, and plays a scenario in it. Screenshots are kept in `target/screenshots`.
    ///
    /// # Errors
    /// [`HarnessError::Environment`] where the console is not built, [`HarnessError::Script`] with what the page did not
    /// do.
    pub async fn play(&self, scenario: Scenario) -> Result<(), HarnessError> {
        let console = self.console()?;
        let screenshots = screenshots(&console)?;
        let broker = DeputizeProcess::start(self, &["--console", &console.to_string_lossy()]).await?;
        let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
        let arguments = [
            Path::new(scenario.name()),
            Path::new(broker.url()),
            &broker.state().join("admin.token"),
            &self.node_modules(),
            &tests.join("../console"),
            &screenshots,
        ];
        self.run_node(&tests.join("node/console/scenarios.mjs"), &arguments).await.map(|_| ())
    }

    /// Serves the console beside a log, and plays a scenario with it. Screenshots are kept as [`Environment::play`] does.
    ///
    /// # Errors
    /// As [`Environment::play`].
    pub async fn play_audit(&self, scenario: AuditScenario) -> Result<(), HarnessError> {
        let console = self.console()?;
        let screenshots = screenshots(&console)?;
        let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
        let arguments = [
            Path::new(scenario.name()),
            &console,
            &self.node_modules(),
            &tests.join("../console"),
            &screenshots,
        ];
        self.run_node(&tests.join("node/console/audit.mjs"), &arguments).await.map(|_| ())
    }

    /// `target/console`, which `cargo xtask up` and `cargo xtask test` build.
    fn console(&self) -> Result<PathBuf, HarnessError> {
        let mut candidates = self.binaries().ancestors().map(|directory| directory.join("console"));
        candidates
            .find(|candidate| candidate.join("index.html").is_file())
            .ok_or_else(|| HarnessError::Environment { missing: "the console is not built".to_owned() })
    }
}

/// The folder for screenshots, beside the console.
fn screenshots(console: &Path) -> Result<PathBuf, HarnessError> {
    let screenshots = console.with_file_name("screenshots");
    fs::create_dir_all(&screenshots).map_err(HarnessError::io("creating the folder of screenshots"))?;
    Ok(screenshots)
}
