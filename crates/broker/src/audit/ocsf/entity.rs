//! To what an event was done, and what came of it.

use serde_json::{Map, Value, json};

use super::mapping::EntityType;
use crate::audit::{AbandonCause, What};
use crate::rotation::told::StepTaken;

/// The entity of an event, and what it became.
pub(super) struct Entity {
    pub(super) entity: Value,
    pub(super) result: Option<Value>,
}

impl What {
    pub(super) fn entity(&self) -> Entity {
        let kind = self.kind().mapping().entity;
        let of = |named: Named| named.of(kind);
        let (entity, result) = match self {
            Self::CredentialRequested { lease, kind, .. } => (of(Named::new(lease).name(kind)), None),
            Self::CredentialIssued { lease, outcome, .. } => {
                let session = outcome.session.as_ref().map(|session| of(Named::new(lease).name(session)));
                (of(Named::new(lease)), session)
            }
            Self::CloudRefused { lease, .. }
            | Self::LeaseAbandoned { lease, .. }
            | Self::LeaseExpired { lease, .. }
            | Self::LeaseRevoked { lease, .. } => (of(Named::new(lease)), None),
            // There is no lease yet.
            Self::RequestRefused { wanted, .. } => (of(Named::default().name(wanted)), None),
            Self::ScopesChanged { version, after, before, .. } => {
                let policy = |hash: &str, version: u64| {
                    let mut entity = of(Named::new(hash).name("scopes").version(version));
                    if let Value::Object(entity) = &mut entity {
                        let policy = json!({ "uid": hash, "name": "scopes", "version": version.to_string() });
                        entity.insert("policy".to_owned(), policy);
                    }
                    entity
                };
                let after = policy(after.as_str(), version.0);
                match before {
                    Some(before) => (policy(before.as_str(), version.0.saturating_sub(1)), Some(after)),
                    None => (after, None),
                }
            }
            Self::CredentialVersionAdded { credential, version, replaced, .. } => (
                of(Named::new(credential).version(replaced.0)),
                Some(of(Named::new(credential).version(version.0))),
            ),
            Self::SecretRead { credential, version, .. }
            | Self::RefreshEnded { credential, version, .. }
            | Self::RefreshTokenReused { credential, version, .. } => {
                (of(Named::new(credential).version(version.0)), None)
            }
            Self::CredentialImported { credential, kind, .. } => {
                (of(Named::new(credential).name(kind)), None)
            }
            Self::RotationStep { credential, step, .. } => {
                let version = match step {
                    StepTaken::Created { version, .. }
                    | StepTaken::Distributed { version }
                    | StepTaken::Adopted { version, .. }
                    | StepTaken::AdoptedByAll { version }
                    | StepTaken::SeenInUse { version } => Some(version.0),
                    _ => None,
                };
                let result = version.map(|version| of(Named::new(credential).version(version)));
                (of(Named::new(credential)), result)
            }
            Self::RotationAsked { credential, .. }
            | Self::RotationFailed { credential, .. }
            | Self::RotationReminder { credential, .. }
            | Self::RotationScheduled { credential, .. } => (of(Named::new(credential)), None),
            Self::SecretReadRefused { credential, .. } => (of(Named::default().name(credential)), None),
            Self::ConnectorChanged { name, sha256 } => (of(Named::new(sha256).name(name)), None),
            Self::SigningKeyAdded { issuer, key, .. } | Self::SigningKeyRetired { issuer, key } => {
                (of(Named::new(key).name(issuer)), None)
            }
            Self::TokenIssued { token, .. } => (of(Named::new(token)), None),
            Self::SignInFailed { presented, .. } => {
                (of(Named::default().name(presented.as_deref().unwrap_or("nobody"))), None)
            }
            Self::EvidenceExported { control, .. } => (of(Named::default().name(control)), None),
            Self::PersonalDataErased { subject } => (of(Named::new(subject)), None),
            Self::UsageReported { report } => {
                let named = match (&report.lease, &report.credential) {
                    (Some(lease), _) => Named::new(lease),
                    (None, Some(credential)) => Named::new(credential),
                    (None, None) => Named::default(),
                };
                (of(named.name(&report.kind)), None)
            }
            Self::LedgerOpened { origin, .. } => (of(Named::new(origin)), None),
            Self::LedgerClosed { origin, next, .. } => (of(Named::new(origin)), Some(of(Named::new(next)))),
            Self::LedgerAnomaly { anomaly, .. } => (of(Named::default().name(anomaly.name())), None),
        };
        Entity { entity, result }
    }

    /// The code of what went wrong.
    pub(super) fn status_code(&self) -> Option<&str> {
        match self {
            Self::RequestRefused { code, .. }
            | Self::CloudRefused { code, .. }
            | Self::SecretReadRefused { code, .. }
            | Self::RotationStep { step: StepTaken::Failed { code }, .. } => Some(code),
            Self::RefreshEnded { trouble, .. } => trouble.as_deref(),
            Self::LeaseAbandoned { cause, .. } => Some(match cause {
                AbandonCause::CloudUnavailable => "cloud_unavailable",
                AbandonCause::NotRecorded => "not_recorded",
                AbandonCause::NoOutcome => "no_outcome",
            }),
            Self::LedgerAnomaly { anomaly, .. } => Some(anomaly.name()),
            _ => None,
        }
    }

    /// Why, in the words of who did it.
    pub(super) fn comment(&self) -> Option<String> {
        match self {
            Self::CredentialRequested { purpose, .. } => purpose.as_ref().map(ToString::to_string),
            _ => None,
        }
    }
}

/// What an entity is called.
#[derive(Default)]
struct Named {
    uid: Option<String>,
    name: Option<String>,
    version: Option<String>,
}

impl Named {
    fn new(uid: impl ToString) -> Self {
        Self { uid: Some(uid.to_string()), ..Self::default() }
    }

    fn name(self, name: impl ToString) -> Self {
        Self { name: Some(name.to_string()), ..self }
    }

    fn version(self, version: u64) -> Self {
        Self { version: Some(version.to_string()), ..self }
    }

    fn of(self, kind: EntityType) -> Value {
        let Self { uid, name, version } = self;
        let known = [("uid", uid), ("name", name), ("version", version)];
        let mut entity: Map<String, Value> =
            known.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.into()))).collect();
        entity.insert("type".to_owned(), kind.caption().into());
        entity.insert("type_id".to_owned(), kind.id().into());
        Value::Object(entity)
    }
}
