//! What is on record of a stored credential: whose it is, which version is current, and nothing secret.

use std::fmt;

use deputize_scope::document::StoredCredential;
use deputize_scope::identifier::{CredentialId, CredentialType, Risk};
use deputize_scope::{AgentId, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::facts::Facts;
use crate::lease::LeaseId;
use crate::ports::keys::EncryptionContext;
use crate::rotation::{Rotation, Schedule};
use crate::seal::Sealed;

/// The number of a version, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VersionNumber(pub u64);

impl VersionNumber {
    /// The first.
    pub const FIRST: Self = Self(1);

    /// The one after this.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for VersionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a version is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VersionState {
    /// The one that is used.
    Current,
    /// The next one, not used by everybody yet.
    Pending,
    /// A former one. It is removed after a while.
    Retired,
}

/// One version of a stored credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedVersion {
    /// Its number.
    pub number: VersionNumber,
    /// The secret, with all that is needed to use it.
    pub sealed: Sealed,
    /// When it was added.
    pub created_at: Timestamp,
    /// What it is for.
    pub state: VersionState,
    /// Whether the provider gave it for the version before, as a refresh token that takes a used one's place.
    pub refreshed: bool,
}

/// Somebody is renewing the credential with a refresh token that is good for one use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshClaim {
    /// For which lease; none where it is renewed for its own sake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<LeaseId>,
    /// Until when nobody else may, where nothing is heard of it again.
    pub until: Timestamp,
}

/// What is on record of a stored credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialRecord {
    /// Its name.
    pub id: CredentialId,
    /// The tenant.
    pub tenant: TenantId,
    /// What kind of secret it is.
    #[serde(rename = "type")]
    pub kind: CredentialType,
    /// The agent that it was imported for, and that owns it.
    pub agent: AgentId,
    /// The agents that use it, and so have to adopt what it is replaced by. Only these read it, and only while the scope
    /// document says the same.
    pub consumers: Vec<AgentId>,
    /// How much harm it could do.
    pub risk: Risk,
    /// What may be told of its current version.
    pub facts: Facts,
    /// The version that is used.
    pub current: VersionNumber,
    /// The highest number that a version ever had.
    pub newest: VersionNumber,
    /// When it was first imported.
    pub created_at: Timestamp,
    /// When it last got another version.
    pub updated_at: Timestamp,
    /// Who is renewing it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refreshing: Option<RefreshClaim>,
    /// Since when somebody else is known to have used its refresh token: it is used no more until another is imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compromised_at: Option<Timestamp>,
    /// When it is renewed, and by what: as the scope document says.
    pub schedule: Schedule,
    /// Where its renewal stands.
    pub rotation: Rotation,
    /// Counts the changes: a change is written only over the revision that it was made from.
    pub revision: u64,
}

impl CredentialRecord {
    /// Of a credential that is imported for the first time, as the scope document declares it.
    pub fn first(tenant: &TenantId, declared: &StoredCredential, facts: Facts, now: Timestamp) -> Self {
        let schedule = Schedule::of(declared);
        Self {
            id: declared.id.clone(),
            tenant: tenant.clone(),
            kind: declared.kind,
            agent: declared.agent.clone(),
            consumers: declared.consumers(),
            risk: declared.risk,
            facts,
            current: VersionNumber::FIRST,
            newest: VersionNumber::FIRST,
            created_at: now,
            updated_at: now,
            refreshing: None,
            compromised_at: None,
            rotation: Rotation::steady(now, Some(schedule.next(now))),
            schedule,
            revision: 1,
        }
    }

    /// What a version is sealed to: a blob in any other row does not open.
    pub fn context(&self, version: VersionNumber) -> EncryptionContext {
        EncryptionContext::new([
            ("tenant", self.tenant.to_string()),
            ("credential", self.id.to_string()),
            ("version", version.to_string()),
            ("type", self.kind.to_string()),
        ])
    }

    /// The number of a version that is to be added.
    pub fn next_version(&self) -> VersionNumber {
        self.newest.next()
    }

    /// The version that is given to whoever uses the credential. While the next one is adopted it is that one.
    pub fn version_to_use(&self) -> VersionNumber {
        self.rotation.phase.told().unwrap_or(self.current)
    }

    /// The version that is to follow, where one is under way.
    pub fn pending(&self) -> Option<VersionNumber> {
        self.rotation.phase.next().map(|next| next.version)
    }

    /// The record after one more change.
    #[must_use]
    pub(crate) fn changed(&self) -> Self {
        Self { revision: self.revision.saturating_add(1), ..self.clone() }
    }

    /// The record with another current version.
    #[must_use]
    pub(crate) fn with_current(&self, current: VersionNumber, facts: Facts, now: Timestamp) -> Self {
        let newest = self.newest.max(current);
        Self { current, newest, facts, updated_at: now, refreshing: None, ..self.changed() }
    }
}
