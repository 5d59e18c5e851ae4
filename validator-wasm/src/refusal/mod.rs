//! Why a question has no answer.

#[cfg(feature = "contains")]
mod scope;

use serde::Serialize;

#[cfg(feature = "contains")]
pub use scope::Refusal;

/// An argument is not of its type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename = "invalid_argument")]
#[error("{argument}: {problem}")]
pub(crate) struct InvalidArgument {
    pub(crate) argument: &'static str,
    pub(crate) problem: String,
}
