//! What is written down. Each event is written in the same transaction as the change that it tells of.

mod what;

use std::fmt;

use deputize_scope::TenantId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::what::{AbandonCause, VersionCause, What};
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
