//! What a step changes on record, and the event that tells of it.

use jiff::Timestamp;

use super::machine::Told;
use super::state::{Next, Operation, Rotation};
use super::told::Severity;
use crate::audit::{AuditEvent, What};
use crate::caller::Actor;
use crate::stored::{CredentialRecord, Vault};

/// The record after a step.
pub(super) fn after(
    record: &CredentialRecord,
    rotation: Rotation,
    promoted: Option<&Next>,
    now: Timestamp,
) -> CredentialRecord {
    let record = match promoted {
        Some(next) => record.with_current(next.version, next.facts.clone(), now),
        None => record.changed(),
    };
    CredentialRecord { rotation, ..record }
}

/// The event that tells of a step. `operation`: the rotation that was under way before it.
pub(super) fn event(
    vault: &Vault,
    by: Actor,
    after: &CredentialRecord,
    told: &Told,
    operation: Option<&Operation>,
) -> Option<AuditEvent> {
    let (credential, agent) = (after.id.clone(), after.agent.clone());
    let phase = &after.rotation.phase;
    let operation = phase.operation().or(operation).map(|operation| operation.id);
    let what = match told.clone() {
        Told::Nothing => return None,
        Told::Step(step) => What::RotationStep { credential, agent, operation, phase: phase.name(), step },
        Told::Alert(severity, reason) => {
            What::RotationFailed { credential, agent, operation, severity, reason }
        }
        Told::Reminder(reason) => {
            What::RotationReminder { credential, agent, severity: Severity::Medium, reason }
        }
    };
    Some(vault.event(&after.tenant, by, what))
}
