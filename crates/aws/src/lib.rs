//! AWS adapter: sessions by STS AssumeRole.

mod failure;
mod minter;
mod sts;

pub use crate::failure::StsFailure;
pub use crate::minter::{AwsMinter, AwsMinterSettings};
