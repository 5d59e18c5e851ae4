use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use deputize_broker::credential::{AzureMethod, AzureToken, Credential};
use deputize_broker::decision::{AzurePlan, Plan};
use deputize_broker::lease::Outcome;
use deputize_broker::ports::minter::{MintError, MintOrder, Minted, Minter};
use deputize_http::{CallFailure, Caller};
use deputize_scope::identifier::CredentialType;

use crate::source::{AccessToken, Identity, TokenSource};

/// Mints access tokens of identities in Entra.
///
/// Entra takes no lifetime with a request: how long a token lives, the tenant's policy says.
pub struct AzureMinter {
    mints: CredentialType,
    first: Arc<dyn TokenSource>,
    other: Option<Arc<dyn TokenSource>>,
    by_secret: Option<Arc<dyn TokenSource>>,
    caller: Arc<Caller>,
}

impl fmt::Debug for AzureMinter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AzureMinter")
            .field("mints", &self.mints)
            .field("method", &self.first.method())
            .field("otherwise", &self.other.as_ref().map(|other| other.method()))
            .finish_non_exhaustive()
    }
}

impl AzureMinter {
    /// A minter of `azure_managed_identity`.
    pub fn managed_identity(caller: Arc<Caller>, source: Arc<dyn TokenSource>) -> Self {
        Self {
            mints: CredentialType::AzureManagedIdentity,
            first: source,
            other: None,
            by_secret: None,
            caller,
        }
    }

    /// A minter of `azure_service_principal`.
    pub fn service_principal(caller: Arc<Caller>, source: Arc<dyn TokenSource>) -> Self {
        Self {
            mints: CredentialType::AzureServicePrincipal,
            first: source,
            other: None,
            by_secret: None,
            caller,
        }
    }

    /// The same minter with another source for when the first is not there, as a [`KeyVault`](crate::KeyVault) across
    /// clouds. It makes up for no answer, never for a denial; and the first is asked once only, so that time is left.
    pub fn or_else(self, other: Arc<dyn TokenSource>) -> Self {
        Self { other: Some(other), ..self }
    }

    /// The same minter with a source for applications that have a client secret, which the scope document declares: for
    /// those it is the first to be asked.
    pub fn with_secrets(self, source: Arc<dyn TokenSource>) -> Self {
        Self { by_secret: Some(source), ..self }
    }

    async fn token(
        &self,
        plan: &AzurePlan,
        identity: Identity<'_>,
    ) -> Result<(AccessToken, AzureMethod), CallFailure> {
        let call = self.caller.begin();
        let by_secret = self.by_secret.as_ref().filter(|_| plan.secret.is_some());
        let first = by_secret.unwrap_or(&self.first);
        let Some(other) = &self.other else {
            let token = first.token(call, identity, plan.audience).await?;
            return Ok((token, first.method()));
        };
        match first.token(call.once(), identity, plan.audience).await {
            Ok(token) => Ok((token, first.method())),
            Err(failure) if failure.problem.is_unavailability() => {
                let token = other.token(call, identity, plan.audience).await?;
                Ok((token, other.method()))
            }
            Err(failure) => Err(failure),
        }
    }
}

#[async_trait]
impl Minter for AzureMinter {
    fn mints(&self) -> CredentialType {
        self.mints
    }

    async fn mint(&self, order: &MintOrder) -> Result<Minted, MintError> {
        let Plan::AzureToken(plan) = &order.plan else { return Err(MintError::misdirected()) };
        let identity = Identity {
            client_id: &plan.client_id,
            agent: &order.agent,
            tenant: &order.tenant,
            lease: order.lease,
            secret: plan.secret.as_ref(),
        };
        let (AccessToken { token, expires_at }, method) = self.token(plan, identity).await?;
        Ok(Minted {
            credential: Credential::AzureToken(AzureToken { access_token: token, method }),
            outcome: Outcome { expires_at, session: None, packed_policy_size: None },
        })
    }
}
