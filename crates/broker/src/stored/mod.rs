//! Stored credentials: long-lived secrets that cannot be avoided, kept as sealed versions.
//!
//! A [`record`] says what is stored and whose it is; a [`secret`] is what is sealed; the [`vault`] is the one place that
//! seals and opens. A secret leaves to its owner alone ([`current`]), or by issuance ([`minter`], [`refresh`]), and never
//! before the event that tells of it is durable.

mod catalogue;
pub mod current;
pub mod facts;
mod form;
pub mod import;
pub mod minter;
pub mod record;
pub mod refresh;
pub mod secret;
pub mod vault;

pub use self::catalogue::CatalogueError;
pub use self::current::CurrentSecret;
pub use self::facts::Facts;
pub use self::form::SecretForm;
pub use self::minter::StoredMinter;
pub use self::record::{CredentialRecord, SealedVersion, VersionNumber, VersionState};
pub use self::refresh::OauthMinter;
pub use self::secret::StoredSecret;
pub use self::vault::Vault;
