use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::{Secret as SdkSecret, TokenCredential as _};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use deputize_broker::Secret;
use deputize_broker::credential::AzureMethod;
use deputize_broker::stored::minter::ClientSecrets as Sealed;
use deputize_http::{Call, CallFailure, ErrorCode, Problem};
use deputize_scope::azure::Audience;

use crate::authority::{ENTRA, Entra};
use crate::source::{AccessToken, Identity, TokenSource};

const VAULT: &str = "the keeper of sealed secrets";

/// Where the secrets of applications are kept.
#[async_trait]
pub trait ClientSecrets: Send + Sync {
    /// How a token comes about that is asked for with one of them: [`AzureMethod::ClientSecret`] where the broker keeps
    /// them sealed.
    fn method(&self) -> AzureMethod;

    /// The secret of an application.
    async fn secret(&self, call: Call<'_>, identity: Identity<'_>) -> Result<Secret, CallFailure>;
}

/// The secrets that the broker keeps sealed: those that the scope document declares.
pub struct SealedSecrets(Arc<dyn Sealed>);

impl fmt::Debug for SealedSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedSecrets").finish_non_exhaustive()
    }
}

impl SealedSecrets {
    /// Those of a broker's vault.
    pub fn new(vault: Arc<dyn Sealed>) -> Self {
        Self(vault)
    }
}

#[async_trait]
impl ClientSecrets for SealedSecrets {
    fn method(&self) -> AzureMethod {
        AzureMethod::ClientSecret
    }

    async fn secret(&self, _call: Call<'_>, identity: Identity<'_>) -> Result<Secret, CallFailure> {
        let Identity { client_id, agent, tenant, lease, secret } = identity;
        let refused = |code| {
            let code = ErrorCode::new(Some(code));
            CallFailure::new(VAULT, Problem::Refused { status: 0, code })
        };
        let id = secret.ok_or_else(|| refused("not_declared"))?;
        let found = self.0.client_secret(tenant, agent, lease, id).await.map_err(|error| match error {
            error if error.is_passing() => {
                let code = ErrorCode::new(Some(error.code()));
                CallFailure::new(VAULT, Problem::InTrouble { status: 0, code, retry_after: None })
            }
            error => refused(error.code()),
        })?;
        // A secret is sent for the application that it was imported for, and for no other.
        if found.client_id.eq_ignore_ascii_case(client_id.as_str()) {
            Ok(found.client_secret)
        } else {
            Err(refused("other_application"))
        }
    }
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
