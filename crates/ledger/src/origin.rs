//! The name of a log, which is also the name of its key.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The name of a log or of a witness (c2sp.org/signed-note): text without whitespace, plus and control characters.
///
/// Of Deputize's logs it is `<prefix>/<tenant>/<year>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin(String);

/// The text names no log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a log's name has 1 to {LIMIT} bytes, and neither whitespace nor plus nor control characters")]
pub struct InvalidOrigin;

const LIMIT: usize = 255;

impl Origin {
    /// The log of a tenant and a year. The prefix is the deployment's own, such as `deputize.example.com`.
    pub fn of(prefix: &str, tenant: &str, year: i16) -> Result<Self, InvalidOrigin> {
        // A tenant with a slash could pass for another tenant's year.
        if tenant.is_empty() || tenant.contains('/') {
            return Err(InvalidOrigin);
        }
        format!("{prefix}/{tenant}/{year}").parse()
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(name: &str) -> Result<Self, InvalidOrigin> {
        let fits = signed_note::is_key_name_valid(name)
            && name.len() <= LIMIT
            && !name.contains(char::is_control)
            && !name.starts_with('/');
        fits.then(|| Self(name.to_owned())).ok_or(InvalidOrigin)
    }
}

impl TryFrom<String> for Origin {
    type Error = InvalidOrigin;

    fn try_from(name: String) -> Result<Self, InvalidOrigin> {
        name.parse()
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
