//! Access tokens by the client's own secret, or by a refresh token.

use std::time::Duration;

use async_trait::async_trait;
use deputize_broker::ports::oauth::{TokenAnswer, TokenEndpoint, TokenError};
use deputize_broker::stored::secret::StoredOauth;
use oauth2::basic::BasicClient;
use oauth2::{ClientId, ClientSecret, RefreshToken, Scope, TokenUrl};
use tokio::sync::OnceCell;

use crate::client::Client;
use crate::exchange::answer;

/// What one exchange may take.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

/// Asks token endpoints: once, within 10 s. Whether and when to ask again is the caller's to say.
///
/// The HTTP client is made when it is first needed: it reads the machine's certificates, which a function that starts
/// must not wait for.
#[derive(Debug)]
pub struct OauthEndpoint {
    timeout: Duration,
    client: OnceCell<Client>,
}

impl Default for OauthEndpoint {
    fn default() -> Self {
        Self::within(TIMEOUT)
    }
}

impl OauthEndpoint {
    /// Takes at most so long for one exchange.
    pub fn within(timeout: Duration) -> Self {
        Self { timeout, client: OnceCell::new() }
    }

    async fn client(&self) -> Result<&Client, TokenError> {
        let client = self.client.get_or_try_init(async || Client::new(self.timeout)).await;
        client.map_err(unsent)
    }
}

#[async_trait]
impl TokenEndpoint for OauthEndpoint {
    async fn token(&self, client: &StoredOauth) -> Result<TokenAnswer, TokenError> {
        let facts = &client.facts;
        let url = TokenUrl::new(facts.token_url.to_string()).map_err(unsent)?;
        let mut asking = BasicClient::new(ClientId::new(facts.client_id.clone())).set_token_uri(url);
        if let Some(secret) = &client.client_secret {
            asking = asking.set_client_secret(ClientSecret::new(secret.reveal().to_owned()));
        }
        let scopes = facts.scopes.iter().cloned().map(Scope::new);
        let http = self.client().await?;
        let outcome = match &client.refresh_token {
            Some(token) => {
                let token = RefreshToken::new(token.reveal().to_owned());
                asking.exchange_refresh_token(&token).add_scopes(scopes).request_async(http).await
            }
            None => asking.exchange_client_credentials().add_scopes(scopes).request_async(http).await,
        };
        answer(outcome, client.refresh_token.as_ref())
    }
}

fn unsent(error: impl std::error::Error + Send + Sync + 'static) -> TokenError {
    TokenError::Unavailable { retry_after: None, source: Box::new(error) }
}
