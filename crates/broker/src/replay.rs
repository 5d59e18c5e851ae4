//! A request that is sent again under its idempotency key: it gets the first one's answer.

use std::time::Duration;

use deputize_scope::AgentId;

use crate::audit::{AbandonCause, What};
use crate::broker::Broker;
use crate::caller::Actor;
use crate::credential::Credential;
use crate::idempotency::{Answer, IdempotencyRecord, Keyed};
use crate::issue::{IssueError, Issued, Timing, answer_context};
use crate::lease::{Lease, LeaseState};
use crate::ports::leases::SettleError;
use crate::seal::{SealError, Sealed, open};

/// How long a request waits for the first one under its key. Far below API Gateway's 29 s.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long between two looks; doubled each time up to the longest.
const FIRST_LOOK: Duration = Duration::from_millis(5);
const LONGEST_LOOK: Duration = Duration::from_millis(200);

impl Broker {
    /// The answer that is kept under a request's key; `None` where the key is free, or there is none.
    pub(crate) async fn replay(
        &self,
        agent: &AgentId,
        key: Option<&Keyed>,
    ) -> Result<Option<Issued>, IssueError> {
        let Some((key, fingerprint)) = key else { return Ok(None) };
        let mut pause = FIRST_LOOK;
        let mut waited = Duration::ZERO;
        loop {
            let now = self.ports.clock.now();
            let Some(record) = self.ports.leases.find_key(self.tenant(), agent, key, now).await? else {
                return Ok(None);
            };
            if record.fingerprint != *fingerprint {
                return Err(IssueError::KeyReused);
            }
            let lease = self.ports.leases.find(self.tenant(), record.lease).await?;
            match (lease, record) {
                (Some(lease), IdempotencyRecord { answer: Some(sealed), .. }) => {
                    return self.answer_again(lease, &sealed).await.map(Some);
                }
                // Begun and never finished: its process is gone.
                (Some(lease), _) if is_lost(&lease, now) => match self.free(&lease).await {
                    Ok(()) | Err(SettleError::Superseded) => {}
                    Err(SettleError::Store(error)) => return Err(error.into()),
                },
                _ => {}
            }
            if waited >= PATIENCE {
                return Err(IssueError::KeyInUse { retry_after: Duration::from_secs(1) });
            }
            tokio::time::sleep(pause).await;
            waited += pause;
            pause = (pause * 2).min(LONGEST_LOOK);
        }
    }

    async fn answer_again(&self, lease: Lease, sealed: &Sealed) -> Result<Issued, IssueError> {
        if !matches!(lease.state, LeaseState::Active(_)) {
            return Err(IssueError::AnswerGone { lease: lease.id });
        }
        let plaintext = open(&*self.ports.keys, &answer_context(&lease), sealed).await?;
        let credential = Credential::from_plaintext(&plaintext).map_err(|_| SealError::Refused)?;
        Ok(Issued { lease, credential, replayed: true, timing: Timing::default() })
    }

    async fn free(&self, lease: &Lease) -> Result<(), SettleError> {
        let cause = AbandonCause::NoOutcome;
        let what = What::LeaseAbandoned { lease: lease.id, agent: lease.agent.clone(), cause };
        self.settle(Actor::Broker, lease, LeaseState::Abandoned, Answer::Forget, what).await.map(|_| ())
    }
}

fn is_lost(lease: &Lease, now: jiff::Timestamp) -> bool {
    lease.state == LeaseState::Pending && lease.due().is_some_and(|due| due <= now)
}
