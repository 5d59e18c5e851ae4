//! What one session of an agent may have.

use super::{Agent, AwsScope, Scope};
use crate::aws::authority::Authority;

impl Agent {
    /// What one session at AWS may have: one of the agent's scopes there, counted from 0, or without `index` all of
    /// them, where they share a role.
    pub fn aws_session(&self, index: Option<usize>) -> Result<Authority, SessionError> {
        let scopes: Vec<&AwsScope> = self
            .scopes
            .iter()
            .filter_map(|scope| if let Scope::Aws(scope) = scope { Some(scope) } else { None })
            .collect();
        let (first, rest) = scopes.split_first().ok_or(SessionError::NoScope)?;
        if let Some(index) = index {
            let scope = scopes.get(index).ok_or(SessionError::UnknownIndex { index, last: rest.len() })?;
            return Ok(scope.authority());
        }
        if rest.iter().any(|scope| scope.role != first.role || scope.external_id != first.external_id) {
            return Err(SessionError::SeveralRoles);
        }
        let statements = scopes.iter().flat_map(|scope| scope.authority().statements().to_vec());
        Ok(Authority::new(statements.collect()))
    }
}

/// Why an agent has no such session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The agent has no scope there.
    #[error("the agent has no scope for aws")]
    NoScope,
    /// There is no scope of that number.
    #[error("there is no scope {index}: the agent's scopes for aws are counted from 0 to {last}")]
    UnknownIndex {
        /// The number that was asked for.
        index: usize,
        /// The largest that there is.
        last: usize,
    },
    /// The scopes are of different roles, or of different external ids.
    #[error("the agent's scopes are of several roles, which no session has at once: choose one by its index")]
    SeveralRoles,
}
