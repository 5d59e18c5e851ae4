//! Who the broker is, proven to another cloud without a stored secret: a token that an issuer signs which that cloud was
//! told to trust.

use async_trait::async_trait;
use jiff::Timestamp;
use thiserror::Error;

use super::Source;
use crate::secret::Secret;

/// A signed token (a JWT) that says who the broker is, to one audience.
#[derive(Clone, Debug)]
pub struct IdentityToken {
    /// The token. Whoever holds it is the broker, until it ends.
    pub token: Secret,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Why there is no such token.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// The issuer said no, or is not there to say anything: asking again would not help.
    #[error("no identity token is issued: {code}")]
    Refused {
        /// The issuer's error code, safe to show.
        code: String,
        /// The cause, for the log.
        #[source]
        source: Source,
    },
    /// The issuer did not answer.
    #[error("the issuer of identity tokens is unavailable")]
    Unavailable(#[source] Source),
}

/// Issues tokens that say who the broker is.
#[async_trait]
pub trait IdentityTokens: Send + Sync {
    /// A token for an audience, valid for at least the next minute.
    async fn token(&self, audience: &str) -> Result<IdentityToken, IdentityError>;
}
