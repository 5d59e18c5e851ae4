//! What in an event may be about a person, and an event without it.
//!
//! The ledger keeps it apart, so that it can be made unreadable while every proof still holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AuditEvent, What};
use crate::caller::Actor;
use crate::request::Purpose;
use crate::rotation::told::StepTaken;

/// What in an event may be about a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Personal {
    /// Whom it is about: an identity as it was proven, or presented where nobody knows it.
    pub subject: String,
    /// What was taken out of the event.
    pub fields: BTreeMap<PersonalField, Value>,
}

/// A field that may be about a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonalField {
    /// The identity of the caller.
    Identity,
    /// The name that somebody presented who was not let in.
    Presented,
    /// Why an agent asked, in its words.
    Purpose,
    /// What an agent used a secret for, in its words.
    UsedFor,
    /// What a caller reports.
    Details,
}

impl Personal {
    /// What in the event may be about a person; none where Deputize did it alone.
    pub fn of(event: &AuditEvent) -> Option<Self> {
        event.clone().split_personal("").1
    }
}

impl AuditEvent {
    /// The event with a pseudonym in the place of whom it is about, and what was taken out of it.
    #[must_use]
    pub fn split_personal(mut self, pseudonym: &str) -> (Self, Option<Personal>) {
        let placeholder = format!("subject:{pseudonym}");
        let mut fields = BTreeMap::new();
        let subject = match (&mut self.by, &mut self.what) {
            (Actor::Caller { identity, .. }, _) => {
                let subject = std::mem::replace(identity, placeholder);
                fields.insert(PersonalField::Identity, Value::from(subject.as_str()));
                subject
            }
            (Actor::Broker, What::SignInFailed { presented: Some(presented), .. }) => {
                let subject = std::mem::replace(presented, placeholder);
                fields.insert(PersonalField::Presented, Value::from(subject.as_str()));
                subject
            }
            (Actor::Broker, _) => return (self, None),
        };
        if let Some(purpose) = self.what.purpose().and_then(Option::take) {
            fields.insert(PersonalField::Purpose, String::from(purpose).into());
        }
        if let Some(used_for) = self.what.used_for().and_then(Option::take) {
            fields.insert(PersonalField::UsedFor, String::from(used_for).into());
        }
        if let What::UsageReported { report } = &mut self.what
            && !report.details.is_empty()
        {
            let details = std::mem::take(&mut report.details);
            fields.insert(PersonalField::Details, Value::Object(details.into()));
        }
        (self, Some(Personal { subject, fields }))
    }

    /// Puts back what was taken out. A field that the event has no place for, or that is not what it should be, is left
    /// out.
    pub fn restore(&mut self, fields: BTreeMap<PersonalField, Value>) {
        for (field, value) in fields {
            match (field, value) {
                (PersonalField::Identity, Value::String(text)) => {
                    if let Actor::Caller { identity, .. } = &mut self.by {
                        *identity = text;
                    }
                }
                (PersonalField::Presented, Value::String(text)) => {
                    if let What::SignInFailed { presented, .. } = &mut self.what {
                        *presented = Some(text);
                    }
                }
                (PersonalField::Purpose, Value::String(text)) => {
                    if let Some(purpose) = self.what.purpose() {
                        *purpose = text.try_into().ok();
                    }
                }
                (PersonalField::UsedFor, Value::String(text)) => {
                    if let Some(used_for) = self.what.used_for() {
                        *used_for = text.try_into().ok();
                    }
                }
                (PersonalField::Details, Value::Object(map)) => {
                    if let What::UsageReported { report } = &mut self.what
                        && let Ok(details) = map.try_into()
                    {
                        report.details = details;
                    }
                }
                _ => {}
            }
        }
    }
}

impl What {
    fn purpose(&mut self) -> Option<&mut Option<Purpose>> {
        match self {
            Self::CredentialRequested { purpose, .. } => Some(purpose),
            _ => None,
        }
    }

    fn used_for(&mut self) -> Option<&mut Option<Purpose>> {
        match self {
            Self::RotationStep { step: StepTaken::Adopted { evidence, .. }, .. } => {
                Some(&mut evidence.used_for)
            }
            _ => None,
        }
    }
}
