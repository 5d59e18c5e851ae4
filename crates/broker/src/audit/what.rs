//! Everything that can happen.

use deputize_scope::AgentId;
use deputize_scope::identifier::{CredentialId, CredentialType};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::lease::{LeaseId, LeaseScope, Outcome};
use crate::ports::rotation::OperationId;
use crate::request::Purpose;
use crate::rotation::state::PhaseName;
use crate::rotation::told::{Reason, Severity, StepTaken};
use crate::scopes::{Etag, ScopesVersion};
use crate::stored::record::VersionNumber;

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum What {
    /// An agent asked, and it was decided to issue.
    CredentialRequested {
        /// The lease, pending.
        lease: LeaseId,
        /// The agent.
        agent: AgentId,
        /// The type of credential.
        kind: CredentialType,
        /// What was decided on.
        scope: LeaseScope,
        /// Under which scope document.
        scope_version: ScopesVersion,
        /// The lease that it is narrowed from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent: Option<LeaseId>,
        /// Why, in the agent's words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        purpose: Option<Purpose>,
    },
    /// A credential was minted.
    CredentialIssued {
        /// The lease, active.
        lease: LeaseId,
        /// The agent.
        agent: AgentId,
        /// What the cloud said.
        #[serde(flatten)]
        outcome: Outcome,
    },
    /// A request was refused before anything was minted.
    RequestRefused {
        /// The agent in the request's path, as it stood there; at most 64 characters of it.
        agent: String,
        /// What was asked for: a cloud, or a type of credential.
        wanted: String,
        /// The problem's code.
        code: String,
        /// The reason, as the caller was told.
        reason: String,
    },
    /// The cloud refused to mint.
    CloudRefused {
        /// The lease, refused.
        lease: LeaseId,
        /// The agent.
        agent: AgentId,
        /// The cloud's error code.
        code: String,
    },
    /// A lease came to nothing that anybody was given.
    LeaseAbandoned {
        /// The lease.
        lease: LeaseId,
        /// The agent.
        agent: AgentId,
        /// Why.
        #[serde(default)]
        cause: AbandonCause,
    },
    /// A lease ended by itself.
    LeaseExpired {
        /// The lease.
        lease: LeaseId,
        /// The agent.
        agent: AgentId,
    },
    /// A lease was revoked.
    LeaseRevoked {
        /// The lease.
        lease: LeaseId,
        /// The agent.
        agent: AgentId,
        /// When the credential stops working at the latest.
        effective_at: Timestamp,
    },
    /// The scope document was replaced.
    ScopesChanged {
        /// The version that is current now.
        version: ScopesVersion,
        /// Its hash.
        after: Etag,
        /// The hash of the document before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Etag>,
    },
    /// A secret was imported under a new name.
    CredentialImported {
        /// The stored credential.
        credential: CredentialId,
        /// The agent that owns it.
        agent: AgentId,
        /// Its type.
        kind: CredentialType,
    },
    /// A stored credential has another current version.
    CredentialVersionAdded {
        /// The stored credential.
        credential: CredentialId,
        /// The agent that owns it.
        agent: AgentId,
        /// The version that is current now.
        version: VersionNumber,
        /// The version before.
        replaced: VersionNumber,
        /// Where it came from.
        cause: VersionCause,
        /// The lease that it came with, where it came with one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lease: Option<LeaseId>,
    },
    /// A stored secret is read: by its agent, or to issue from it.
    SecretRead {
        /// The stored credential.
        credential: CredentialId,
        /// The agent that owns it.
        agent: AgentId,
        /// The version.
        version: VersionNumber,
        /// The lease that it is read for, where it is read for one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lease: Option<LeaseId>,
    },
    /// A stored secret was asked for and not given.
    SecretReadRefused {
        /// The agent in the request's path, as it stood there; at most 64 characters of it.
        agent: String,
        /// The credential in the request's path, likewise.
        credential: String,
        /// Why.
        code: String,
    },
    /// A refresh token was used, and stays the current one.
    RefreshEnded {
        /// The stored credential.
        credential: CredentialId,
        /// The agent that owns it.
        agent: AgentId,
        /// The version.
        version: VersionNumber,
        /// The lease that it was used for; none where it was used to renew it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lease: Option<LeaseId>,
        /// Why nothing came of it, where nothing did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trouble: Option<String>,
    },
    /// An incident: a refresh token was refused that nobody but Deputize should have used.
    RefreshTokenReused {
        /// The stored credential, which is used no more.
        credential: CredentialId,
        /// The agent that owns it.
        agent: AgentId,
        /// The version that was refused.
        version: VersionNumber,
        /// The lease that it was to be used for; none where it was to be renewed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lease: Option<LeaseId>,
    },
    /// Somebody asked for a rotation now.
    RotationAsked {
        /// The stored credential.
        credential: CredentialId,
        /// The agent that owns it.
        agent: AgentId,
    },
    /// A rotation went one step on.
    RotationStep {
        /// The stored credential.
        credential: CredentialId,
        /// The agent that owns it.
        agent: AgentId,
        /// The rotation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        operation: Option<OperationId>,
        /// The phase that it is in after the step.
        phase: PhaseName,
        /// The step.
        #[serde(flatten)]
        step: StepTaken,
    },
    /// A rotation came to nothing, or cannot go on: somebody has to look.
    RotationFailed {
        /// The stored credential.
        credential: CredentialId,
        /// The agent that owns it.
        agent: AgentId,
        /// The rotation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        operation: Option<OperationId>,
        /// How bad it is.
        severity: Severity,
        /// Why.
        reason: Reason,
    },
    /// A stored credential ought to be renewed, and nothing renews it.
    RotationReminder {
        /// The stored credential.
        credential: CredentialId,
        /// The agent that owns it.
        agent: AgentId,
        /// How bad it is.
        severity: Severity,
        /// Why nothing renews it.
        reason: Reason,
    },
    /// A stored credential has another schedule, by a change of the scope document.
    RotationScheduled {
        /// The stored credential.
        credential: CredentialId,
        /// The agent that owns it now.
        agent: AgentId,
        /// How often it is renewed, in seconds.
        every_seconds: u32,
        /// The connector by which it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        connector: Option<String>,
    },
    /// A connector was put in place.
    ConnectorChanged {
        /// Its name.
        name: String,
        /// The SHA-256 of its text, in lowercase hexadecimal digits.
        sha256: String,
    },
}

/// Why a lease came to nothing, though nobody refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbandonCause {
    /// The cloud gave no answer, or none that could be used.
    CloudUnavailable,
    /// What was minted could not be written down, and was dropped.
    NotRecorded,
    /// It was pending for too long: whoever asked is gone.
    #[default]
    NoOutcome,
}

/// Where another version of a stored credential came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VersionCause {
    /// An admin imported it.
    Imported,
    /// The provider gave it for the one before.
    Refreshed,
}

impl What {
    /// The lease that the event tells of, where it tells of one.
    pub fn lease(&self) -> Option<LeaseId> {
        match self {
            Self::CredentialRequested { lease, .. }
            | Self::CredentialIssued { lease, .. }
            | Self::CloudRefused { lease, .. }
            | Self::LeaseAbandoned { lease, .. }
            | Self::LeaseExpired { lease, .. }
            | Self::LeaseRevoked { lease, .. } => Some(*lease),
            Self::CredentialVersionAdded { lease, .. }
            | Self::SecretRead { lease, .. }
            | Self::RefreshEnded { lease, .. }
            | Self::RefreshTokenReused { lease, .. } => *lease,
            Self::RequestRefused { .. }
            | Self::ScopesChanged { .. }
            | Self::CredentialImported { .. }
            | Self::SecretReadRefused { .. }
            | Self::RotationAsked { .. }
            | Self::RotationStep { .. }
            | Self::RotationFailed { .. }
            | Self::RotationReminder { .. }
            | Self::RotationScheduled { .. }
            | Self::ConnectorChanged { .. } => None,
        }
    }
}
