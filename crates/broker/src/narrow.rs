//! Passing on less than one has: a lease's credential narrowed for a sub-agent.
//!
//! Proven first: what is asked for lies within what the lease has, and ends no later. The broker does not keep the
//! credential, so either the cloud mints another one, or the holder narrows its own under a policy that is proven here.

use deputize_scope::Seconds;
use jiff::Timestamp;
use thiserror::Error;

use crate::broker::Broker;
use crate::caller::Principal;
use crate::decision::{NarrowingWay, narrow};
use crate::idempotency::{Fingerprint, IdempotencyKey};
use crate::issue::{Ancestry, IssueError, Issued, Undertaking};
use crate::lease::{Lease, LeaseId, LeaseState};
use crate::ports::StoreError;
use crate::request::{CredentialRequest, Wanted};

/// What may pass between the decision and the cloud's answer: a minter takes 10 s at most.
const MARGIN: Seconds = Seconds::new(15);

/// How many times in a row a credential may be passed on.
pub const DEEPEST: usize = 5;

/// Why a lease is not narrowed.
#[derive(Debug, Error)]
pub enum NarrowError {
    /// There is none of that name that the caller holds.
    #[error("no such lease")]
    NotFound,
    /// It is not active, or has ended.
    #[error("the lease is {state}")]
    NotLive {
        /// Its state.
        state: &'static str,
    },
    /// It was narrowed as often as may be.
    #[error("the lease was narrowed {DEEPEST} times already")]
    TooDeep,
    /// As for any credential.
    #[error(transparent)]
    Issue(#[from] IssueError),
}

impl From<StoreError> for NarrowError {
    fn from(error: StoreError) -> Self {
        Self::Issue(error.into())
    }
}

/// What is to be passed on. What `request` wants is the parent's type, whatever it says.
#[derive(Clone, Debug)]
pub struct Narrowing {
    /// The lease that is narrowed.
    pub parent: LeaseId,
    /// Permissions, resources, duration, purpose.
    pub request: CredentialRequest,
    /// How.
    pub way: NarrowingWay,
}

impl Broker {
    /// Narrows a lease that the caller holds. The child counts against the agent's budget as any lease does.
    pub async fn narrow(
        &self,
        caller: &Principal,
        narrowing: Narrowing,
        key: Option<IdempotencyKey>,
    ) -> Result<Issued, NarrowError> {
        let parent = self.ports.leases.find(self.tenant(), narrowing.parent).await?;
        let parent = parent.filter(|parent| caller.is_agent(&parent.agent)).ok_or(NarrowError::NotFound)?;
        let (agent, kind) = (parent.agent.clone(), parent.kind);
        let result = self.decide_and_narrow(caller, &parent, narrowing, key).await;
        if let Err(NarrowError::Issue(error)) = &result {
            self.record_refusal(caller, agent.as_str(), Wanted::Exactly(kind), error).await?;
        }
        result
    }

    async fn decide_and_narrow(
        &self,
        caller: &Principal,
        parent: &Lease,
        narrowing: Narrowing,
        key: Option<IdempotencyKey>,
    ) -> Result<Issued, NarrowError> {
        let Narrowing { request, way, .. } = narrowing;
        let request = CredentialRequest { wanted: Wanted::Exactly(parent.kind), target: None, ..request };
        let agent = parent.agent.clone();
        let key = key.map(|key| (key, Fingerprint::of_asked(&(parent.id, way, &request))));
        if let Some(issued) = self.replay(&agent, key.as_ref()).await? {
            return Ok(issued);
        }
        let (left, ends_by) = self.left(parent)?;
        // A life counts from when the cloud answers.
        let left = match way {
            NarrowingWay::Mint => Seconds::new(left.get().saturating_sub(MARGIN.get())),
            NarrowingWay::ScopeDown => left,
        };
        if parent.lineage.len() >= DEEPEST {
            return Err(NarrowError::TooDeep);
        }
        let scopes = self.scopes().await.map_err(IssueError::from)?.ok_or(IssueError::NotYourAgent)?;
        let grant = scopes.document.agents.get(&agent).ok_or(IssueError::NotYourAgent)?;
        let credentials = &scopes.document.credentials;
        let decision = narrow(parent, left, &request, way, credentials, &self.deployment())
            .map_err(IssueError::Refused)?;
        let (budget, version) = (grant.budget.clone(), parent.scope_version);
        let leases = parent.lineage.iter().copied().chain([parent.id]).collect();
        let ancestry = Ancestry { leases, ends_by: Some(ends_by) };
        let undertaking = Undertaking { caller, agent, request, key, decision, budget, version, ancestry };
        Ok(self.undertake(undertaking).await?)
    }

    /// How long a lease's credential still works, and until when.
    fn left(&self, parent: &Lease) -> Result<(Seconds, Timestamp), NarrowError> {
        let LeaseState::Active(outcome) = &parent.state else {
            return Err(NarrowError::NotLive { state: parent.state.name() });
        };
        let left = outcome.expires_at.duration_since(self.ports.clock.now()).as_secs();
        match u32::try_from(left) {
            Ok(left @ 1..) => Ok((Seconds::new(left), outcome.expires_at)),
            _ => Err(NarrowError::NotLive { state: "expired" }),
        }
    }
}
