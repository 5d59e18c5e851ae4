//! Why a question of scopes has no answer.

use deputize_scope::document::SessionError;
use deputize_scope::{Cloud, aws, azure, gcp};
use serde::Serialize;
use tsify::Tsify;

use super::InvalidArgument;
use crate::finding::Finding;

/// Why a question has no answer. The functions throw it: an `Error` whose properties these are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Tsify, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    /// An argument is not of its type.
    #[error("{argument}: {problem}")]
    InvalidArgument {
        /// The argument's name.
        argument: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A text has errors.
    #[error("{argument} has errors")]
    InvalidScope {
        /// The argument's name.
        argument: &'static str,
        /// The errors, and what else was found.
        findings: Vec<Finding>,
    },
    /// The document has no such agent.
    #[error("the document has no agent {agent}")]
    UnknownAgent {
        /// The agent that was asked for.
        agent: String,
    },
    /// The agent has no scope for the cloud.
    #[error("the agent has no scope for {cloud}")]
    NoScope {
        /// The cloud that was asked for.
        #[tsify(type = "Cloud")]
        cloud: Cloud,
    },
    /// The agent has no scope of that number for the cloud.
    #[error("there is no scope {index}: they are counted from 0 to {last}")]
    UnknownIndex {
        /// The number that was asked for.
        index: usize,
        /// The largest that there is.
        last: usize,
    },
    /// The scopes are of several roles, which no session has at once: one has to be chosen by its index.
    #[error("the agent's scopes are of several roles, which no session has at once: choose one by its index")]
    SeveralRoles,
    /// The scopes are of several service accounts or applications: one has to be chosen by its index.
    #[error(
        "the agent's scopes for {cloud} are of several identities, which no token has at once: choose one by its index"
    )]
    SeveralIdentities {
        /// The cloud that was asked for.
        #[tsify(type = "Cloud")]
        cloud: Cloud,
    },
    /// The operations are for several audiences of Azure, and a token is for one.
    #[error(
        "the operations are for several audiences of Azure, and a token is for one: ask for them one by one"
    )]
    SeveralAudiences {
        /// The scopes of the tokens that would be needed.
        scopes: Vec<&'static str>,
    },
    /// No OAuth scope is known for a permission of Google Cloud.
    #[error("no OAuth scope is known for {permission}")]
    Unmapped {
        /// The permission.
        permission: String,
    },
    /// The Credential Access Boundary is larger than Google takes.
    #[error(
        "the access boundary has {rules} rules and {characters} characters, which is more than Google takes"
    )]
    BoundaryTooLarge {
        /// How many rules it has.
        rules: usize,
        /// How many characters it has.
        characters: usize,
    },
    /// The shortest policy is longer than the cloud takes.
    #[error("the session policy has {characters} characters, and STS takes {limit}")]
    PolicyTooLarge {
        /// How many characters the policy has.
        characters: usize,
        /// How many it may have.
        limit: usize,
    },
    /// The scopes have no call at all.
    #[error("nothing is left to grant")]
    NothingToGrant,
    /// The cloud would refuse what was compiled, for a reason that this version has no code for.
    #[error("{problem}")]
    NotCompiled {
        /// Why.
        problem: String,
    },
}

impl From<InvalidArgument> for Refusal {
    fn from(InvalidArgument { argument, problem }: InvalidArgument) -> Self {
        Self::InvalidArgument { argument, problem }
    }
}

impl From<SessionError> for Refusal {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::NoScope { cloud } => Self::NoScope { cloud },
            SessionError::UnknownIndex { index, last, .. } => Self::UnknownIndex { index, last },
            SessionError::SeveralRoles => Self::SeveralRoles,
            SessionError::SeveralIdentities { cloud } => Self::SeveralIdentities { cloud },
            other => Self::NotCompiled { problem: other.to_string() },
        }
    }
}

impl From<aws::compile::CompileError> for Refusal {
    fn from(error: aws::compile::CompileError) -> Self {
        match error {
            aws::compile::CompileError::TooLarge { characters, limit } => {
                Self::PolicyTooLarge { characters, limit }
            }
            aws::compile::CompileError::Empty => Self::NothingToGrant,
            other => Self::NotCompiled { problem: other.to_string() },
        }
    }
}

impl From<gcp::compile::CompileError> for Refusal {
    fn from(error: gcp::compile::CompileError) -> Self {
        match error {
            gcp::compile::CompileError::Unmapped { permission } => {
                Self::Unmapped { permission: permission.to_string() }
            }
            gcp::compile::CompileError::BoundaryTooLarge { rules, characters } => {
                Self::BoundaryTooLarge { rules, characters }
            }
            gcp::compile::CompileError::Empty => Self::NothingToGrant,
            other => Self::NotCompiled { problem: other.to_string() },
        }
    }
}

impl From<azure::compile::CompileError> for Refusal {
    fn from(error: azure::compile::CompileError) -> Self {
        match error {
            azure::compile::CompileError::SeveralAudiences { audiences } => {
                let scopes = audiences.into_iter().map(azure::Audience::token_scope).collect();
                Self::SeveralAudiences { scopes }
            }
            azure::compile::CompileError::Empty => Self::NothingToGrant,
            other => Self::NotCompiled { problem: other.to_string() },
        }
    }
}
