//! Issuing a credential, step by step as DESIGN says it: decide, commit the intent, mint, commit the outcome, answer.
//!
//! No credential leaves without a durable record of it, and what was minted without one is dropped unseen.

mod error;

use std::time::Duration;

use deputize_scope::AgentId;
use jiff::{SignedDuration, Timestamp};

use crate::audit::{AbandonCause, What};
use crate::broker::Broker;
use crate::caller::{Actor, Principal};
use crate::credential::Credential;
use crate::decision::{Decision, InvalidRequest, Plan, Question, Refusal, decide};
use crate::idempotency::{Answer, Claim, Fingerprint, IdempotencyKey, Keyed};
use crate::lease::{Lease, LeaseId, LeaseState, Outcome};
use crate::ports::StoreError;
use crate::ports::keys::EncryptionContext;
use crate::ports::leases::{BeginError, Intent, SettleError, Settlement};
use crate::ports::minter::{MintError, MintOrder, Minted, Minter};
use crate::request::{CredentialRequest, Wanted};
use crate::scopes::ScopesVersion;
use crate::seal::{SealError, Sealed, seal};
use crate::stored::vault::ReadError;

pub use error::IssueError;

/// What a caller is told to wait where the cloud does not say: long enough for a brief outage to end.
const CLOUD_RETRY: Duration = Duration::from_secs(5);
/// What a caller is told to wait for a lease to end.
const LIVE_LEASES_RETRY: Duration = Duration::from_secs(60);
/// How long a claim stands whose request is not heard of again. Longer than any lease stays pending, so that a key is
/// freed by settling its lease, never by time alone.
const CLAIM_LIFE: SignedDuration = SignedDuration::from_hours(24);
/// How many ended leases are given back at once to an agent whose budget is exhausted.
const RECLAIMED_AT_ONCE: u32 = 100;

/// A credential that is issued.
#[derive(Debug)]
pub struct Issued {
    /// The lease, active.
    pub lease: Lease,
    /// The credential.
    pub credential: Credential,
    /// Whether it is the answer to an earlier request under the same idempotency key.
    pub replayed: bool,
    /// Where the time went.
    pub timing: Timing,
}

/// Where the time of an issuance went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Waiting for the cloud.
    pub cloud: Duration,
}

/// A request that was decided for, on its way.
pub(crate) struct Undertaking<'a> {
    pub(crate) caller: &'a Principal,
    pub(crate) agent: AgentId,
    pub(crate) request: CredentialRequest,
    pub(crate) key: Option<Keyed>,
    pub(crate) decision: Decision,
    pub(crate) budget: deputize_scope::Budget,
    pub(crate) version: ScopesVersion,
    pub(crate) ancestry: Ancestry,
}

/// What a credential is narrowed from: nothing, unless a lease is passed on.
#[derive(Default)]
pub(crate) struct Ancestry {
    /// The leases, the nearest last.
    pub(crate) leases: Vec<LeaseId>,
    /// When the nearest of them ends.
    pub(crate) ends_by: Option<Timestamp>,
}

impl Broker {
    /// Issues a credential to `agent`, the name as it stands in the request's path. A refusal is written down before
    /// it is told.
    pub async fn issue(
        &self,
        caller: &Principal,
        agent: &str,
        request: CredentialRequest,
        key: Option<IdempotencyKey>,
    ) -> Result<Issued, IssueError> {
        let wanted = request.wanted;
        let result = self.decide_and_issue(caller, agent, request, key).await;
        if let Err(error) = &result {
            self.record_refusal(caller, agent, wanted, error).await?;
        }
        result
    }

    /// Writes a refusal down, before it is told. What is none is not written.
    pub(crate) async fn record_refusal(
        &self,
        caller: &Principal,
        agent: &str,
        wanted: Wanted,
        error: &IssueError,
    ) -> Result<(), StoreError> {
        let Some(code) = error.refusal_code() else { return Ok(()) };
        let what = What::RequestRefused {
            agent: agent.chars().take(64).collect(),
            wanted: wanted.to_string(),
            code: code.into(),
            reason: error.to_string(),
        };
        self.ports.outbox.record(&self.event(caller.actor(), what)).await
    }

    async fn decide_and_issue(
        &self,
        caller: &Principal,
        agent: &str,
        request: CredentialRequest,
        key: Option<IdempotencyKey>,
    ) -> Result<Issued, IssueError> {
        let agent: AgentId = agent.parse().map_err(|_| IssueError::NotYourAgent)?;
        if !caller.is_agent(&agent) {
            return Err(IssueError::NotYourAgent);
        }
        let key = key.map(|key| (key, Fingerprint::of_asked(&request)));
        if let Some(issued) = self.replay(&agent, key.as_ref()).await? {
            return Ok(issued);
        }
        let scopes = self.scopes().await?.ok_or(IssueError::NotYourAgent)?;
        let grant = scopes.document.agents.get(&agent).ok_or(IssueError::NotYourAgent)?;
        let deployment = self.deployment();
        let question = Question {
            name: &agent,
            agent: grant,
            credentials: &scopes.document.credentials,
            request: &request,
            deployment: &deployment,
        };
        let decision = decide(&question)?;
        let (budget, version) = (grant.budget.clone(), scopes.head.version);
        let ancestry = Ancestry::default();
        let undertaking = Undertaking { caller, agent, request, key, decision, budget, version, ancestry };
        self.undertake(undertaking).await
    }

    pub(crate) async fn undertake(&self, undertaking: Undertaking<'_>) -> Result<Issued, IssueError> {
        let minter = self.minter_of(&undertaking.decision)?;
        let lease = match self.begin(&undertaking).await {
            Err(BeginError::KeyTaken) => {
                let lost = IssueError::KeyInUse { retry_after: Duration::from_secs(1) };
                return self.replay(&undertaking.agent, undertaking.key.as_ref()).await?.ok_or(lost);
            }
            other => other.map_err(|error| self.begin_problem(error))?,
        };
        let order = MintOrder {
            lease: lease.id,
            tenant: lease.tenant.clone(),
            agent: lease.agent.clone(),
            plan: undertaking.decision.plan,
            duration: lease.duration,
        };
        let asked_at = self.ports.clock.monotonic();
        let minted = match minter {
            Some(minter) => minter.mint(&order).await,
            None => self.proven(&order),
        };
        let now = self.ports.clock.now();
        let minted = minted.and_then(|minted| within(minted, now, undertaking.ancestry.ends_by));
        let timing = Timing { cloud: self.ports.clock.monotonic().saturating_sub(asked_at) };
        match minted {
            Ok(minted) => self.deliver(undertaking.caller.actor(), lease, minted, timing).await,
            Err(error) => Err(self.give_up(undertaking.caller.actor(), lease, error).await),
        }
    }

    /// What mints; none where the holder is to do so itself.
    fn minter_of(&self, decision: &Decision) -> Result<Option<&dyn Minter>, Refusal> {
        if matches!(decision.plan, Plan::ScopeDown(_)) {
            return Ok(None);
        }
        let unsupported = || InvalidRequest::Unsupported(decision.kind.to_string());
        Ok(Some(self.minter(decision.kind).ok_or_else(unsupported)?))
    }

    /// The policy that the holder of a session is to narrow it with.
    fn proven(&self, order: &MintOrder) -> Result<Minted, MintError> {
        let Plan::ScopeDown(policy) = &order.plan else { return Err(MintError::misdirected()) };
        let life = SignedDuration::from_secs(order.duration.get().into());
        let expires_at = self.ports.clock.now().checked_add(life).unwrap_or(Timestamp::MAX);
        Ok(Minted {
            credential: Credential::ScopeDown { policy: policy.text().to_owned() },
            outcome: Outcome { expires_at, session: None, packed_policy_size: None },
        })
    }

    /// Writes the intent. Where the budget of live leases is exhausted, leases that have ended in the meantime are
    /// given back first, and it is tried once more.
    async fn begin(&self, undertaking: &Undertaking<'_>) -> Result<Lease, BeginError> {
        match self.begin_once(undertaking).await {
            Err(BeginError::LiveLeasesExhausted) => {}
            other => return other,
        }
        if self.reap_of(Some(&undertaking.agent), RECLAIMED_AT_ONCE).await?.total() == 0 {
            return Err(BeginError::LiveLeasesExhausted);
        }
        self.begin_once(undertaking).await
    }

    async fn begin_once(&self, undertaking: &Undertaking<'_>) -> Result<Lease, BeginError> {
        let intent = self.intent(undertaking);
        let lease = intent.lease.clone();
        self.ports.leases.begin(intent).await.map(|()| lease)
    }

    fn intent(&self, undertaking: &Undertaking<'_>) -> Intent {
        let Undertaking { request, decision, .. } = undertaking;
        let now = self.ports.clock.now();
        let lease = Lease {
            id: LeaseId::fresh(&*self.ports.clock, &*self.ports.random),
            tenant: self.tenant().clone(),
            agent: undertaking.agent.clone(),
            kind: decision.kind,
            scope: decision.scope.clone(),
            granted: decision.granted.clone(),
            lineage: undertaking.ancestry.leases.clone(),
            scope_version: undertaking.version,
            enforcement: decision.enforcement,
            purpose: request.purpose.clone(),
            context: request.context.clone().into(),
            duration: decision.duration,
            requested_at: now,
            idempotency_key: undertaking.key.as_ref().map(|(key, _)| key.clone()),
            state: LeaseState::Pending,
        };
        let claim = undertaking.key.clone().map(|(key, fingerprint)| Claim {
            key,
            fingerprint,
            until: now.checked_add(CLAIM_LIFE).unwrap_or(Timestamp::MAX),
        });
        let what = What::CredentialRequested {
            lease: lease.id,
            agent: lease.agent.clone(),
            kind: lease.kind,
            scope: lease.scope.clone(),
            scope_version: lease.scope_version,
            parent: lease.lineage.last().copied(),
            purpose: lease.purpose.clone(),
        };
        let event = self.event(undertaking.caller.actor(), what);
        Intent { lease, budget: undertaking.budget.clone(), claim, event }
    }

    fn begin_problem(&self, error: BeginError) -> IssueError {
        match error {
            BeginError::LiveLeasesExhausted => {
                IssueError::BudgetExhausted { which: "live leases", retry_after: LIVE_LEASES_RETRY }
            }
            BeginError::RateExhausted => {
                let into_minute = self.ports.clock.now().as_second().rem_euclid(60);
                let left = u64::try_from(60 - into_minute).unwrap_or(60);
                IssueError::BudgetExhausted {
                    which: "leases per minute",
                    retry_after: Duration::from_secs(left),
                }
            }
            BeginError::KeyTaken => IssueError::KeyInUse { retry_after: Duration::from_secs(1) },
            BeginError::Store(error) => IssueError::Store(error),
        }
    }

    /// Commits the outcome, then answers.
    async fn deliver(
        &self,
        by: Actor,
        lease: Lease,
        minted: Minted,
        timing: Timing,
    ) -> Result<Issued, IssueError> {
        let Minted { credential, outcome } = minted;
        let answer = match &lease.idempotency_key {
            None => Ok(Answer::Unchanged),
            Some(_) => self
                .seal_answer(&lease, &credential)
                .await
                .map(|sealed| Answer::Keep { sealed, until: outcome.expires_at }),
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                self.abandon(by, &lease, AbandonCause::NotRecorded).await;
                return Err(error.into());
            }
        };
        let what =
            What::CredentialIssued { lease: lease.id, agent: lease.agent.clone(), outcome: outcome.clone() };
        match self.settle(by.clone(), &lease, LeaseState::Active(outcome), answer, what).await {
            Ok(active) => Ok(Issued { lease: active, credential, replayed: false, timing }),
            Err(error) => {
                // Nobody has seen the credential; it is dropped here. The lease must not look alive.
                self.abandon(by, &lease, AbandonCause::NotRecorded).await;
                Err(match error {
                    SettleError::Superseded => IssueError::Overtaken { lease: lease.id },
                    SettleError::Store(error) => IssueError::Store(error),
                })
            }
        }
    }

    /// Commits that nothing was minted. If that fails too, the reaper will find the lease pending.
    async fn give_up(&self, by: Actor, lease: Lease, error: MintError) -> IssueError {
        match error {
            MintError::Refused { code, source } => {
                tracing::warn!(lease = %lease.id, %code, error = &*source, "the cloud refused");
                let what =
                    What::CloudRefused { lease: lease.id, agent: lease.agent.clone(), code: code.clone() };
                let state = LeaseState::Refused { code: code.clone() };
                if let Err(error) = self.settle(by, &lease, state, Answer::Forget, what).await {
                    tracing::error!(lease = %lease.id, %error, "a refusal by the cloud could not be recorded");
                }
                match source.downcast_ref::<ReadError>() {
                    Some(problem) => {
                        IssueError::SecretNotUsable { lease: lease.id, code, problem: problem.to_string() }
                    }
                    None => IssueError::CloudRefused { lease: lease.id, code },
                }
            }
            MintError::Unavailable { retry_after, source } => {
                tracing::warn!(lease = %lease.id, error = &*source, "the cloud is unavailable");
                self.abandon(by, &lease, AbandonCause::CloudUnavailable).await;
                IssueError::CloudUnavailable {
                    lease: lease.id,
                    retry_after: retry_after.unwrap_or(CLOUD_RETRY),
                }
            }
        }
    }

    async fn abandon(&self, by: Actor, lease: &Lease, cause: AbandonCause) {
        let what = What::LeaseAbandoned { lease: lease.id, agent: lease.agent.clone(), cause };
        if let Err(error) = self.settle(by, lease, LeaseState::Abandoned, Answer::Forget, what).await {
            tracing::error!(lease = %lease.id, %error, "a lease is left to the reaper");
        }
    }

    /// Moves a lease to another state. A write whose answer was lost is recognised by what is stored.
    pub(crate) async fn settle(
        &self,
        by: Actor,
        before: &Lease,
        state: LeaseState,
        answer: Answer,
        what: What,
    ) -> Result<Lease, SettleError> {
        let after = before.become_state(state).map_err(|_| SettleError::Superseded)?;
        let settlement =
            Settlement { before: before.clone(), after: after.clone(), answer, event: self.event(by, what) };
        let Err(error) = self.ports.leases.settle(settlement).await else { return Ok(after) };
        match self.ports.leases.find(&before.tenant, before.id).await {
            Ok(Some(stored)) if stored.state == after.state => Ok(after),
            _ => Err(error),
        }
    }

    async fn seal_answer(&self, lease: &Lease, credential: &Credential) -> Result<Sealed, SealError> {
        let plaintext = credential.to_plaintext();
        seal(&*self.ports.keys, &*self.ports.random, &answer_context(lease), &plaintext).await
    }
}

/// A credential that has ended is none, and one that would outlive what it is narrowed from is not handed out. A policy is
/// only as long as it is told.
fn within(mut minted: Minted, now: Timestamp, ends_by: Option<Timestamp>) -> Result<Minted, MintError> {
    if minted.outcome.expires_at <= now {
        let source = "the cloud gave a credential that has ended".into();
        return Err(MintError::Unavailable { retry_after: None, source });
    }
    let Some(ends_by) = ends_by.filter(|ends_by| minted.outcome.expires_at > *ends_by) else {
        return Ok(minted);
    };
    if matches!(minted.credential, Credential::ScopeDown { .. }) {
        minted.outcome.expires_at = ends_by;
        return Ok(minted);
    }
    let source = "the cloud gave a longer life than is left".into();
    Err(MintError::Refused { code: "outlives_parent".to_owned(), source })
}

/// What the sealed answer of a lease is bound to.
pub(crate) fn answer_context(lease: &Lease) -> EncryptionContext {
    EncryptionContext::new([
        ("tenant", lease.tenant.to_string()),
        ("agent", lease.agent.to_string()),
        ("lease", lease.id.to_string()),
        ("type", "issued_credential".to_owned()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn nothing_outlives_what_it_is_narrowed_from_or_has_ended_before_it_is_given() {
        let [now, end, later] = ["11:00:00", "12:00:00", "12:00:01"]
            .map(|time| format!("2026-05-01T{time}Z").parse::<Timestamp>().unwrap());
        let minted = |credential, expires_at| Minted {
            credential,
            outcome: Outcome { expires_at, session: None, packed_policy_size: None },
        };
        let key = || Credential::ApiKey(Secret::new("canary".to_owned()));
        assert!(within(minted(key(), end), now, Some(end)).is_ok());
        assert!(within(minted(key(), later), now, None).is_ok());
        let refused = within(minted(key(), later), now, Some(end));
        assert!(matches!(refused, Err(MintError::Refused { code, .. }) if code == "outlives_parent"));
        let policy = Credential::ScopeDown { policy: String::new() };
        assert_eq!(within(minted(policy, later), now, Some(end)).unwrap().outcome.expires_at, end);
        for ended in [now, now - SignedDuration::from_secs(1)] {
            assert!(matches!(within(minted(key(), ended), now, None), Err(MintError::Unavailable { .. })));
        }
    }
}
