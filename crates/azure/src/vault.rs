use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::{
    AccessToken as SdkToken, Secret as SdkSecret, TokenCredential, TokenRequestOptions,
};
use azure_core::time::OffsetDateTime;
use azure_security_keyvault_secrets::{SecretClient, SecretClientOptions};
use deputize_broker::Secret;
use deputize_broker::credential::AzureMethod;
use deputize_http::{Call, CallFailure, Client, Problem, Url, is_local};
use deputize_scope::azure::{Audience, ClientId};

use crate::authority::{NotAnAuthority, options};
use crate::refusal::vault;
use crate::secret::ClientSecrets;
use crate::source::{AccessToken, Identity, TokenSource};
use crate::transport::{Place, Transport};

const SERVICE: &str = "key vault";

/// Stands for a vault of this machine inside the SDK, which sends tokens over https alone.
const INSIDE: &str = "https://vault.invalid";

/// Secrets of applications that a key vault keeps, one for each agent.
///
/// The vault itself wants a token: its reader's, who needs `Key Vault Secrets User` on it.
pub struct KeyVault {
    client: Client,
    vault: Url,
    name: String,
    reader: Arc<dyn TokenSource>,
    reader_id: ClientId,
}

impl fmt::Debug for KeyVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyVault")
            .field("vault", &self.vault.as_str())
            .field("name", &self.name)
            .field("reader_id", &self.reader_id)
            .finish_non_exhaustive()
    }
}

impl KeyVault {
    /// The secrets of this name in a vault (`https://NAME.vault.azure.net`), with `{agent}` for the agent's name in it,
    /// such as `agent-{agent}-credential`; read as `reader_id`.
    pub fn new(
        client: Client,
        vault: Url,
        name: String,
        reader: Arc<dyn TokenSource>,
        reader_id: ClientId,
    ) -> Result<Self, NotAnAuthority> {
        if vault.scheme() == "https" || is_local(&vault) {
            Ok(Self { client, vault, name, reader, reader_id })
        } else {
            Err(NotAnAuthority)
        }
    }

    async fn read(&self, name: &str, token: AccessToken) -> Result<Secret, CallFailure> {
        // A vault of this machine is a sandbox: without TLS, and with a challenge that names Microsoft's domain.
        let place = is_local(&self.vault).then(|| Place { inside: INSIDE, outside: self.vault.clone() });
        let (address, verify) = if place.is_some() { (INSIDE, false) } else { (self.vault.as_str(), true) };
        let transport = Arc::new(Transport::new(self.client.clone(), SERVICE, place, vault));
        let options = SecretClientOptions {
            client_options: options(&transport),
            verify_challenge_resource: Some(verify),
            ..SecretClientOptions::default()
        };
        let client = SecretClient::new(address, Arc::new(Reader(token)), Some(options));
        let client =
            client.map_err(|_| CallFailure::new(SERVICE, Problem::NotSent("the vault's address is none")))?;
        let answer = client.get_secret(name, None).await.map_err(|_| transport.failure())?;
        let secret = answer.into_model().map_err(|_| transport.failure())?;
        let value = secret.value.filter(|value| !value.is_empty());
        value.map(Secret::new).ok_or_else(|| CallFailure::new(SERVICE, Problem::Unreadable))
    }
}

#[async_trait]
impl ClientSecrets for KeyVault {
    fn method(&self) -> AzureMethod {
        AzureMethod::KeyVault
    }

    async fn secret(&self, call: Call<'_>, identity: Identity<'_>) -> Result<Secret, CallFailure> {
        let reader = Identity { client_id: &self.reader_id, ..identity };
        let token = self.reader.token(call, reader, Audience::KeyVault).await?;
        let name = self.name.replace("{agent}", identity.agent.as_str());
        call.attempt(SERVICE, || self.read(&name, token.clone())).await
    }
}

/// Has the token that the vault will want, and no other: whatever its challenge names.
#[derive(Debug)]
struct Reader(AccessToken);

#[async_trait]
impl TokenCredential for Reader {
    async fn get_token(
        &self,
        _scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<SdkToken> {
        let token = SdkSecret::new(self.0.token.reveal().to_owned());
        let ends = OffsetDateTime::from_unix_timestamp(self.0.expires_at.as_second());
        Ok(SdkToken::new(token, ends.unwrap_or(OffsetDateTime::UNIX_EPOCH)))
    }
}
