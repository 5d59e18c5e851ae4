//! Issuing access tokens of OAuth 2.0: by the client's secret, or by a refresh token that is good for one use.
//!
//! A refresh token is claimed by a conditional write before it is sent, so that two issuances never send the same one;
//! its successor is stored before the access token leaves. A provider that refuses a successor says that somebody else
//! has used it: an incident, after which the credential is used no more until another is connected.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deputize_scope::identifier::CredentialType;
use jiff::{SignedDuration, Timestamp};

use super::facts::OauthGrant;
use super::minter::{after, mint_error, reading};
use super::record::{CredentialRecord, RefreshClaim, SealedVersion};
use super::secret::{StoredOauth, StoredSecret};
use super::vault::{Vault, read_event};
use crate::audit::{AuditEvent, VersionCause, What};
use crate::caller::Actor;
use crate::credential::{Credential, OauthToken};
use crate::decision::Plan;
use crate::lease::{LeaseId, Outcome};
use crate::ports::StoreError;
use crate::ports::credentials::{ChangeError, CredentialChange};
use crate::ports::minter::{MintError, MintOrder, Minted, Minter};
use crate::ports::oauth::{TokenAnswer, TokenEndpoint, TokenError};
use crate::secret::Secret;

/// How long a claim stands that nothing is heard of. Far above the bound of a call, so that a token is sent again only
/// when its first sender is gone; below that of a pending lease.
const CLAIM_LIFE: SignedDuration = SignedDuration::from_secs(45);
/// How often, and with which pauses, another's claim is waited for: 5 s in all.
const LOOKS: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);
/// How often a successor is tried to be stored: losing it loses the access.
const ATTEMPTS: u32 = 4;

/// Issues access tokens of any provider of OAuth 2.0.
#[derive(Clone)]
pub struct OauthMinter {
    vault: Vault,
    endpoint: Arc<dyn TokenEndpoint>,
}

impl std::fmt::Debug for OauthMinter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OauthMinter").field("vault", &self.vault).finish_non_exhaustive()
    }
}

#[async_trait]
impl Minter for OauthMinter {
    fn mints(&self) -> CredentialType {
        CredentialType::OauthToken
    }

    async fn mint(&self, order: &MintOrder) -> Result<Minted, MintError> {
        let Plan::Stored(plan) = &order.plan else { return Err(MintError::misdirected()) };
        let mut looks = 0;
        loop {
            let reading = reading(order, &plan.credential, CredentialType::OauthToken);
            let record = self.vault.record(&reading).await.map_err(mint_error)?;
            let client = self.open(&record).await?;
            if client.facts.grant == OauthGrant::ClientCredentials {
                let what = read_event(&record, Some(order.lease));
                let event = self.vault.event(&record.tenant, Actor::Broker, what);
                self.vault.outbox.record(&event).await.map_err(unavailable)?;
                let answer = self.endpoint.token(&client).await.map_err(token_error)?;
                return Ok(self.minted(order, answer));
            }
            if let Some(claimed) = self.claim(&record, Some(order.lease)).await? {
                let answer = self.refresh(&claimed, &client, Some(order.lease)).await?;
                return Ok(self.minted(order, answer));
            }
            looks += 1;
            if looks >= LOOKS {
                let source = "another request is using the refresh token".into();
                return Err(MintError::Unavailable { retry_after: Some(Duration::from_secs(1)), source });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl OauthMinter {
    /// A minter that asks through this endpoint.
    pub fn new(vault: Vault, endpoint: Arc<dyn TokenEndpoint>) -> Self {
        Self { vault, endpoint }
    }

    /// Uses the refresh token once and drops the access token, so that the provider replaces what is stored. `Ok(false)`:
    /// somebody else is doing so.
    pub(crate) async fn renew(&self, record: &CredentialRecord) -> Result<bool, MintError> {
        let client = self.open(record).await?;
        let Some(claimed) = self.claim(record, None).await? else { return Ok(false) };
        self.refresh(&claimed, &client, None).await.map(|_| true)
    }

    async fn open(&self, record: &CredentialRecord) -> Result<StoredOauth, MintError> {
        match self.vault.open(record).await.map_err(mint_error)? {
            StoredSecret::Oauth(client) => Ok(client),
            _ => Err(MintError::misdirected()),
        }
    }

    /// Takes the right to use the refresh token once; `None` where another has it. That the token is taken out is
    /// written down in the same transaction.
    async fn claim(
        &self,
        record: &CredentialRecord,
        lease: Option<LeaseId>,
    ) -> Result<Option<CredentialRecord>, MintError> {
        let now = self.vault.clock.now();
        if record.refreshing.as_ref().is_some_and(|claim| claim.until > now) {
            return Ok(None);
        }
        let until = now.checked_add(CLAIM_LIFE).unwrap_or(Timestamp::MAX);
        let refreshing = Some(RefreshClaim { lease, until });
        let claimed = CredentialRecord { refreshing, ..record.changed() };
        let event = self.vault.event(&record.tenant, Actor::Broker, read_event(record, lease));
        let (before, after) = (Some(record.clone()), claimed.clone());
        let change = CredentialChange { before, after, version: None, event: Some(event) };
        match self.vault.credentials.change(change).await {
            Ok(()) => Ok(Some(claimed)),
            Err(ChangeError::Superseded) => Ok(None),
            Err(ChangeError::Store(error)) => Err(unavailable(error)),
        }
    }

    async fn refresh(
        &self,
        claimed: &CredentialRecord,
        client: &StoredOauth,
        lease: Option<LeaseId>,
    ) -> Result<TokenAnswer, MintError> {
        match self.endpoint.token(client).await {
            Ok(mut answer) => {
                match answer.refresh_token.take() {
                    Some(successor) => self.succeed(claimed, client, successor, lease).await?,
                    None => self.release(claimed, lease, None).await,
                }
                Ok(answer)
            }
            Err(TokenError::Refused { code }) => {
                self.refused(claimed, lease, &code).await;
                Err(token_error(TokenError::Refused { code }))
            }
            Err(error @ TokenError::Unavailable { .. }) => {
                self.release(claimed, lease, Some("unavailable")).await;
                Err(token_error(error))
            }
            // Whether the token was used is not known. The claim stands until it lapses, and is told of then.
            Err(TokenError::Lost(source)) => {
                Err(MintError::Unavailable { retry_after: Some(CLAIM_LIFE.unsigned_abs()), source })
            }
        }
    }

    /// Stores the next refresh token. Until it is, the access token does not leave.
    async fn succeed(
        &self,
        claimed: &CredentialRecord,
        client: &StoredOauth,
        successor: Secret,
        lease: Option<LeaseId>,
    ) -> Result<(), MintError> {
        let secret = StoredSecret::Oauth(StoredOauth { refresh_token: Some(successor), ..client.clone() });
        let number = claimed.next_version();
        let what = What::CredentialVersionAdded {
            credential: claimed.id.clone(),
            agent: claimed.agent.clone(),
            version: number,
            replaced: claimed.current,
            cause: VersionCause::Refreshed,
            lease,
        };
        let event = self.vault.event(&claimed.tenant, Actor::Broker, what);
        let now = self.vault.clock.now();
        let succeeded = |record: &CredentialRecord| record.with_current(number, secret.facts(), now);
        let mut attempt = 0;
        loop {
            attempt += 1;
            let written = match self.vault.seal(claimed, number, &secret, true).await {
                Ok(version) => self
                    .end(claimed, succeeded, Some(version), event.clone())
                    .await
                    .map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            match written {
                Ok(()) => return Ok(()),
                Err(error) if attempt >= ATTEMPTS => {
                    tracing::error!(credential = %claimed.id, error, "a refresh token is lost: connect again");
                    return Err(MintError::Unavailable { retry_after: None, source: error.into() });
                }
                Err(_) => tokio::time::sleep(PAUSE * attempt).await,
            }
        }
    }

    /// Gives the claim back. Where that fails it lapses by itself.
    async fn release(&self, claimed: &CredentialRecord, lease: Option<LeaseId>, trouble: Option<&str>) {
        let what = What::RefreshEnded {
            credential: claimed.id.clone(),
            agent: claimed.agent.clone(),
            version: claimed.current,
            lease,
            trouble: trouble.map(str::to_owned),
        };
        let event = self.vault.event(&claimed.tenant, Actor::Broker, what);
        let free = |record: &CredentialRecord| CredentialRecord { refreshing: None, ..record.changed() };
        if let Err(error) = self.end(claimed, free, None, event).await {
            tracing::warn!(credential = %claimed.id, %error, "a claim on a refresh token is left to lapse");
        }
    }

    /// A refusal ends the claim. Where a token is refused that the provider itself gave for the former one, somebody
    /// else has used it, and nothing is to come of it any more.
    async fn refused(&self, claimed: &CredentialRecord, lease: Option<LeaseId>, code: &str) {
        let version = self.vault.credentials.version(&claimed.tenant, &claimed.id, claimed.current).await;
        let is_successor = version.is_ok_and(|version| version.is_some_and(|version| version.refreshed));
        if code != "invalid_grant" || !is_successor {
            return self.release(claimed, lease, Some(code)).await;
        }
        tracing::error!(credential = %claimed.id, "a refresh token was used by somebody else");
        let compromised_at = Some(self.vault.clock.now());
        let closed = |record: &CredentialRecord| CredentialRecord {
            refreshing: None,
            compromised_at,
            ..record.changed()
        };
        let what = What::RefreshTokenReused {
            credential: claimed.id.clone(),
            agent: claimed.agent.clone(),
            version: claimed.current,
            lease,
        };
        let event = self.vault.event(&claimed.tenant, Actor::Broker, what);
        if let Err(error) = self.end(claimed, closed, None, event).await {
            tracing::error!(credential = %claimed.id, %error, "an incident could not be recorded");
        }
    }

    /// Ends a claim, over whatever else has changed on record meanwhile: rotation writes to it too.
    async fn end(
        &self,
        claimed: &CredentialRecord,
        ended: impl Fn(&CredentialRecord) -> CredentialRecord,
        version: Option<SealedVersion>,
        event: AuditEvent,
    ) -> Result<(), ChangeError> {
        let mut before = claimed.clone();
        for _ in 0..ATTEMPTS {
            let after = ended(&before);
            let (version, event) = (version.clone(), Some(event.clone()));
            let change = CredentialChange { before: Some(before), after, version, event };
            match self.vault.credentials.change(change).await {
                Err(ChangeError::Superseded) => {}
                written => return written,
            }
            let found = self.vault.credentials.find(&claimed.tenant, &claimed.id).await?;
            let is_held = |found: &CredentialRecord| {
                found.refreshing == claimed.refreshing && found.current == claimed.current
            };
            before = found.filter(is_held).ok_or(ChangeError::Superseded)?;
        }
        Err(ChangeError::Superseded)
    }

    fn minted(&self, order: &MintOrder, answer: TokenAnswer) -> Minted {
        let now = self.vault.clock.now();
        let expires_at = match answer.expires_in {
            Some(life) => SignedDuration::try_from(life)
                .ok()
                .and_then(|life| now.checked_add(life).ok())
                .unwrap_or(Timestamp::MAX),
            None => after(now, order.duration),
        };
        let outcome = Outcome { expires_at, session: None, packed_policy_size: None };
        let credential = Credential::OauthToken(OauthToken {
            access_token: answer.access_token,
            token_type: answer.token_type,
        });
        Minted { credential, outcome }
    }
}

fn unavailable(error: StoreError) -> MintError {
    MintError::Unavailable { retry_after: None, source: Box::new(error) }
}

fn token_error(error: TokenError) -> MintError {
    match error {
        TokenError::Refused { code } => {
            let source = TokenError::Refused { code: code.clone() };
            MintError::Refused { code, source: Box::new(source) }
        }
        TokenError::Unavailable { retry_after, source } => MintError::Unavailable { retry_after, source },
        TokenError::Lost(source) => MintError::Unavailable { retry_after: None, source },
    }
}
