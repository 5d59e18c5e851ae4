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

/// Which credential is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// Whatever this deployment mints for the cloud.
    Of(Cloud),
    /// One of this type.
    Exactly(CredentialType),
}

/// A cloud and a type that do not go together, or neither of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidWanted {
    /// Nothing says what is wanted.
    #[error("say which cloud, or which type")]
    Nothing,
    /// The type is not one of that cloud.
    #[error("{kind} is not a type of {cloud}")]
    OtherCloud {
        /// The type.
        kind: CredentialType,
        /// The cloud.
        cloud: Cloud,
    },
}

impl Wanted {
    /// What a cloud, a type, or both stand for.
    pub fn new(cloud: Option<Cloud>, kind: Option<CredentialType>) -> Result<Self, InvalidWanted> {
        match (cloud, kind) {
            (None, None) => Err(InvalidWanted::Nothing),
            (Some(cloud), None) => Ok(Self::Of(cloud)),
            (Some(cloud), Some(kind)) if kind.cloud() != Some(cloud) => {
                Err(InvalidWanted::OtherCloud { kind, cloud })
            }
            (_, Some(kind)) => Ok(Self::Exactly(kind)),
        }
    }

    /// The cloud; none for tokens and keys of other providers.
    pub fn cloud(self) -> Option<Cloud> {
        match self {
            Self::Of(cloud) => Some(cloud),
            Self::Exactly(kind) => kind.cloud(),
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(cloud) => cloud.fmt(f),
            Self::Exactly(kind) => kind.fmt(f),
        }
    }
}

/// A request for a credential. Its canonical form is what idempotency compares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CredentialRequest {
    /// Which credential.
    pub wanted: Wanted,
    /// The role, service account, application or stored credential, where the grant has several.
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
            wanted: Wanted::Of(cloud),
            target: None,
            permissions: None,
            resources: None,
            duration: None,
            purpose: None,
            context: Context::default(),
        }
    }
}
