//! Which clouds a deployment mints at, as its [`CloudSettings`] say: the same text in `deputize.toml` and in a function's
//! environment. [`minters`] puts together what mints, [`key_providers`] what makes and revokes stored keys; [`advice`](advice::advice) says what is missing in a cloud, and how
//! to make it.

pub mod advice;
mod audit;
mod environment;
mod lazy;
mod minters;
pub mod rehearsal;
mod rotation;
mod settings;

pub use crate::audit::AuditSettings;
pub use crate::environment::{Environment, EnvironmentError};
pub use crate::minters::{NotMade, Surroundings, identity, minters};
pub use crate::rotation::{RotationSettings, key_providers};
pub use crate::settings::{
    AwsCloud, AzureCloud, CloudSettings, GcpCloud, IdentitySource, InvalidSettings, IssuerSource,
    KeyVaultSource,
};
