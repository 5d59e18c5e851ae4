use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::{Secret as SdkSecret, TokenCredential as _};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use deputize_broker::Secret;
use deputize_broker::credential::AzureMethod;
use deputize_http::{Call, CallFailure, Problem};
use deputize_scope::azure::Audience;

use crate::authority::{ENTRA, Entra};
use crate::source::{AccessToken, Identity, TokenSource};

/// Where the secrets of applications are kept.
#[async_trait]
pub trait ClientSecrets: Send + Sync {
    /// How a token comes about that is asked for with one of them: [`AzureMethod::ClientSecret`] where the broker keeps
    /// them sealed.
    fn method(&self) -> AzureMethod;

    /// The secret of an application.
    async fn secret(&self, call: Call<'_>, identity: Identity<'_>) -> Result<Secret, CallFailure>;
}

/// Proves an application by its secret.
pub struct ClientSecret {
    entra: Entra,
    secrets: Arc<dyn ClientSecrets>,
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSecret").field("entra", &self.entra).finish_non_exhaustive()
    }
}

impl ClientSecret {
    /// Applications of a tenant, by these secrets.
    pub fn new(entra: Entra, secrets: Arc<dyn ClientSecrets>) -> Self {
        Self { entra, secrets }
    }
}

#[async_trait]
impl TokenSource for ClientSecret {
    fn method(&self) -> AzureMethod {
        self.secrets.method()
    }

    async fn token(
        &self,
        call: Call<'_>,
        identity: Identity<'_>,
        audience: Audience,
    ) -> Result<AccessToken, CallFailure> {
        let secret = self.secrets.secret(call, identity);
        let secret = call.within("the keeper of client secrets", secret).await?;
        call.attempt(ENTRA, || async {
            let (transport, client_options) = self.entra.transport();
            // A credential for each attempt: the SDK's would keep tokens, and hand out what is left of them.
            let credential = ClientSecretCredential::new(
                self.entra.tenant(),
                identity.client_id.to_string(),
                SdkSecret::new(secret.reveal().to_owned()),
                Some(ClientSecretCredentialOptions { client_options }),
            );
            let credential = credential.map_err(|_| {
                CallFailure::new(ENTRA, Problem::NotSent("the tenant's id or the secret is none"))
            })?;
            let token = credential.get_token(&[audience.token_scope()], None).await;
            let token = token.map_err(|_| transport.failure())?;
            AccessToken::new(&token, call.now()).map_err(|problem| CallFailure::new(ENTRA, problem))
        })
        .await
    }
}
