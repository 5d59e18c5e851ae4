use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::TokenCredential as _;
use azure_identity::{ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId};
use deputize_broker::credential::AzureMethod;
use deputize_http::{Call, CallFailure, Client, Problem, Url};
use deputize_scope::azure::Audience;

use crate::authority::options;
use crate::refusal::machine;
use crate::source::{AccessToken, Identity, TokenSource};
use crate::transport::{Place, Transport};

const SERVICE: &str = "the machine's identity endpoint";

/// Where every machine of Azure's has its metadata service.
const IMDS: &str = "http://169.254.169.254";

/// Proves a managed identity by the machine that the broker runs on: a virtual machine's metadata service, or what App
/// Service and Functions put into the environment (`IDENTITY_ENDPOINT`, `IDENTITY_HEADER`).
pub struct ManagedIdentity {
    client: Client,
    imds: Option<Url>,
}

impl fmt::Debug for ManagedIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManagedIdentity")
            .field("imds", &self.imds.as_ref().map(Url::as_str))
            .finish_non_exhaustive()
    }
}

impl ManagedIdentity {
    /// This machine's. The client has to go through no proxy. `imds` is where the metadata service is, where that is not
    /// Azure's own address (`AZURE_POD_IDENTITY_AUTHORITY_HOST`).
    pub fn new(client: Client, imds: Option<Url>) -> Self {
        Self { client, imds }
    }
}

#[async_trait]
impl TokenSource for ManagedIdentity {
    fn method(&self) -> AzureMethod {
        AzureMethod::ManagedIdentity
    }

    async fn token(
        &self,
        call: Call<'_>,
        identity: Identity<'_>,
        audience: Audience,
    ) -> Result<AccessToken, CallFailure> {
        call.attempt(SERVICE, || async {
            let place = self.imds.clone().map(|outside| Place { inside: IMDS, outside });
            let transport = Arc::new(Transport::new(self.client.clone(), SERVICE, place, machine));
            let credential = ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
                user_assigned_id: Some(UserAssignedId::ClientId(identity.client_id.to_string())),
                client_options: options(&transport),
            }));
            // Azure Arc and Service Fabric have no identities to choose from, and the SDK does not know all of them.
            let unsupported = "the kind of managed identity is not supported";
            let credential =
                credential.map_err(|_| CallFailure::new(SERVICE, Problem::NotSent(unsupported)))?;
            let token = credential.get_token(&[audience.token_scope()], None).await;
            let token = token.map_err(|_| transport.failure())?;
            AccessToken::new(&token, call.now()).map_err(|problem| CallFailure::new(SERVICE, problem))
        })
        .await
    }
}
