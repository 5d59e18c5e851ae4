//! The domain of Deputize: who may be given which authority, for how long, and what is written down about it.
//!
//! The broker decides and records. It has no SDK, no clock and no randomness of its own: stores, keys, clouds, time
//! and randomness are [`ports`], handed in where the process is wired.
//!
//! Data goes one way: request → [`decision`] (pure) → intent (one transaction) → mint at the cloud → outcome (one
//! transaction) → answer. No credential leaves without a durable record of it.

pub mod audit;
pub mod broker;
pub mod caller;
pub mod credential;
pub mod decision;
pub mod evidence;
pub mod idempotency;
pub mod issue;
pub mod issuer;
pub mod lease;
pub mod ledger;
pub mod narrow;
pub mod ports;
pub mod reap;
mod replay;
pub mod request;
pub mod revoke;
pub mod rotation;
pub mod scopes;
pub mod seal;
pub mod secret;
pub mod stored;
pub mod token;
pub mod usage;

pub use crate::broker::{AwsSettings, AzureSettings, Broker, GcpSettings, Ports, Settings};
pub use crate::caller::{CallerIdentity, Principal, Role};
pub use crate::ports::clock::{Clock, Random};
pub use crate::secret::Secret;
