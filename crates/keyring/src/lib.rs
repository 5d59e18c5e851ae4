//! Key adapter: data keys wrapped by a local key file, the keys of the broker's own issuer in another, and the key that
//! a log's checkpoints are signed with in a third.
//!
//! For a laptop or one machine: whoever reads the file opens everything that was sealed under it. In a cloud, use its
//! key service.

mod file;
mod keyring;
mod log;
mod private;
mod signing;

pub use crate::keyring::{Keyring, KeyringError};
pub use crate::log::LogKeyring;
pub use crate::signing::SigningKeyring;
