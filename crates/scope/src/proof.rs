//! What an answer about containment is worth.

use serde::Serialize;

/// What a witness proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// The request allows the call and the grant does not.
    Shown,
    /// The patterns overlap in so many ways that the search was given up, which counts as not contained. The call
    /// is one of those that the request allows.
    Undecided,
}

/// The patterns overlap in more ways than are worth following.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the patterns overlap in too many ways")]
pub struct TooComplex;
