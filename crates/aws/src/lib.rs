//! AWS adapter: sessions by STS AssumeRole, tokens that say to other clouds who the broker is, the broker's own
//! credentials where it runs elsewhere, the access keys of IAM users, and EventBridge for alerts and monitoring.

mod access_keys;
mod alerts;
mod failure;
mod federated;
mod minter;
mod monitor;
mod sts;
mod web_identity;

pub use crate::access_keys::{AccessKeys, AccessKeysSettings};
pub use crate::alerts::EventBridge;
pub use crate::failure::StsFailure;
pub use crate::federated::{FederatedCredentials, FederatedSettings, STS_AUDIENCE};
pub use crate::minter::{AwsMinter, AwsMinterSettings};
pub use crate::monitor::EventBridgeMonitor;
pub use crate::sts::caller_arn;
pub use crate::web_identity::{WebIdentitySettings, WebIdentityTokens};
