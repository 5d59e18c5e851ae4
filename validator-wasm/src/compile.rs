//! What a cloud will be sent.

use deputize_scope::gcp::GcpPermission;
use deputize_scope::gcp::boundary::RULES_LIMIT;
use deputize_scope::gcp::oauth::OauthScope;
use deputize_scope::{AgentId, Cloud, ScopeDocument, aws, azure, gcp};
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
    /// A token of Google Cloud.
    Gcp {
        /// The OAuth scopes of the service account's token, by their URLs.
        #[tsify(type = "string[]")]
        scopes: Vec<OauthScope>,
        /// The Credential Access Boundary that the token is exchanged for one within, as compact JSON.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[tsify(optional)]
        boundary: Option<Boundary>,
        /// The permissions that no scope narrower than cloud-platform serves: with them, the token allows all that
        /// the service account may do.
        #[tsify(type = "string[]")]
        broad: Vec<GcpPermission>,
        /// Where least privilege is enforced: by the boundary, or by the service account's own roles alone.
        enforcement: Enforcement,
    },
    /// A token of Azure.
    Azure {
        /// The scope of the token.
        scope: &'static str,
        /// Scopes of other tokens that calls within the operations' wildcards need, to be asked for one by one.
        elsewhere: Vec<&'static str>,
        /// Where least privilege is enforced: by the role assignments of the identity alone.
        enforcement: Enforcement,
    },
}

/// A Credential Access Boundary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Tsify)]
pub struct Boundary {
    /// The boundary, as compact JSON.
    pub text: String,
    /// How many rules it has.
    pub rules: usize,
    /// How many more it could have.
    pub headroom: usize,
    /// Permissions of Cloud Storage that its roles have beside those that were granted.
    pub beyond: Vec<&'static str>,
}

/// Where least privilege is enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Tsify)]
#[serde(rename_all = "snake_case")]
pub enum Enforcement {
    /// By a Credential Access Boundary.
    CredentialAccessBoundary,
    /// By the cloud's own bindings.
    RoleAssignment,
}

/// Compiles an agent's scopes for a cloud.
pub fn compile(text: &str, target: &Target) -> Result<Compiled, Refusal> {
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
    match target.cloud {
        Cloud::Aws => {
            let policy = aws::compile::compile(&agent.aws_session(target.index)?)?;
            Ok(Compiled::Aws {
                characters: policy.characters(),
                headroom: policy.headroom(),
                policy: policy.text().to_owned(),
            })
        }
        Cloud::Gcp => {
            let request = gcp::compile::compile(&agent.gcp_session(target.index)?)?;
            let enforcement = match &request.boundary {
                Some(_) => Enforcement::CredentialAccessBoundary,
                None => Enforcement::RoleAssignment,
            };
            let boundary = request.boundary.map(|boundary| Boundary {
                text: boundary.text(),
                rules: boundary.rules().len(),
                headroom: RULES_LIMIT.saturating_sub(boundary.rules().len()),
                beyond: boundary.beyond().to_vec(),
            });
            Ok(Compiled::Gcp { scopes: request.scopes, boundary, broad: request.broad, enforcement })
        }
        Cloud::Azure => {
            let request = azure::compile::compile(&agent.azure_session(target.index)?)?;
            Ok(Compiled::Azure {
                scope: request.scope(),
                elsewhere: request.elsewhere.iter().map(|audience| audience.token_scope()).collect(),
                enforcement: Enforcement::RoleAssignment,
            })
        }
    }
}
