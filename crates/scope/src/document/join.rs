//! One document of several, each sound by itself.

use thiserror::Error;

use super::ScopeDocument;
use crate::identifier::{AgentId, CredentialId, TenantId};

/// Why documents do not make one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JoinError {
    /// They are of different tenants.
    #[error("one is of tenant {0}, the other of tenant {1}")]
    Tenants(TenantId, TenantId),
    /// Both say what an agent may be given.
    #[error("both have the agent {0}")]
    Agent(AgentId),
    /// Both have a stored credential of that name.
    #[error("both have the credential {0}")]
    Credential(CredentialId),
}

impl ScopeDocument {
    /// Takes in another document of the same tenant. Neither's defaults touch the other: they are applied already.
    ///
    /// What needs both to be seen, such as an identity that is bound to an agent of each, is found by parsing the
    /// serialised whole.
    ///
    /// # Errors
    /// [`JoinError`] where they contradict each other.
    pub fn join(mut self, other: Self) -> Result<Self, JoinError> {
        if self.tenant != other.tenant {
            return Err(JoinError::Tenants(self.tenant, other.tenant));
        }
        for (name, agent) in other.agents {
            if self.agents.contains_key(&name) {
                return Err(JoinError::Agent(name));
            }
            self.agents.insert(name, agent);
        }
        for credential in other.credentials {
            if self.credentials.iter().any(|known| known.id == credential.id) {
                return Err(JoinError::Credential(credential.id));
            }
            self.credentials.push(credential);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> ScopeDocument {
        ScopeDocument::parse(text).document.unwrap()
    }

    const ONE: &str = "version: 1\ntenant: acme\ndefaults: { max_duration: 15m }\nagents:\n  one:\n    scopes:\n      - { cloud: aws, permissions: [s3:ListAllMyBuckets] }\n";

    #[test]
    fn each_keeps_its_own_defaults_and_the_whole_can_be_written() {
        let two = document(&ONE.replace("15m", "30m").replace("one", "two"));
        let whole = document(ONE).join(two).unwrap();
        let seconds = |name: &str| {
            whole.agents.get(&name.parse::<AgentId>().unwrap()).unwrap().scopes[0].max_duration()
        };
        assert_eq!((seconds("one").get(), seconds("two").get()), (900, 1800));
        assert_eq!(document(&serde_json::to_string(&whole).unwrap()), whole);
    }

    #[test]
    fn a_contradiction_is_refused() {
        let one = document(ONE);
        assert_eq!(one.clone().join(one.clone()), Err(JoinError::Agent("one".parse().unwrap())));
        let other = document(&ONE.replace("acme", "other"));
        assert!(matches!(one.join(other), Err(JoinError::Tenants(..))));
    }
}
