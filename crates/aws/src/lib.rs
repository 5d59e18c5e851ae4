//! AWS adapter: sessions by STS AssumeRole, and tokens that say to other clouds who the broker is.

mod failure;
mod minter;
mod sts;
mod web_identity;

pub use crate::failure::StsFailure;
pub use crate::minter::{AwsMinter, AwsMinterSettings};
pub use crate::sts::caller_arn;
pub use crate::web_identity::{WebIdentitySettings, WebIdentityTokens};
