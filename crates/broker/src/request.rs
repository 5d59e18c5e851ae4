//! What an agent asks for.

use std::collections::BTreeMap;
use std::fmt;

use deputize_scope::identifier::CredentialType;
use deputize_scope::{Cloud, Seconds};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why an agent asks, in its own words: 1–256 characters, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Purpose(String);

/// The text is too long or not plain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{what} has 1 to {limit} characters, none of them a control character")]
pub struct InvalidText {
    what: &'static str,
    limit: usize,
}

fn plain(text: &str, what: &'static str, limit: usize) -> Result<(), InvalidText> {
    let length = text.chars().count();
    if (1..=limit).contains(&length) && !text.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(InvalidText { what, limit })
    }
}

impl TryFrom<String> for Purpose {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, InvalidText> {
        plain(&text, "a purpose", 256).map(|()| Self(text))
    }
}

impl From<Purpose> for String {
    fn from(purpose: Purpose) -> Self {
        purpose.0
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an agent says of its task, for the record: at most 10 pairs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Context(BTreeMap<String, String>);

/// The context is too large or not plain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidContext {
    /// More than 10 pairs.
    #[error("a context has at most 10 entries")]
    TooMany,
    /// A key or value out of bounds.
    #[error(transparent)]
    Text(#[from] InvalidText),
}

impl TryFrom<BTreeMap<String, String>> for Context {
    type Error = InvalidContext;

    fn try_from(pairs: BTreeMap<String, String>) -> Result<Self, InvalidContext> {
        if pairs.len() > 10 {
            return Err(InvalidContext::TooMany);
        }
        for (key, value) in &pairs {
            plain(key, "a key of the context", 64)?;
            plain(value, "a value of the context", 256)?;
        }
        Ok(Self(pairs))
    }
}

impl From<Context> for BTreeMap<String, String> {
    fn from(context: Context) -> Self {
        context.0
    }
}

/// A request for a credential. Its canonical form is what idempotency compares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CredentialRequest {
    /// The cloud.
    pub cloud: Cloud,
    /// The type, where the cloud has several.
    #[serde(rename = "type")]
    pub kind: Option<CredentialType>,
    /// The role, service account or application, where the grant has several.
    pub target: Option<String>,
    /// The permissions; `None`: the whole grant of that cloud.
    pub permissions: Option<Vec<String>>,
    /// The resources; `None`: those that the grant has for the permissions.
    pub resources: Option<Vec<String>>,
    /// How long; `None`: as long as the grant allows.
    pub duration: Option<Seconds>,
    /// Why.
    pub purpose: Option<Purpose>,
    /// What the task is.
    pub context: Context,
}

impl CredentialRequest {
    /// A request for the whole grant of a cloud.
    pub fn whole_grant(cloud: Cloud) -> Self {
        Self {
            cloud,
            kind: None,
            target: None,
            permissions: None,
            resources: None,
            duration: None,
            purpose: None,
            context: Context::default(),
        }
    }
}
