use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use deputize_broker::credential::{Credential, GcpToken};
use deputize_broker::decision::{GcpPlan, Plan};
use deputize_broker::lease::Outcome;
use deputize_broker::ports::minter::{MintError, MintOrder, Minted, Minter};
use deputize_http::CallFailure;
use deputize_scope::Seconds;
use deputize_scope::identifier::CredentialType;
use gcp_auth::TokenProvider;

use crate::google::{CLOUD_PLATFORM, Google};
use crate::token::{AccessToken, unwrap};

/// Mints access tokens of service accounts, from a token of the broker's own.
///
/// The broker's identity needs `iam.serviceAccounts.getAccessToken` on the agent's account
/// (`roles/iam.serviceAccountTokenCreator`). Where the plan has an access boundary, the token without it never leaves
/// the broker.
pub struct GcpMinter {
    mints: CredentialType,
    own: Arc<dyn TokenProvider>,
    google: Arc<Google>,
}

impl fmt::Debug for GcpMinter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GcpMinter").field("mints", &self.mints).finish_non_exhaustive()
    }
}

impl GcpMinter {
    /// A minter of `gcp_workload_identity`: `own` are [`FederatedTokens`](crate::FederatedTokens).
    pub fn workload_identity(google: Arc<Google>, own: Arc<dyn TokenProvider>) -> Self {
        Self { mints: CredentialType::GcpWorkloadIdentity, own, google }
    }

    /// A minter of `gcp_service_account`: `own` are those of the machine or the user.
    pub fn service_account(google: Arc<Google>, own: Arc<dyn TokenProvider>) -> Self {
        Self { mints: CredentialType::GcpServiceAccount, own, google }
    }

    async fn token(&self, plan: &GcpPlan, lifetime: Seconds) -> Result<AccessToken, CallFailure> {
        let call = self.google.begin();
        let own = async { self.own.token(&[CLOUD_PLATFORM]).await.map_err(unwrap) };
        let own = call.within("the source of the broker's own identity at Google", own).await?;
        let GcpPlan { service_account, token } = plan;
        let broad = self.google.impersonate(call, own.as_str(), service_account, token, lifetime).await?;
        match &token.boundary {
            Some(boundary) => self.google.narrow(call, &broad, boundary).await,
            None => Ok(broad),
        }
    }
}

#[async_trait]
impl Minter for GcpMinter {
    fn mints(&self) -> CredentialType {
        self.mints
    }

    async fn mint(&self, order: &MintOrder) -> Result<Minted, MintError> {
        let Plan::GcpToken(plan) = &order.plan else { return Err(MintError::misdirected()) };
        let AccessToken { token, expires_at } = self.token(plan, order.duration).await?;
        Ok(Minted {
            credential: Credential::GcpToken(GcpToken {
                access_token: token,
                service_account: plan.service_account.to_string(),
            }),
            outcome: Outcome { expires_at, session: None, packed_policy_size: None },
        })
    }
}
