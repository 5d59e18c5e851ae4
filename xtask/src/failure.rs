//! Why a task could not be done.

/// A failure that ends a task. Failures of a check or of a test are results, not this.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("cargo does not describe the workspace")]
    Metadata(#[from] cargo_metadata::Error),
    #[error("{what}")]
    Io { what: String, source: std::io::Error },
    /// Something that a person has to install.
    #[error("{0}")]
    Missing(String),
    /// The command's own output has been shown.
    #[error("{0} failed")]
    Step(String),
}

impl Failure {
    /// Wraps an input or output error, saying what was attempted.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
