//! Looking at grants and leases, and revoking leases.

use deputize_scope::{Agent, AgentId};
use jiff::Timestamp;
use thiserror::Error;

use crate::audit::What;
use crate::broker::Broker;
use crate::caller::{Principal, Role};
use crate::idempotency::Answer;
use crate::lease::{Lease, LeaseId, LeaseState};
use crate::ports::StoreError;
use crate::ports::leases::{LeasePage, SettleError};
use crate::scopes::{LoadError, ScopesHead};

/// A lease that is revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The lease.
    pub lease: Lease,
    /// When the credential stops working. At the clouds nothing is denied yet, so for whoever holds it, it works until
    /// it ends by itself.
    pub effective_at: Timestamp,
}

/// Why a lease is not revoked.
#[derive(Debug, Error)]
pub enum RevokeError {
    /// There is none of that name that the caller may know of.
    #[error("no such lease")]
    NotFound,
    /// The caller may see leases, not revoke them.
    #[error("an auditor may not revoke")]
    Forbidden,
    /// It is not active.
    #[error("the lease is {state}")]
    NotLive {
        /// Its state.
        state: &'static str,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why leases are not listed.
#[derive(Debug, Error)]
pub enum ListError {
    /// They are another agent's.
    #[error("an agent may list its own leases only")]
    Forbidden,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a grant is not shown.
#[derive(Debug, Error)]
pub enum GrantError {
    /// It is another agent's.
    #[error("the caller is not this agent")]
    NotYourAgent,
    /// There is no such agent.
    #[error("no such agent")]
    UnknownAgent,
    /// The scope document could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl Broker {
    /// What an agent may ask for: told to that agent, to admins and to auditors.
    pub async fn grant(&self, caller: &Principal, agent: &str) -> Result<(ScopesHead, Agent), GrantError> {
        let name = agent.parse::<AgentId>();
        if matches!(caller.role, Role::Agent { .. })
            && !name.as_ref().is_ok_and(|agent| caller.is_agent(agent))
        {
            return Err(GrantError::NotYourAgent);
        }
        let name = name.map_err(|_| GrantError::UnknownAgent)?;
        let scopes = self.scopes().await?.ok_or(GrantError::UnknownAgent)?;
        let agent = scopes.document.agents.get(&name).ok_or(GrantError::UnknownAgent)?;
        Ok((scopes.head.clone(), agent.clone()))
    }

    /// Leases, newest first: an agent's own, or of all for admins and auditors.
    pub async fn leases(
        &self,
        caller: &Principal,
        filter: Option<AgentId>,
        before: Option<LeaseId>,
        limit: u32,
    ) -> Result<LeasePage, ListError> {
        let filter = match (&caller.role, filter) {
            (Role::Agent { agent }, Some(other)) if *agent != other => return Err(ListError::Forbidden),
            (Role::Agent { agent }, _) => Some(agent.clone()),
            (Role::Admin | Role::Auditor, filter) => filter,
        };
        Ok(self.ports.leases.list(self.tenant(), filter.as_ref(), before, limit).await?)
    }

    /// Revokes a lease: any for an admin, its own for an agent. Revoking again answers as the first time.
    pub async fn revoke(&self, caller: &Principal, id: LeaseId) -> Result<Revocation, RevokeError> {
        if caller.role == Role::Auditor {
            return Err(RevokeError::Forbidden);
        }
        let lease = self.ports.leases.find(self.tenant(), id).await?.ok_or(RevokeError::NotFound)?;
        if caller.role != Role::Admin && !caller.is_agent(&lease.agent) {
            return Err(RevokeError::NotFound);
        }
        let outcome = match &lease.state {
            LeaseState::Active(outcome) => outcome.clone(),
            LeaseState::Revoked { outcome, .. } => {
                let effective_at = outcome.expires_at;
                return Ok(Revocation { lease, effective_at });
            }
            other => return Err(RevokeError::NotLive { state: other.name() }),
        };
        let effective_at = outcome.expires_at;
        let what = What::LeaseRevoked { lease: id, agent: lease.agent.clone(), effective_at };
        let state = LeaseState::Revoked { by: caller.actor(), at: self.ports.clock.now(), outcome };
        match self.settle(caller.actor(), &lease, state, Answer::Unchanged, what).await {
            Ok(lease) => Ok(Revocation { lease, effective_at }),
            Err(SettleError::Superseded) => Err(RevokeError::NotLive { state: "being settled" }),
            Err(SettleError::Store(error)) => Err(error.into()),
        }
    }
}
