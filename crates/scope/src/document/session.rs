//! What one credential of an agent may have.

use super::{Agent, AwsScope, AzureScope, GcpScope, Scope};
use crate::identifier::Cloud;
use crate::{aws, azure, gcp};

impl Agent {
    /// What one session at AWS may have: one of the agent's scopes there, counted from 0, or without `index` all of
    /// them, where they share a role.
    pub fn aws_session(&self, index: Option<usize>) -> Result<aws::authority::Authority, SessionError> {
        let scopes = self.scopes.iter().filter_map(|scope| match scope {
            Scope::Aws(scope) => Some(scope),
            _ => None,
        });
        let same =
            |one: &AwsScope, other: &AwsScope| one.role == other.role && one.external_id == other.external_id;
        let scopes = chosen(Cloud::Aws, scopes.collect(), index, same)?;
        let statements = scopes.iter().map(|scope| scope.statement());
        Ok(aws::authority::Authority::new(statements.collect()))
    }

    /// What one token of Google Cloud may have: the same, for scopes that share a service account.
    pub fn gcp_session(&self, index: Option<usize>) -> Result<gcp::authority::Authority, SessionError> {
        let scopes = self.scopes.iter().filter_map(|scope| match scope {
            Scope::Gcp(scope) => Some(scope),
            _ => None,
        });
        let same = |one: &GcpScope, other: &GcpScope| one.service_account == other.service_account;
        let scopes = chosen(Cloud::Gcp, scopes.collect(), index, same)?;
        let statements = scopes.iter().flat_map(|scope| scope.authority().statements().to_vec());
        Ok(gcp::authority::Authority::new(statements.collect()))
    }

    /// What one token of Azure may have: the same, for scopes that share an identity.
    pub fn azure_session(&self, index: Option<usize>) -> Result<azure::authority::Authority, SessionError> {
        let scopes = self.scopes.iter().filter_map(|scope| match scope {
            Scope::Azure(scope) => Some(scope),
            _ => None,
        });
        let same = |one: &AzureScope, other: &AzureScope| one.client_id == other.client_id;
        let scopes = chosen(Cloud::Azure, scopes.collect(), index, same)?;
        let statements = scopes.iter().flat_map(|scope| scope.authority().statements().to_vec());
        Ok(azure::authority::Authority::new(statements.collect()))
    }
}

/// The one scope that is chosen, or all of them, where all may have one credential.
fn chosen<S>(
    cloud: Cloud,
    scopes: Vec<&S>,
    index: Option<usize>,
    same: impl Fn(&S, &S) -> bool,
) -> Result<Vec<&S>, SessionError> {
    let (first, rest) = scopes.split_first().ok_or(SessionError::NoScope { cloud })?;
    if let Some(index) = index {
        let last = rest.len();
        let scope = scopes.get(index).ok_or(SessionError::UnknownIndex { cloud, index, last })?;
        return Ok(vec![*scope]);
    }
    match (rest.iter().all(|scope| same(scope, first)), cloud) {
        (true, _) => Ok(scopes),
        (false, Cloud::Aws) => Err(SessionError::SeveralRoles),
        (false, _) => Err(SessionError::SeveralIdentities { cloud }),
    }
}

/// Why an agent has no such credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The agent has no scope there.
    #[error("the agent has no scope for {cloud}")]
    NoScope {
        /// The cloud that was asked for.
        cloud: Cloud,
    },
    /// There is no scope of that number.
    #[error("there is no scope {index}: the agent's scopes for {cloud} are counted from 0 to {last}")]
    UnknownIndex {
        /// The cloud that was asked for.
        cloud: Cloud,
        /// The number that was asked for.
        index: usize,
        /// The largest that there is.
        last: usize,
    },
    /// The scopes are of different roles, or of different external ids.
    #[error("the agent's scopes are of several roles, which no session has at once: choose one by its index")]
    SeveralRoles,
    /// The scopes are of different service accounts or applications.
    #[error(
        "the agent's scopes for {cloud} are of several identities, which no token has at once: choose one by its index"
    )]
    SeveralIdentities {
        /// The cloud that was asked for.
        cloud: Cloud,
    },
}
