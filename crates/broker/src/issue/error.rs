//! Why no credential is issued, and which of it is written down as a refusal.

use std::time::Duration;

use thiserror::Error;

use crate::decision::Refusal;
use crate::lease::LeaseId;
use crate::ports::StoreError;
use crate::scopes::{LoadError, ScopesVersion};
use crate::seal::SealError;

/// Why no credential is issued.
#[derive(Debug, Error)]
pub enum IssueError {
    /// The caller is not the agent of the path. Whether that agent exists is not told.
    #[error("the caller is not this agent")]
    NotYourAgent,
    /// Decided against.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The agent has used up its budget.
    #[error("the budget of {which} is exhausted")]
    BudgetExhausted {
        /// `live leases` or `leases per minute`.
        which: &'static str,
        /// When there may be room again.
        retry_after: Duration,
    },
    /// The idempotency key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The first request under the key is still under way.
    #[error("the first request under this idempotency key is still under way")]
    KeyInUse {
        /// When to ask again.
        retry_after: Duration,
    },
    /// The key's lease exists, but its credential cannot be given again.
    #[error("lease {lease} was issued under this idempotency key, and its credential is no longer kept")]
    AnswerGone {
        /// That lease.
        lease: LeaseId,
    },
    /// The cloud refused.
    #[error("the cloud refused: {code}")]
    CloudRefused {
        /// The lease, refused.
        lease: LeaseId,
        /// The cloud's error code.
        code: String,
    },
    /// The stored secret cannot be used as it is.
    #[error("{problem}")]
    SecretNotUsable {
        /// The lease, refused.
        lease: LeaseId,
        /// The name of the reason.
        code: String,
        /// The reason.
        problem: String,
    },
    /// The cloud gave no answer.
    #[error("the cloud is unavailable")]
    CloudUnavailable {
        /// The lease, abandoned.
        lease: LeaseId,
        /// When to try again.
        retry_after: Duration,
    },
    /// What happened could not be written down, so nothing is given out.
    #[error("the record could not be written")]
    Store(#[from] StoreError),
    /// The answer could not be sealed or opened.
    #[error("the answer could not be sealed or opened")]
    Seal(#[from] SealError),
    /// The lease changed while it was being issued: it was revoked or given up.
    #[error("lease {lease} was settled by somebody else")]
    Overtaken {
        /// The lease.
        lease: LeaseId,
    },
    /// The current scope document cannot be read.
    #[error("the current scope document, version {0}, cannot be read")]
    InvalidScopes(ScopesVersion),
}

impl IssueError {
    /// The problem code of what is written down as a refusal; `None` for what is not one.
    pub(super) fn refusal_code(&self) -> Option<&'static str> {
        match self {
            Self::NotYourAgent => Some("not_your_agent"),
            Self::Refused(Refusal::Invalid(_)) => None,
            Self::Refused(_) => Some("outside_grant"),
            Self::BudgetExhausted { .. } => Some("budget_exhausted"),
            _ => None,
        }
    }
}

impl From<LoadError> for IssueError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Store(error) => Self::Store(error),
            LoadError::Unreadable(version) => Self::InvalidScopes(version),
        }
    }
}
