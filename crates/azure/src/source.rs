use async_trait::async_trait;
use azure_core::credentials::AccessToken as SdkToken;
use deputize_broker::Secret;
use deputize_broker::credential::AzureMethod;
use deputize_broker::lease::LeaseId;
use deputize_http::{Call, CallFailure, Problem};
use deputize_scope::azure::{Audience, ClientId};
use deputize_scope::identifier::CredentialId;
use deputize_scope::{AgentId, TenantId};
use jiff::Timestamp;

/// Whose token is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// The application or managed identity.
    pub client_id: &'a ClientId,
    /// The agent that will hold the token.
    pub agent: &'a AgentId,
    /// The tenant of the broker's, which is none of Entra's.
    pub tenant: &'a TenantId,
    /// The lease that the token belongs to.
    pub lease: LeaseId,
    /// The stored credential that proves the application, where one does.
    pub secret: Option<&'a CredentialId>,
}

/// An access token, and when it ends.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// Goes with every request.
    pub token: Secret,
    /// When it ends, as Microsoft says.
    pub expires_at: Timestamp,
}

/// One way to prove an identity to Entra.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// The way.
    fn method(&self) -> AzureMethod;

    /// A token of an identity for an audience.
    async fn token(
        &self,
        call: Call<'_>,
        identity: Identity<'_>,
        audience: Audience,
    ) -> Result<AccessToken, CallFailure>;
}

impl AccessToken {
    /// What the SDK read. It has to fit into a header, and to have a time before it.
    pub(crate) fn new(given: &SdkToken, now: Timestamp) -> Result<Self, Problem> {
        let token = given.token.secret();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Problem::Unreadable);
        }
        match Timestamp::from_second(given.expires_on.unix_timestamp()) {
            Ok(expires_at) if expires_at > now => {
                Ok(Self { token: Secret::new(token.to_owned()), expires_at })
            }
            _ => Err(Problem::Ended),
        }
    }
}
