use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::TokenCredential as _;
use azure_core::http::ClientMethodOptions;
use azure_identity::{ClientAssertion, ClientAssertionCredential, ClientAssertionCredentialOptions};
use deputize_broker::Secret;
use deputize_broker::credential::AzureMethod;
use deputize_broker::ports::identity::IdentityTokens;
use deputize_http::{Call, CallFailure, Problem};
use deputize_scope::azure::Audience;

use crate::authority::{ENTRA, Entra};
use crate::source::{AccessToken, Identity, TokenSource};

/// The audience that Entra wants assertions for.
/// <https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust>
pub const EXCHANGE: &str = "api://AzureADTokenExchange";

/// Proves an application by a token of another issuer, which the application has a federated credential for: there is no
/// secret to keep.
pub struct FederatedCredential {
    entra: Entra,
    tokens: Arc<dyn IdentityTokens>,
    audience: String,
}

impl fmt::Debug for FederatedCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FederatedCredential").field("entra", &self.entra).finish_non_exhaustive()
    }
}

impl FederatedCredential {
    /// Applications of a tenant, by these tokens; for Entra's own audience, unless the credentials were given another.
    pub fn new(entra: Entra, tokens: Arc<dyn IdentityTokens>, audience: Option<String>) -> Self {
        Self { entra, tokens, audience: audience.unwrap_or_else(|| EXCHANGE.to_owned()) }
    }
}

#[async_trait]
impl TokenSource for FederatedCredential {
    fn method(&self) -> AzureMethod {
        AzureMethod::FederatedCredential
    }

    async fn token(
        &self,
        call: Call<'_>,
        identity: Identity<'_>,
        audience: Audience,
    ) -> Result<AccessToken, CallFailure> {
        let assertion = async {
            let token = self.tokens.token(&self.audience).await;
            token.map_err(|error| CallFailure::of_identity(&error))
        };
        let assertion = call.within("the issuer of identity tokens", assertion).await?.token;
        call.attempt(ENTRA, || async {
            let (transport, client_options) = self.entra.transport();
            // A credential for each attempt: the SDK's would keep tokens, and hand out what is left of them.
            let credential = ClientAssertionCredential::new(
                self.entra.tenant().to_owned(),
                identity.client_id.to_string(),
                Assertion(assertion.clone()),
                Some(ClientAssertionCredentialOptions { client_options }),
            );
            let credential = credential
                .map_err(|_| CallFailure::new(ENTRA, Problem::NotSent("the tenant's id is none")))?;
            let token = credential.get_token(&[audience.token_scope()], None).await;
            let token = token.map_err(|_| transport.failure())?;
            AccessToken::new(&token, call.now()).map_err(|problem| CallFailure::new(ENTRA, problem))
        })
        .await
    }
}

/// The assertion, at hand.
#[derive(Debug)]
struct Assertion(Secret);

#[async_trait]
impl ClientAssertion for Assertion {
    async fn secret(&self, _options: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        Ok(self.0.reveal().to_owned())
    }
}
