//! What is written down. Each event is written in the same transaction as the change that it tells of.

mod anomaly;
mod cause;
mod changes;
mod control;
mod kind;
pub mod ocsf;
mod personal;
mod reference;
mod report;
pub(crate) mod sign_in;
mod what;

use std::fmt;
use std::str::FromStr;

use deputize_scope::TenantId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

pub use self::anomaly::Anomaly;
pub use self::cause::{AbandonCause, VersionCause};
pub use self::changes::{Changes, NotCompared};
pub use self::control::{Control, ExportFormat, UnknownControl};
pub use self::kind::{Kind, UnknownKind};
pub use self::personal::{Personal, PersonalField};
pub use self::reference::reference;
pub use self::report::{Details, InvalidReport, Report, ReportKind};
pub use self::sign_in::{SignInFailure, SignInScheme};
pub use self::what::What;
use crate::caller::Actor;
use crate::lease::fresh_uuid;
use crate::ports::clock::{Clock, Random};

/// An event's name: a UUID of version 7. Consumers deduplicate by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(Uuid);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// The text is no event's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an event's name is a lowercase UUID")]
pub struct InvalidEventId;

impl FromStr for EventId {
    type Err = InvalidEventId;

    fn from_str(text: &str) -> Result<Self, InvalidEventId> {
        // One spelling only, as for leases.
        let uuid = Uuid::try_parse(text).map_err(|_| InvalidEventId)?;
        if uuid.hyphenated().to_string() == text { Ok(Self(uuid)) } else { Err(InvalidEventId) }
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// Its name.
    pub id: EventId,
    /// The tenant.
    pub tenant: TenantId,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub by: Actor,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

impl AuditEvent {
    /// An event of now.
    pub fn new(tenant: &TenantId, by: Actor, what: What, clock: &dyn Clock, random: &dyn Random) -> Self {
        Self { id: EventId(fresh_uuid(clock, random)), tenant: tenant.clone(), at: clock.now(), by, what }
    }
}
