//! The session policy that grants exactly an authority.

use serde_json::json;

use super::authority::Authority;
use super::pattern::PIVOTS;

/// The most characters of a session policy, as `AssumeRole` counts them: inline policy and managed policy ARNs
/// together. <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
pub const SESSION_POLICY_LIMIT: usize = 2048;

/// A session policy that STS will take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionPolicy {
    text: String,
}

impl SessionPolicy {
    /// The policy document, as JSON.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many characters it has.
    pub fn characters(&self) -> usize {
        self.text.chars().count()
    }

    /// How many more would fit ([`SESSION_POLICY_LIMIT`]).
    pub fn headroom(&self) -> usize {
        SESSION_POLICY_LIMIT.saturating_sub(self.characters())
    }
}

/// Why an authority has no session policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// The shortest policy that was found is longer than STS takes.
    #[error("the session policy has {characters} characters, {} more than the {limit} that STS takes", characters - limit)]
    TooLarge {
        /// How many characters the policy has.
        characters: usize,
        /// [`SESSION_POLICY_LIMIT`].
        limit: usize,
    },
    /// The authority holds no call at all.
    #[error("nothing is left to grant")]
    Empty,
}

/// The shortest session policy found that grants exactly `authority`.
pub fn compile(authority: &Authority) -> Result<SessionPolicy, CompileError> {
    if authority.statements().is_empty() {
        return Err(CompileError::Empty);
    }
    let allow = authority.statements().iter().map(|statement| {
        json!({ "Effect": "Allow", "Action": statement.actions, "Resource": statement.resources })
    });
    let deny = json!({ "Effect": "Deny", "Action": PIVOTS, "Resource": "*" });
    let statements: Vec<_> = allow.chain([deny]).collect();
    let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    let characters = text.chars().count();
    if characters > SESSION_POLICY_LIMIT {
        return Err(CompileError::TooLarge { characters, limit: SESSION_POLICY_LIMIT });
    }
    Ok(SessionPolicy { text })
}
