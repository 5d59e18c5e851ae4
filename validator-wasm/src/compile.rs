//! What a cloud will be sent.

use deputize_scope::aws;
use deputize_scope::{AgentId, Cloud, ScopeDocument};
use serde::Serialize;
use tsify::Tsify;

use crate::finding::told;
use crate::refusal::Refusal;

/// Whose scopes to compile, and for what.
#[derive(Clone, Debug, PartialEq, Eq, Tsify)]
pub struct Target {
    /// The agent's name.
    pub agent: String,
    /// The cloud.
    #[tsify(type = "Cloud")]
    pub cloud: Cloud,
    /// Only this one of the agent's scopes for the cloud, counted from 0. Without it, all of them.
    #[tsify(optional)]
    pub index: Option<usize>,
}

/// What a cloud will be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Tsify)]
#[serde(tag = "cloud", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Compiled {
    /// A session of AWS.
    Aws {
        /// The session policy, as compact JSON.
        policy: String,
        /// How many characters it has, as STS counts them.
        characters: usize,
        /// How many more would fit.
        headroom: usize,
    },
}

/// Compiles an agent's scopes for a cloud.
pub fn compile(text: &str, target: &Target) -> Result<Compiled, Refusal> {
    if target.cloud != Cloud::Aws {
        return Err(Refusal::UnsupportedCloud { cloud: target.cloud });
    }
    let parsed = ScopeDocument::parse(text);
    let document = match parsed.document {
        Some(document) => document,
        None => {
            let findings = told(text, parsed.findings);
            return Err(Refusal::InvalidScope { argument: "text", findings });
        }
    };
    // What is no name of an agent is the name of none.
    let id: Option<AgentId> = target.agent.parse().ok();
    let agent = id
        .and_then(|id| document.agents.get(&id))
        .ok_or_else(|| Refusal::UnknownAgent { agent: target.agent.clone() })?;
    let policy = aws::compile::compile(&agent.aws_session(target.index)?)?;
    Ok(Compiled::Aws {
        characters: policy.characters(),
        headroom: policy.headroom(),
        policy: policy.text().to_owned(),
    })
}
