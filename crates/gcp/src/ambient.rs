use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use gcp_auth::{Token, TokenProvider};
use tokio::sync::OnceCell;

/// The broker's own tokens at Google from where `gcp_auth` finds them: a service account's key file
/// (`GOOGLE_APPLICATION_CREDENTIALS`), what `gcloud auth application-default login` left, the metadata server, gcloud.
///
/// They are looked for when the first token is asked for, and again as long as nothing was found.
#[derive(Default)]
pub struct AmbientTokens(OnceCell<Arc<dyn TokenProvider>>);

impl fmt::Debug for AmbientTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AmbientTokens").field("found", &self.0.initialized()).finish()
    }
}

impl AmbientTokens {
    /// Nothing is looked for yet.
    pub fn new() -> Self {
        Self::default()
    }

    async fn found(&self) -> Result<&Arc<dyn TokenProvider>, gcp_auth::Error> {
        self.0.get_or_try_init(gcp_auth::provider).await
    }
}

#[async_trait]
impl TokenProvider for AmbientTokens {
    async fn token(&self, scopes: &[&str]) -> Result<Arc<Token>, gcp_auth::Error> {
        self.found().await?.token(scopes).await
    }

    async fn project_id(&self) -> Result<Arc<str>, gcp_auth::Error> {
        self.found().await?.project_id().await
    }
}
