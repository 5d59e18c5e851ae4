//! Key adapter: data keys wrapped by AWS KMS, and the keys there that the broker's own issuer and its log sign with.

mod client;
mod failure;
mod issuer;
mod keeper;
mod log;
mod signing;

pub use crate::failure::KmsFailure;
pub use crate::issuer::issuer;
pub use crate::keeper::KmsKeeper;
pub use crate::log::KmsLogSigner;
pub use crate::signing::{InvalidSigningKeys, KmsSigningKey, KmsSigningKeys};
