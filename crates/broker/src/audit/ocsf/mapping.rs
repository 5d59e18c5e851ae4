//! What each kind of event is at OCSF.

use crate::audit::{Kind, What};
use crate::rotation::told::{self, StepTaken};

/// What is done to an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It comes into being.
    Create,
    /// It is read.
    Read,
    /// It changes.
    Update,
    /// It goes.
    Delete,
    /// It is used no more, for good.
    Disable,
    /// It starts to work.
    Activate,
    /// It stops working.
    Deactivate,
    /// Something that the schema has no word for.
    Other,
}

/// What kind of thing it is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntityType {
    /// A lease: an issuance, from the request to its end.
    Lease,
    /// The scope document.
    Policy,
    /// A stored credential.
    Credential,
    /// A connector to a provider's API.
    Connector,
    /// A key that signs.
    SigningKey,
    /// A bearer token.
    Token,
    /// An identity that was presented.
    Identity,
    /// What a caller did.
    Usage,
    /// The audit log, or a part of it.
    AuditLog,
    /// What is known of a person.
    Subject,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing has to be done.
    Informational,
    /// Perhaps something has to be done.
    Low,
    /// Something has to be done.
    Medium,
    /// It has to be done now.
    High,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// What was to be done was done.
    Success,
    /// It was not.
    Failure,
}

/// What a kind of event is at OCSF. Severity and status are those of an event that says nothing else of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// What is done.
    pub activity: Activity,
    /// To what.
    pub entity: EntityType,
    /// How bad it is.
    pub severity: Severity,
    /// What came of it.
    pub status: Status,
}

impl Kind {
    /// What an event of this kind is at OCSF.
    pub fn mapping(self) -> Mapping {
        use Activity::{Activate, Create, Deactivate, Delete, Disable, Other, Read, Update};
        use EntityType::{
            AuditLog, Connector, Credential, Identity, Lease, Policy, SigningKey, Subject, Token, Usage,
        };
        use Severity::{High, Informational, Low, Medium};
        use Status::{Failure, Success};
        let (activity, entity, severity, status) = match self {
            Self::CredentialRequested => (Create, Lease, Informational, Success),
            Self::CredentialIssued => (Activate, Lease, Informational, Success),
            Self::RequestRefused | Self::CloudRefused => (Create, Lease, Low, Failure),
            Self::LeaseAbandoned => (Deactivate, Lease, Low, Failure),
            Self::LeaseExpired => (Deactivate, Lease, Informational, Success),
            Self::LeaseRevoked => (Disable, Lease, Informational, Success),
            Self::ScopesChanged => (Update, Policy, Low, Success),
            Self::CredentialImported => (Create, Credential, Informational, Success),
            Self::CredentialVersionAdded
            | Self::RotationAsked
            | Self::RotationStep
            | Self::RotationScheduled => (Update, Credential, Informational, Success),
            Self::SecretRead => (Read, Credential, Informational, Success),
            Self::SecretReadRefused => (Read, Credential, Low, Failure),
            Self::RefreshEnded => (Other, Credential, Informational, Success),
            Self::RefreshTokenReused => (Disable, Credential, High, Failure),
            Self::RotationFailed => (Update, Credential, High, Failure),
            Self::RotationReminder => (Update, Credential, Medium, Failure),
            Self::ConnectorChanged => (Update, Connector, Low, Success),
            Self::SigningKeyAdded => (Create, SigningKey, Informational, Success),
            Self::SigningKeyRetired => (Delete, SigningKey, Informational, Success),
            Self::TokenIssued => (Create, Token, Low, Success),
            Self::SignInFailed => (Other, Identity, Low, Failure),
            Self::EvidenceExported => (Read, AuditLog, Informational, Success),
            Self::PersonalDataErased => (Delete, Subject, Low, Success),
            Self::UsageReported => (Other, Usage, Informational, Success),
            Self::LedgerOpened => (Create, AuditLog, Informational, Success),
            Self::LedgerClosed => (Deactivate, AuditLog, Informational, Success),
            Self::LedgerAnomaly => (Other, AuditLog, High, Failure),
        };
        Mapping { activity, entity, severity, status }
    }
}

impl What {
    /// What this event is at OCSF.
    pub(super) fn mapping(&self) -> Mapping {
        let mut mapping = self.kind().mapping();
        match self {
            Self::RotationFailed { severity, .. }
            | Self::RotationReminder { severity, .. }
            | Self::LedgerAnomaly { severity, .. } => mapping.severity = (*severity).into(),
            Self::SignInFailed { suppressed: 1.., .. } => mapping.severity = Severity::Medium,
            Self::RefreshEnded { trouble: Some(_), .. }
            | Self::RotationStep { step: StepTaken::Failed { .. } | StepTaken::RolledBack { .. }, .. } => {
                mapping.severity = Severity::Low;
                mapping.status = Status::Failure;
            }
            _ => {}
        }
        mapping
    }
}

impl Activity {
    /// `activity_id`.
    pub fn id(self) -> u8 {
        match self {
            Self::Create => 1,
            Self::Read => 2,
            Self::Update => 3,
            Self::Delete => 4,
            Self::Disable => 9,
            Self::Activate => 10,
            Self::Deactivate => 11,
            Self::Other => 99,
        }
    }

    /// `activity_name`; none where the source names it.
    pub fn caption(self) -> Option<&'static str> {
        match self {
            Self::Create => Some("Create"),
            Self::Read => Some("Read"),
            Self::Update => Some("Update"),
            Self::Delete => Some("Delete"),
            Self::Disable => Some("Disable"),
            Self::Activate => Some("Activate"),
            Self::Deactivate => Some("Deactivate"),
            Self::Other => None,
        }
    }
}

impl EntityType {
    /// `type_id` of a managed entity: the schema knows policies, and calls all else other.
    pub fn id(self) -> u8 {
        if self == Self::Policy { 5 } else { 99 }
    }

    /// `type`.
    pub fn caption(self) -> &'static str {
        match self {
            Self::Lease => "Lease",
            Self::Policy => "Policy",
            Self::Credential => "Credential",
            Self::Connector => "Connector",
            Self::SigningKey => "Signing key",
            Self::Token => "Token",
            Self::Identity => "Identity",
            Self::Usage => "Usage",
            Self::AuditLog => "Audit log",
            Self::Subject => "Subject",
        }
    }
}

impl Severity {
    /// `severity_id`.
    pub fn id(self) -> u8 {
        match self {
            Self::Informational => 1,
            Self::Low => 2,
            Self::Medium => 3,
            Self::High => 4,
        }
    }

    /// `severity`.
    pub fn caption(self) -> &'static str {
        match self {
            Self::Informational => "Informational",
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
        }
    }
}

impl From<told::Severity> for Severity {
    fn from(severity: told::Severity) -> Self {
        match severity {
            told::Severity::Medium => Self::Medium,
            told::Severity::High => Self::High,
        }
    }
}

impl Status {
    /// `status_id`.
    pub fn id(self) -> u8 {
        match self {
            Self::Success => 1,
            Self::Failure => 2,
        }
    }

    /// `status`.
    pub fn caption(self) -> &'static str {
        match self {
            Self::Success => "Success",
            Self::Failure => "Failure",
        }
    }
}
