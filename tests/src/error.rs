//! Why the harness could not do what a test asked of it.

use std::path::PathBuf;
use std::time::Duration;

/// A failure of the harness or of what it started; never a refusal that a test wants to look at.
#[derive(Debug, thiserror::Error)]
pub enum HarnessError {
    /// What the tests need is not installed, or not in the pinned versions.
    #[error("{missing}: run `cargo xtask test`, which installs what the tests need")]
    Environment { missing: String },
    /// A file or a process of this machine.
    #[error("{what}")]
    Io { what: String, source: std::io::Error },
    /// A started process ended before it did what it was started for.
    #[error("{name} ended ({status}); its output:\n{output}")]
    Exited { name: String, status: String, output: String },
    /// Something that was to happen did not.
    #[error("{what} did not happen within {limit:?}")]
    TimedOut { what: String, limit: Duration },
    /// A call to an emulator did not come through.
    #[error("a call to {url} failed")]
    Call { url: String, source: reqwest::Error },
    /// An emulator refused a call.
    #[error("{operation} answered {status}: {body}")]
    Refused { operation: String, status: u16, body: String },
    /// A function answered an invocation with an error (or reported one while it started).
    #[error("the function failed: {kind}: {message}")]
    Function { kind: String, message: String },
    /// A script did not exit with 0.
    #[error("{script} failed ({status}):\n{stderr}")]
    Script { script: PathBuf, status: String, stderr: String },
    /// Something that should be JSON is not.
    #[error("{what} is not JSON")]
    Json { what: String, source: serde_json::Error },
    /// A part of the product that a test runs in its own process.
    #[error("{what} failed")]
    Part { what: String, source: Box<dyn std::error::Error + Send + Sync> },
}

impl HarnessError {
    /// Wraps an input or output error, saying what was attempted.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// Wraps an error of a part of the product, saying which.
    pub fn part<E: std::error::Error + Send + Sync + 'static>(what: &str) -> impl FnOnce(E) -> Self {
        let what = what.to_owned();
        move |source| Self::Part { what, source: source.into() }
    }
}
