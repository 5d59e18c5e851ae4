//! Azure adapter: access tokens of managed identities and service principals, by Microsoft's own crates, and the client
//! secrets of applications.
//!
//! A [`TokenSource`] proves an identity to Entra in one way; a minter asks one, and another only where the first was not
//! there. The crates' retries are turned off and their HTTP is ours, so that the bounds are the broker's.

mod authority;
mod federated;
mod managed;
mod minter;
mod passwords;
mod refusal;
mod secret;
mod source;
mod transport;
mod vault;

pub use crate::authority::{Entra, NotAnAuthority};
pub use crate::federated::{EXCHANGE, FederatedCredential};
pub use crate::managed::ManagedIdentity;
pub use crate::minter::AzureMinter;
pub use crate::passwords::{ApplicationPasswords, Graph, NoGraph, PasswordSettings};
pub use crate::secret::{ClientSecret, ClientSecrets, SealedSecrets};
pub use crate::source::{AccessToken, Identity, TokenSource};
pub use crate::vault::KeyVault;
