//! Everything that can happen.

use deputize_scope::AgentId;
use deputize_scope::identifier::{CredentialId, CredentialType};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::anomaly::Anomaly;
use super::cause::{AbandonCause, VersionCause};
use super::changes::Changes;
use super::control::{Control, ExportFormat};
use super::kind::Kind;
use super::report::Report;
use super::sign_in::{SignInFailure, SignInScheme};
use crate::caller::Role;
use crate::lease::{LeaseId, LeaseScope, Outcome};
use crate::ports::rotation::OperationId;
use crate::request::Purpose;
use crate::rotation::state::PhaseName;
use crate::rotation::told::{Reason, Severity, StepTaken};
use crate::scopes::{Etag, ScopesVersion};
use crate::stored::record::VersionNumber;
use crate::token::TokenId;

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
        /// The lease that it is narrowed from, where it is.
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
        /// What agents gain and lose by it, in words. Events of the first versions of Deputize lack it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        changes: Option<Changes>,
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
    /// The broker's own issuer has another key to sign with.
    SigningKeyAdded {
        /// The issuer's URL.
        issuer: String,
        /// The key's name: the thumbprint of its public half.
        key: String,
        /// From when on it signs.
        signs_from: Timestamp,
    },
    /// A key of the broker's own issuer was forgotten: nobody can hold a token any more that it signed.
    SigningKeyRetired {
        /// The issuer's URL.
        issuer: String,
        /// The key's name.
        key: String,
    },
    /// A bearer token is about to be made.
    TokenIssued {
        /// Its name.
        token: TokenId,
        /// Whom it stands for.
        holder: Role,
    },
    /// Somebody was not let in. Of many in a short time, one event tells.
    SignInFailed {
        /// How it was tried.
        scheme: SignInScheme,
        /// The name that was presented, where one was; at most 128 characters of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        presented: Option<String>,
        /// Why it failed.
        code: SignInFailure,
        /// How many failures before this one no event tells of.
        suppressed: u32,
    },
    /// Evidence is about to be handed out.
    EvidenceExported {
        /// For which criterion.
        control: Control,
        /// From when on.
        from: Timestamp,
        /// Until when.
        to: Timestamp,
        /// In which form.
        format: ExportFormat,
    },
    /// What the ledger could tell of a person was made unreadable.
    PersonalDataErased {
        /// The pseudonym of the person; never the name.
        subject: String,
    },
    /// A caller reports what it did with a credential. That it did is its word, not Deputize's.
    UsageReported {
        /// What it says.
        #[serde(flatten)]
        report: Report,
    },
    /// A log began.
    LedgerOpened {
        /// Its name.
        origin: String,
        /// The key that signs its checkpoints, as a verifier key.
        key: String,
        /// The last checkpoint of the log before it, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        previous: Option<String>,
    },
    /// A log ended, and another goes on.
    LedgerClosed {
        /// Its name.
        origin: String,
        /// How many entries it has, this one among them.
        size: u64,
        /// The log that goes on.
        next: String,
    },
    /// Somebody or something tampered with what is or was to be in the ledger.
    LedgerAnomaly {
        /// What is wrong.
        anomaly: Anomaly,
        /// How bad it is.
        severity: Severity,
    },
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
            Self::UsageReported { report } => report.lease,
            Self::RequestRefused { .. }
            | Self::ScopesChanged { .. }
            | Self::CredentialImported { .. }
            | Self::SecretReadRefused { .. }
            | Self::RotationAsked { .. }
            | Self::RotationStep { .. }
            | Self::RotationFailed { .. }
            | Self::RotationReminder { .. }
            | Self::RotationScheduled { .. }
            | Self::ConnectorChanged { .. }
            | Self::SigningKeyAdded { .. }
            | Self::SigningKeyRetired { .. }
            | Self::TokenIssued { .. }
            | Self::SignInFailed { .. }
            | Self::EvidenceExported { .. }
            | Self::PersonalDataErased { .. }
            | Self::LedgerOpened { .. }
            | Self::LedgerClosed { .. }
            | Self::LedgerAnomaly { .. } => None,
        }
    }
    /// Which kind of event it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::CredentialRequested { .. } => Kind::CredentialRequested,
            Self::CredentialIssued { .. } => Kind::CredentialIssued,
            Self::RequestRefused { .. } => Kind::RequestRefused,
            Self::CloudRefused { .. } => Kind::CloudRefused,
            Self::LeaseAbandoned { .. } => Kind::LeaseAbandoned,
            Self::LeaseExpired { .. } => Kind::LeaseExpired,
            Self::LeaseRevoked { .. } => Kind::LeaseRevoked,
            Self::ScopesChanged { .. } => Kind::ScopesChanged,
            Self::CredentialImported { .. } => Kind::CredentialImported,
            Self::CredentialVersionAdded { .. } => Kind::CredentialVersionAdded,
            Self::SecretRead { .. } => Kind::SecretRead,
            Self::SecretReadRefused { .. } => Kind::SecretReadRefused,
            Self::RefreshEnded { .. } => Kind::RefreshEnded,
            Self::RefreshTokenReused { .. } => Kind::RefreshTokenReused,
            Self::RotationAsked { .. } => Kind::RotationAsked,
            Self::RotationStep { .. } => Kind::RotationStep,
            Self::RotationFailed { .. } => Kind::RotationFailed,
            Self::RotationReminder { .. } => Kind::RotationReminder,
            Self::RotationScheduled { .. } => Kind::RotationScheduled,
            Self::ConnectorChanged { .. } => Kind::ConnectorChanged,
            Self::SigningKeyAdded { .. } => Kind::SigningKeyAdded,
            Self::SigningKeyRetired { .. } => Kind::SigningKeyRetired,
            Self::TokenIssued { .. } => Kind::TokenIssued,
            Self::SignInFailed { .. } => Kind::SignInFailed,
            Self::EvidenceExported { .. } => Kind::EvidenceExported,
            Self::PersonalDataErased { .. } => Kind::PersonalDataErased,
            Self::UsageReported { .. } => Kind::UsageReported,
            Self::LedgerOpened { .. } => Kind::LedgerOpened,
            Self::LedgerClosed { .. } => Kind::LedgerClosed,
            Self::LedgerAnomaly { .. } => Kind::LedgerAnomaly,
        }
    }
}
