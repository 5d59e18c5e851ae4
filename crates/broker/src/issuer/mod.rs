//! The broker as its own issuer of identity tokens (OpenID Connect), where neither AWS nor a file says who it is.
//!
//! Tokens are signed under a key that a [keeper](SigningKeys) keeps; [`Schedule`] says which one, and when there is to be
//! another. Clouds that trust the issuer's URL verify them by the two documents that anybody may read.

mod document;
mod journal;
mod name;
mod schedule;
mod token;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use deputize_scope::{Seconds, TenantId};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

pub use self::document::{DISCOVERY, Document, KEY_SET};
use self::journal::Journal;
pub use self::name::{InvalidIssuerUrl, InvalidSubject, IssuerUrl, Subject};
pub use self::schedule::{InvalidSchedule, Plan, Schedule};
use self::token::{Claims, Unsigned};
use crate::lease::fresh_uuid;
use crate::ports::audit::AuditOutbox;
use crate::ports::clock::{Clock, Random};
use crate::ports::identity::{IdentityError, IdentityToken, IdentityTokens};
use crate::ports::signing::{NewKey, SigningError, SigningKey, SigningKeys};

/// How long keys are used as they were read. What the schedule changes shows at once; this is for what somebody does to
/// them by hand, and for a key that could not be made.
const REREAD: SignedDuration = SignedDuration::from_mins(1);

/// The longest audience: longer than any cloud's, and with the other claims within what a keeper signs.
const LONGEST_AUDIENCE: usize = 1_000;

/// Who the issuer is, and when it does what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerSettings {
    /// Its URL.
    pub url: IssuerUrl,
    /// What its tokens name in `sub`.
    pub subject: Subject,
    /// The times of keys and tokens.
    pub schedule: Schedule,
}

/// Signs tokens that say who the broker is, and publishes the keys to verify them with.
pub struct Issuer {
    settings: IssuerSettings,
    keys: Arc<dyn SigningKeys>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    known: Mutex<Option<Known>>,
    journal: Option<Journal>,
}

/// What was planned with the keys as they were read.
struct Known {
    plan: Plan,
    read_at: Timestamp,
    until: Timestamp,
}

impl Issuer {
    /// An issuer whose keys are kept there. The first one is made when it is first needed.
    pub fn new(
        settings: IssuerSettings,
        keys: Arc<dyn SigningKeys>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self { settings, keys, clock, random, known: Mutex::default(), journal: None }
    }

    /// The same issuer, which writes down which keys it makes and forgets. Keys that somebody else makes, as at KMS, are
    /// told of by whoever makes them.
    #[must_use]
    pub fn recording(mut self, tenant: TenantId, outbox: Arc<dyn AuditOutbox>) -> Self {
        self.journal = Some(Journal::new(tenant, outbox));
        self
    }

    /// Who the issuer is.
    pub fn settings(&self) -> &IssuerSettings {
        &self.settings
    }

    /// The document that says where the keys are. Served at [`DISCOVERY`].
    pub fn discovery(&self) -> Document {
        document::discovery(&self.settings.url, self.settings.schedule.max_age())
    }

    /// The keys that verify this issuer's tokens, those of the next day included. Served at [`KEY_SET`].
    pub async fn key_set(&self) -> Result<Document, SigningError> {
        let plan = self.plan().await?;
        document::key_set(&plan.published, self.settings.schedule.max_age()).map_err(defect)
    }

    /// What the keys are to be used for now. A key that is due is made first; where it cannot be, the others go on.
    async fn plan(&self) -> Result<Plan, SigningError> {
        // Whoever comes while keys are read or made waits for them.
        let mut known = self.known.lock().await;
        let now = self.clock.now();
        if let Some(known) = known.as_ref().filter(|known| (known.read_at..known.until).contains(&now)) {
            return Ok(known.plan.clone());
        }
        let schedule = &self.settings.schedule;
        let mut plan = schedule.plan(&self.keys.keys().await?, now);
        if let Some(order) = &plan.due {
            match self.add(order).await {
                Ok(keys) => plan = schedule.plan(&keys, now),
                Err(error) if plan.signing.is_none() => return Err(error),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "the next signing key was not made");
                }
            }
        }
        if let Some(journal) = &self.journal {
            journal.write().await;
        }
        let known_already = known.as_ref().is_some_and(|known| known.plan.due.is_some());
        if plan.due.is_some() && !known_already {
            tracing::warn!("the next signing key is due, and there is none");
        }
        let reread = now.saturating_add(REREAD).unwrap_or(Timestamp::MAX);
        let until = plan.changes_at.map_or(reread, |change| change.min(reread));
        *known = Some(Known { plan: plan.clone(), read_at: now, until });
        Ok(plan)
    }

    async fn add(&self, order: &NewKey) -> Result<Vec<SigningKey>, SigningError> {
        let keys = self.keys.add(order).await?;
        if let Some(last) = keys.last().filter(|last| Some(last.public.id()) != order.after.as_ref()) {
            tracing::info!(key = %last.public.id(), signs_from = %last.signs_from, "there is a new signing key");
            // Where somebody else was faster, it is theirs to tell.
            if let Some(journal) = &self.journal
                && last.signs_from == order.signs_from
            {
                journal.made(&self.settings.url, last, order, &*self.clock, &*self.random).await;
            }
        }
        Ok(keys)
    }

    async fn sign(&self, audience: &str) -> Result<IdentityToken, SigningError> {
        let key = self.plan().await?.signing.ok_or_else(|| defect("there is no signing key"))?;
        let now = self.clock.now();
        let expires_at = end(now, self.settings.schedule.lifetime());
        let claims = Claims {
            iss: self.settings.url.as_str(),
            sub: self.settings.subject.as_str(),
            aud: audience,
            iat: now.as_second(),
            nbf: now.as_second(),
            exp: expires_at.as_second(),
            jti: &fresh_uuid(&*self.clock, &*self.random).to_string(),
        };
        let token = Unsigned::new(&claims, &key).map_err(defect)?;
        let signature = self.keys.sign(&key, token.message()).await?;
        Ok(IdentityToken { token: token.signed(&signature), expires_at })
    }
}

/// Each token is a fresh one, with an id of its own.
#[async_trait]
impl IdentityTokens for Issuer {
    async fn token(&self, audience: &str) -> Result<IdentityToken, IdentityError> {
        let sound = audience.bytes().all(|byte| byte.is_ascii_graphic());
        if !(1..=LONGEST_AUDIENCE).contains(&audience.len()) || !sound {
            let source =
                format!("an audience has 1 to {LONGEST_AUDIENCE} printable characters of ASCII").into();
            return Err(IdentityError::Refused { code: "issuer_audience".to_owned(), source });
        }
        self.sign(audience).await.map_err(|error| match error {
            SigningError::Unusable { .. } => {
                IdentityError::Refused { code: "issuer_key_unusable".to_owned(), source: Box::new(error) }
            }
            SigningError::Unavailable(_) => IdentityError::Unavailable(Box::new(error)),
        })
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The second in which a token ends: claims count whole ones.
fn end(now: Timestamp, lifetime: Seconds) -> Timestamp {
    let whole = Timestamp::from_second(now.as_second()).unwrap_or(now);
    whole.saturating_add(SignedDuration::from_secs(lifetime.get().into())).unwrap_or(Timestamp::MAX)
}

fn defect(cause: impl Into<crate::ports::Source>) -> SigningError {
    SigningError::Unavailable(cause.into())
}
