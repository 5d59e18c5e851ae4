//! Key adapter: data keys wrapped by a local key file.
//!
//! For a laptop or one machine: whoever reads the file opens everything that was sealed under it. In a cloud, use its
//! key service.

mod file;
mod keyring;

pub use crate::keyring::{Keyring, KeyringError};
