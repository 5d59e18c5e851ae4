//! The record of one issuance: who, what, why, until when, under which scope version, and how it may be revoked.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use deputize_scope::aws::arn::RoleArn;
use deputize_scope::azure::ClientId;
use deputize_scope::document::ExternalId;
use deputize_scope::gcp::ServiceAccount;
use deputize_scope::identifier::CredentialType;
use deputize_scope::{AgentId, Seconds, TenantId, aws, azure, gcp};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::caller::Actor;
use crate::idempotency::IdempotencyKey;
use crate::ports::clock::{Clock, Random, random_bytes};
use crate::request::Purpose;
use crate::scopes::ScopesVersion;

/// How long a lease may stay pending. A cloud call is bounded far below it, so that a lease found pending after this
/// has lost its process.
pub const PENDING_DEADLINE: SignedDuration = SignedDuration::from_secs(60);

/// A lease's name: a UUID of version 7, so that names sort by time. It is also the session's name at AWS, which takes
/// 2–64 of `[\w+=,.@-]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LeaseId(Uuid);

impl LeaseId {
    /// A fresh name.
    pub fn fresh(clock: &dyn Clock, random: &dyn Random) -> Self {
        Self(fresh_uuid(clock, random))
    }
}

impl fmt::Display for LeaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for LeaseId {
    type Err = InvalidLeaseId;

    fn from_str(text: &str) -> Result<Self, InvalidLeaseId> {
        // One spelling only, so that a name is the same everywhere it is compared as text.
        let uuid = Uuid::try_parse(text).map_err(|_| InvalidLeaseId)?;
        if uuid.hyphenated().to_string() == text { Ok(Self(uuid)) } else { Err(InvalidLeaseId) }
    }
}

/// The text is no lease's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a lease's name is a lowercase UUID")]
pub struct InvalidLeaseId;

/// A UUID of version 7 from the given clock and randomness.
pub(crate) fn fresh_uuid(clock: &dyn Clock, random: &dyn Random) -> Uuid {
    let millis = u64::try_from(clock.now().as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random_bytes::<10>(random)).into_uuid()
}

/// Where least privilege is enforced for a lease. Always told to the caller; never pretended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Enforcement {
    /// By an AWS session policy.
    SessionPolicy,
    /// By a Google Credential Access Boundary.
    CredentialAccessBoundary,
    /// By the cloud's own bindings; Deputize cannot narrow further.
    RoleAssignment,
    /// Nowhere.
    None,
}

/// What a lease allows, as it is kept and told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseScope {
    /// The role, service account or application that is acted as.
    pub target: String,
    /// The permissions, as patterns of the cloud.
    pub permissions: Vec<String>,
    /// The resources, as patterns of the cloud.
    pub resources: Vec<String>,
    /// The regions; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
}

/// Exactly what a lease's credential may do, and as whom: what narrowing it further is proven against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cloud", rename_all = "lowercase")]
pub enum Granted {
    /// As a role of AWS.
    Aws {
        /// The role.
        role: RoleArn,
        /// What its trust policy asks for, where it does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        external_id: Option<ExternalId>,
        /// The calls.
        authority: aws::authority::Authority,
    },
    /// As a service account of Google Cloud.
    Gcp {
        /// The account.
        service_account: ServiceAccount,
        /// The calls.
        authority: gcp::authority::Authority,
    },
    /// As an identity of Azure.
    Azure {
        /// The application or managed identity.
        client_id: ClientId,
        /// The calls.
        authority: azure::authority::Authority,
    },
}

/// What a cloud said of what it minted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// When it ends; the cloud's word is what counts.
    pub expires_at: Timestamp,
    /// The name under which the cloud's own log knows the session, such as `AROA…:lease`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// How much of the space for policies and tags was used, in percent, where the cloud says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packed_policy_size: Option<u8>,
}

/// Where a lease stands. `pending → active | refused | abandoned`, `active → revoked | expired`; all others are final.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LeaseState {
    /// The intent is written; the cloud has not answered.
    Pending,
    /// The credential is out.
    Active(Outcome),
    /// The cloud refused.
    Refused {
        /// The cloud's error code.
        code: String,
    },
    /// No outcome in time. Nobody holds what may have been minted.
    Abandoned,
    /// Revoked before its end.
    Revoked {
        /// By whom.
        by: Actor,
        /// When.
        at: Timestamp,
        /// What the cloud had said.
        #[serde(flatten)]
        outcome: Outcome,
    },
    /// Ended by itself.
    Expired(Outcome),
}

impl LeaseState {
    /// The state's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active(_) => "active",
            Self::Refused { .. } => "refused",
            Self::Abandoned => "abandoned",
            Self::Revoked { .. } => "revoked",
            Self::Expired(_) => "expired",
        }
    }

    /// Whether it counts against the budget of live leases. A revoked lease no longer does: its credential may work
    /// until it ends, which the answer to the revocation says, but it must not keep an agent from a new one.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Pending | Self::Active(_))
    }

    /// What the cloud said, where it said something.
    pub fn outcome(&self) -> Option<&Outcome> {
        match self {
            Self::Active(outcome) | Self::Expired(outcome) | Self::Revoked { outcome, .. } => Some(outcome),
            Self::Pending | Self::Refused { .. } | Self::Abandoned => None,
        }
    }
}

/// The record of one issuance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Its name.
    pub id: LeaseId,
    /// The tenant.
    pub tenant: TenantId,
    /// The agent that holds it.
    pub agent: AgentId,
    /// The type of credential, which says the cloud too.
    #[serde(rename = "type")]
    pub kind: CredentialType,
    /// What it allows, as it is told.
    pub scope: LeaseScope,
    /// What it allows, exactly; none where Deputize does not decide on single calls, as for an API key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<Granted>,
    /// The leases that it was narrowed from, the nearest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lineage: Vec<LeaseId>,
    /// The version of the scope document that it was decided under.
    pub scope_version: ScopesVersion,
    /// Where least privilege is enforced.
    pub enforcement: Enforcement,
    /// Why, in the agent's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// What the agent said of its task.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub context: BTreeMap<String, String>,
    /// How long the credential was asked to live.
    pub duration: Seconds,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// The idempotency key that it was asked under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<IdempotencyKey>,
    /// Where it stands.
    #[serde(flatten)]
    pub state: LeaseState,
}

/// The change is none that a lease in this state can make.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a lease that is {from} does not become {to}")]
pub struct IllegalTransition {
    from: &'static str,
    to: &'static str,
}

impl Lease {
    /// When the lease wants attention if nothing else happens: a pending one when its deadline passes, an active one
    /// when it ends.
    pub fn due(&self) -> Option<Timestamp> {
        match &self.state {
            LeaseState::Pending => self.requested_at.checked_add(PENDING_DEADLINE).ok(),
            LeaseState::Active(outcome) => Some(outcome.expires_at),
            _ => None,
        }
    }

    /// The same lease in another state.
    pub fn become_state(&self, next: LeaseState) -> Result<Self, IllegalTransition> {
        use LeaseState::{Abandoned, Active, Expired, Pending, Refused, Revoked};
        match (&self.state, &next) {
            (Pending, Active(_) | Refused { .. } | Abandoned) | (Active(_), Revoked { .. } | Expired(_)) => {
                Ok(Self { state: next, ..self.clone() })
            }
            (from, to) => Err(IllegalTransition { from: from.name(), to: to.name() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_name_has_one_spelling() {
        let name = "0198f0aa-7d3a-7c4e-8f00-0123456789ab";
        assert_eq!(name.parse::<LeaseId>().unwrap().to_string(), name);
        assert!(name.to_uppercase().parse::<LeaseId>().is_err());
        assert!(name.replace('-', "").parse::<LeaseId>().is_err());
    }
}
