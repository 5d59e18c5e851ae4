use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use deputize_broker::ports::identity::IdentityTokens;
use deputize_http::CallFailure;
use gcp_auth::{Token, TokenProvider};

use crate::google::Google;
use crate::pool::PoolProvider;
use crate::token::{AccessToken, Kept};

/// The broker's own tokens at Google by workload identity federation: another issuer says who it is, and a workload
/// identity pool was told to trust that issuer.
///
/// A token is kept until shortly before its end.
pub struct FederatedTokens {
    google: Arc<Google>,
    provider: PoolProvider,
    audience: String,
    identity: Arc<dyn IdentityTokens>,
    kept: Kept,
}

impl fmt::Debug for FederatedTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FederatedTokens")
            .field("provider", &self.provider)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

impl FederatedTokens {
    /// Tokens by a provider, with identity tokens for an audience: the provider's own, unless it was told another.
    pub fn new(
        google: Arc<Google>,
        provider: PoolProvider,
        audience: Option<String>,
        identity: Arc<dyn IdentityTokens>,
    ) -> Self {
        let audience = audience.unwrap_or_else(|| provider.default_audience());
        Self { google, provider, audience, identity, kept: Kept::default() }
    }

    async fn fresh(&self) -> Result<AccessToken, CallFailure> {
        let call = self.google.begin();
        let identity = self.identity.token(&self.audience).await;
        let identity = identity.map_err(|error| CallFailure::of_identity(&error))?;
        self.google.exchange(call, &self.provider, &identity.token).await
    }
}

#[async_trait]
impl TokenProvider for FederatedTokens {
    /// A token of all scopes: what it may do, the pool's bindings say.
    async fn token(&self, _scopes: &[&str]) -> Result<Arc<Token>, gcp_auth::Error> {
        self.kept.token(|| self.google.now(), self.fresh()).await
    }

    async fn project_id(&self) -> Result<Arc<str>, gcp_auth::Error> {
        Err(gcp_auth::Error::Str("an identity of a pool belongs to no project that could be told"))
    }
}
