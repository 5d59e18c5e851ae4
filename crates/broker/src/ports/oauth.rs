//! The token endpoint of an OAuth 2.0 provider (RFC 6749, 3.2).

use std::time::Duration;

use async_trait::async_trait;
use thiserror::Error;

use super::Source;
use crate::secret::Secret;
use crate::stored::secret::StoredOauth;

/// What a token endpoint gave.
#[derive(Debug, Clone)]
pub struct TokenAnswer {
    /// The access token.
    pub access_token: Secret,
    /// How it goes with requests: `Bearer`, as a rule.
    pub token_type: String,
    /// How long it lives, where the provider says so.
    pub expires_in: Option<Duration>,
    /// The refresh token to use from now on, where it is another one.
    pub refresh_token: Option<Secret>,
}

/// Why a token endpoint gave nothing.
#[derive(Debug, Error)]
pub enum TokenError {
    /// The provider said no. The code is one of RFC 6749, or `http_` and a status: safe to show.
    #[error("the provider refused: {code}")]
    Refused {
        /// The code.
        code: String,
    },
    /// The provider did not take the request; what it was asked with has not been used.
    #[error("the provider is unavailable")]
    Unavailable {
        /// When to try again, where the provider says so.
        retry_after: Option<Duration>,
        /// The cause, for the log.
        #[source]
        source: Source,
    },
    /// The request may have been taken, and the answer was lost or made no sense: a refresh token may be used up.
    #[error("the provider's answer was lost")]
    Lost(#[source] Source),
}

/// Asks token endpoints. Bounded in attempts and time by the adapter.
#[async_trait]
pub trait TokenEndpoint: Send + Sync {
    /// Asks for an access token by the grant that the client's facts name.
    async fn token(&self, client: &StoredOauth) -> Result<TokenAnswer, TokenError>;
}
