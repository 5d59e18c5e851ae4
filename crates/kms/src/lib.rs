//! Key adapter: data keys wrapped by AWS KMS.

mod client;
mod failure;
mod keeper;

pub use crate::failure::KmsFailure;
pub use crate::keeper::KmsKeeper;
