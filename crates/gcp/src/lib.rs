//! Google Cloud adapter: access tokens of service accounts.
//!
//! Both types of credential are minted alike: a token of the broker's own asks the Service Account Credentials API for
//! one of the agent's account. They differ only in where the broker's own comes from, and that is a
//! [`gcp_auth::TokenProvider`]: [`FederatedTokens`] where another issuer says who the broker is, [`AmbientTokens`] or
//! [`MetadataTokens`] where it has an identity of Google's.

mod ambient;
mod federated;
mod google;
mod metadata;
mod minter;
mod pool;
mod token;

pub use crate::ambient::AmbientTokens;
pub use crate::federated::FederatedTokens;
pub use crate::google::{Endpoints, Google};
pub use crate::metadata::MetadataTokens;
pub use crate::minter::GcpMinter;
pub use crate::pool::{PoolProvider, PoolProviderError};
