//! The reaper: leases that nobody settled are settled here.

use deputize_scope::AgentId;

use crate::audit::{AbandonCause, What};
use crate::broker::Broker;
use crate::caller::Actor;
use crate::idempotency::Answer;
use crate::lease::{Lease, LeaseState};
use crate::ports::StoreError;
use crate::ports::leases::SettleError;

/// What a sweep settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reaped {
    /// Pending leases whose process was lost.
    pub abandoned: u32,
    /// Active leases that ended.
    pub expired: u32,
}

impl Reaped {
    /// All of them.
    pub fn total(self) -> u32 {
        self.abandoned + self.expired
    }
}

impl Broker {
    /// Settles at most `limit` leases that are due. Leases that another sweep settles at the same time are left to it.
    pub async fn reap(&self, limit: u32) -> Result<Reaped, StoreError> {
        self.reap_of(None, limit).await
    }

    pub(crate) async fn reap_of(&self, agent: Option<&AgentId>, limit: u32) -> Result<Reaped, StoreError> {
        let now = self.ports.clock.now();
        let mut reaped = Reaped::default();
        for lease in self.ports.leases.due(self.tenant(), agent, now, limit).await? {
            // The index may lag behind; the lease itself says whether it is due.
            if lease.due().is_none_or(|due| due > now) {
                continue;
            }
            match self.lapse(&lease).await {
                Ok(LeaseState::Abandoned) => reaped.abandoned += 1,
                Ok(_) => reaped.expired += 1,
                Err(SettleError::Superseded) => {}
                Err(SettleError::Store(error)) => return Err(error),
            }
        }
        Ok(reaped)
    }

    async fn lapse(&self, lease: &Lease) -> Result<LeaseState, SettleError> {
        let agent = lease.agent.clone();
        // A kept answer lapses by itself when the lease ends, and its key may be another lease's by now.
        let (state, answer, what) = match &lease.state {
            LeaseState::Active(outcome) => {
                let what = What::LeaseExpired { lease: lease.id, agent };
                (LeaseState::Expired(outcome.clone()), Answer::Unchanged, what)
            }
            _ => {
                let cause = AbandonCause::NoOutcome;
                let what = What::LeaseAbandoned { lease: lease.id, agent, cause };
                (LeaseState::Abandoned, Answer::Forget, what)
            }
        };
        self.settle(Actor::Broker, lease, state, answer, what).await.map(|after| after.state)
    }
}
