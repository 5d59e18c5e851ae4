//! Which clouds a deployment mints at, as its [`CloudSettings`] say: the same text in `deputize.toml` and in a function's
//! environment. [`minters`] puts together what mints; [`advice`](advice::advice) says what is missing in a cloud, and how
//! to make it.

pub mod advice;
mod environment;
mod lazy;
mod minters;
pub mod rehearsal;
mod settings;

pub use crate::environment::{Environment, EnvironmentError};
pub use crate::minters::{Surroundings, identity, minters};
pub use crate::settings::{
    AwsCloud, AzureCloud, CloudSettings, GcpCloud, IdentitySource, InvalidSettings, IssuerSource,
    KeyVaultSource,
};
