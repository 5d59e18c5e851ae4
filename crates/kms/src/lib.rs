//! Key adapter: data keys wrapped by AWS KMS, and the keys there that the broker's own issuer signs with.

mod client;
mod failure;
mod issuer;
mod keeper;
mod signing;

pub use crate::failure::KmsFailure;
pub use crate::issuer::issuer;
pub use crate::keeper::KmsKeeper;
pub use crate::signing::{InvalidSigningKeys, KmsSigningKey, KmsSigningKeys};
