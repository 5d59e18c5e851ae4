//! Tries what the agents of a scope document would be issued: each credential is minted and dropped. Nothing is recorded,
//! and nothing in a cloud is changed.

use std::error::Error;
use std::sync::Arc;

use deputize_broker::decision::{Decision, Deployment, InvalidRequest, Plan, Question, Refusal, decide};
use deputize_broker::lease::LeaseId;
use deputize_broker::ports::minter::{MintError, MintOrder, Minter};
use deputize_broker::request::{Context, CredentialRequest, Wanted};
use deputize_broker::{AwsSettings, AzureSettings, Clock, GcpSettings, Random};
use deputize_scope::identifier::CredentialType;
use deputize_scope::{Agent, AgentId, ScopeDocument};

/// What is tried, and by what.
pub struct Rehearsal<'a> {
    /// The agents, and what they may have.
    pub document: &'a ScopeDocument,
    /// What mints.
    pub minters: &'a [Arc<dyn Minter>],
    /// AWS.
    pub aws: &'a AwsSettings,
    /// Google Cloud.
    pub gcp: &'a GcpSettings,
    /// Azure.
    pub azure: &'a AzureSettings,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Names for the sessions.
    pub random: &'a dyn Random,
}

impl std::fmt::Debug for Rehearsal<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rehearsal").finish_non_exhaustive()
    }
}

/// How one credential went.
#[derive(Debug)]
pub struct Attempt {
    /// Who would have it.
    pub agent: AgentId,
    /// What it is.
    pub kind: CredentialType,
    /// The role, account or application; empty where it did not come to one.
    pub target: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of one attempt.
#[derive(Debug)]
pub enum Outcome {
    /// It is minted.
    Minted,
    /// The scope document does not give one credential: the agent would have to ask for less.
    NotWhole(InvalidRequest),
    /// Its secret is in the broker's store, which is not opened here.
    Stored,
    /// The cloud gave none.
    Failed {
        /// The plan that was carried out.
        plan: Box<Plan>,
        /// Why.
        error: MintError,
    },
}

impl Rehearsal<'_> {
    /// Tries all that every agent may have, one after the other.
    pub async fn run(&self) -> Vec<Attempt> {
        let mut attempts = Vec::new();
        for (name, agent) in &self.document.agents {
            for minter in self.minters {
                let kind = minter.mints();
                let has_scope = agent.scopes.iter().any(|scope| kind.cloud() == Some(scope.cloud()));
                if !has_scope {
                    continue;
                }
                for (target, decided) in self.decisions(name, agent, kind) {
                    attempts.push(self.attempt(name, &**minter, target, decided).await);
                }
            }
        }
        attempts
    }

    /// What is decided on all that an agent may have of a type: once, or for each target where there are several.
    fn decisions(
        &self,
        name: &AgentId,
        agent: &Agent,
        kind: CredentialType,
    ) -> Vec<(Option<String>, Result<Decision, Refusal>)> {
        match self.decide(name, agent, kind, None) {
            Err(Refusal::Invalid(InvalidRequest::SeveralTargets(targets))) => targets
                .into_iter()
                .map(|target| (Some(target.clone()), self.decide(name, agent, kind, Some(target))))
                .collect(),
            decided => vec![(None, decided)],
        }
    }

    fn decide(
        &self,
        name: &AgentId,
        agent: &Agent,
        kind: CredentialType,
        target: Option<String>,
    ) -> Result<Decision, Refusal> {
        let deployment = Deployment { minted: vec![kind], aws: self.aws, gcp: self.gcp, azure: self.azure };
        let request = CredentialRequest {
            wanted: Wanted::Exactly(kind),
            target,
            permissions: None,
            resources: None,
            duration: None,
            purpose: None,
            context: Context::default(),
        };
        let credentials = &self.document.credentials;
        decide(&Question { name, agent, credentials, request: &request, deployment: &deployment })
    }

    async fn attempt(
        &self,
        agent: &AgentId,
        minter: &dyn Minter,
        target: Option<String>,
        decided: Result<Decision, Refusal>,
    ) -> Attempt {
        let (agent, kind) = (agent.clone(), minter.mints());
        let decision = match decided {
            Ok(decision) => decision,
            Err(refusal) => {
                let problem = match refusal {
                    Refusal::Invalid(problem) => problem,
                    other => InvalidRequest::DoesNotFit(other.to_string()),
                };
                let target = target.unwrap_or_default();
                return Attempt { agent, kind, target, outcome: Outcome::NotWhole(problem) };
            }
        };
        let target = decision.scope.target;
        if let Plan::AzureToken(plan) = &decision.plan
            && plan.secret.is_some()
        {
            return Attempt { agent, kind, target, outcome: Outcome::Stored };
        }
        let order = MintOrder {
            lease: LeaseId::fresh(self.clock, self.random),
            tenant: self.document.tenant.clone(),
            agent: agent.clone(),
            plan: decision.plan,
            duration: decision.duration,
        };
        let outcome = match minter.mint(&order).await {
            Ok(_) => Outcome::Minted,
            Err(error) => Outcome::Failed { plan: Box::new(order.plan), error },
        };
        Attempt { agent, kind, target, outcome }
    }
}

/// All that an error says, its causes after it.
pub fn told(error: &MintError) -> String {
    let mut told = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let text = error.to_string();
        // What wraps another often repeats it.
        if !told.ends_with(&text) {
            told.push_str(": ");
            told.push_str(&text);
        }
        next = error.source();
    }
    told
}
