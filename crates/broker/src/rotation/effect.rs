//! One effect, and what came of it.

use std::time::Duration;

use deputize_scope::identifier::CredentialType;

use super::driver::Rotator;
use super::machine::{Effect, Event, Means, Trouble};
use super::schedule::Renewal;
use super::state::{Next, Phase};
use super::told::Reason;
use crate::ports::minter::MintError;
use crate::ports::rotation::{Abilities, KeyId, KeyProvider, OperationId, ProviderError, Subject};
use crate::stored::facts::{Facts, OauthGrant};
use crate::stored::record::{VersionNumber, VersionState};
use crate::stored::{CredentialRecord, SealedVersion, StoredSecret};

/// How long a provider may take. The adapter's own bound is lower: this one is for an adapter that has none.
const CALL: Duration = Duration::from_secs(20);
/// How often a new key is tried to be sealed. A key that cannot be is taken for lost, and looked for.
const SEALS: u32 = 3;

/// What a worker has in hand of the credential that it takes on.
#[derive(Debug)]
pub(super) struct Hand {
    pub(super) means: Means,
    /// The text of the connector.
    connector: Option<String>,
    /// Versions that were opened.
    opened: Vec<(VersionNumber, StoredSecret)>,
}

impl Default for Hand {
    fn default() -> Self {
        Self { means: Means::Nobody(Reason::NoConnector), connector: None, opened: Vec::new() }
    }
}

/// What came of an effect.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) event: Event,
    /// A version that is written in the same transaction.
    pub(super) version: Option<SealedVersion>,
}

impl From<Event> for Done {
    fn from(event: Event) -> Self {
        Self { event, version: None }
    }
}

impl Rotator {
    /// Finds out by what a credential is renewed, and opens what that takes.
    pub(super) async fn prepare(&self, record: &CredentialRecord, hand: &mut Hand) -> Result<(), Trouble> {
        hand.means = match (Renewal::of(record.kind), &record.facts) {
            (Renewal::EndsByItself(_), _) => Means::Nobody(Reason::NotRenewable),
            (Renewal::Exchange(_), Facts::Oauth(client)) if client.grant == OauthGrant::RefreshToken => {
                match self.providers.tokens {
                    Some(_) => Means::Exchange,
                    None => Means::Nobody(Reason::NotRenewable),
                }
            }
            (Renewal::Exchange(_), _) => Means::Nobody(Reason::NotRenewable),
            (Renewal::Keys(_), _) => self.key_means(record, hand).await?,
        };
        Ok(())
    }

    async fn key_means(&self, record: &CredentialRecord, hand: &mut Hand) -> Result<Means, Trouble> {
        let Some(provider) = self.providers.keys.get(&record.kind) else {
            return Ok(Means::Nobody(Reason::NoConnector));
        };
        if let Some(name) = &record.schedule.connector {
            let found = self.broker.ports.connectors.find(&record.tenant, name).await;
            hand.connector = found.map_err(|_| passing("store_unavailable"))?.map(|found| found.text);
        }
        if record.kind == CredentialType::ApiKey && hand.connector.is_none() {
            return Ok(Means::Nobody(Reason::NoConnector));
        }
        self.open(record, hand, record.current).await?;
        let subject = subject(record, hand).ok_or_else(|| passing("does_not_open"))?;
        Ok(match provider.abilities(&subject) {
            Ok(abilities) => {
                let windows = (self.providers.windows)(abilities.windows);
                Means::Keys(Abilities { windows, ..abilities })
            }
            Err(error) => {
                tracing::warn!(credential = %record.id, %error, "a connector cannot be used");
                Means::Nobody(Reason::InvalidConnector)
            }
        })
    }

    /// Runs an effect.
    pub(super) async fn perform(&self, record: &CredentialRecord, hand: &mut Hand, effect: &Effect) -> Done {
        let done = match effect {
            Effect::Renew => Ok(self.renew(record).await.into()),
            _ => self.at_provider(record, hand, effect).await,
        };
        done.unwrap_or_else(|trouble| Event::Trouble(trouble).into())
    }

    async fn at_provider(
        &self,
        record: &CredentialRecord,
        hand: &mut Hand,
        effect: &Effect,
    ) -> Result<Done, Trouble> {
        let provider = self.providers.keys.get(&record.kind).ok_or_else(|| passing("no_provider"))?.clone();
        self.open(record, hand, record.current).await?;
        if let Effect::Probe(version) = effect {
            self.open(record, hand, *version).await?;
        }
        let subject = subject(record, hand).ok_or_else(|| passing("does_not_open"))?;
        let call = async {
            Ok(match effect {
                Effect::List => Event::Listed(provider.list(&subject).await?).into(),
                Effect::Create => return self.create(record, &*provider, &subject).await,
                Effect::Probe(version) => {
                    let candidate = opened(hand, *version).ok_or_else(|| passing("does_not_open"))?;
                    Event::Probed(provider.probe(&subject, candidate).await?).into()
                }
                Effect::LastUsed(key) => Event::Used(provider.last_used(&subject, key).await?).into(),
                Effect::Disable(key) => Event::Disabled(provider.disable(&subject, key).await?).into(),
                Effect::Delete(key) => {
                    provider.delete(&subject, key).await?;
                    Event::Deleted(key.clone()).into()
                }
                Effect::Renew => Event::Renewed.into(),
            })
        };
        let answer: Result<(Done, Option<(VersionNumber, StoredSecret)>), Trouble> =
            match tokio::time::timeout(CALL, call).await {
                Ok(answer) => answer.map(|made: Made| (made.done, made.secret)),
                Err(_) => Err(Trouble { lost: true, ..passing("timed_out") }),
            };
        let (done, secret) = answer?;
        hand.opened.extend(secret);
        Ok(done)
    }

    /// Makes a key and seals it.
    async fn create(
        &self,
        record: &CredentialRecord,
        provider: &dyn KeyProvider,
        subject: &Subject<'_>,
    ) -> Result<Made, Trouble> {
        let Phase::Generating { operation, .. } = &record.rotation.phase else {
            return Err(passing("superseded"));
        };
        let operation: OperationId = operation.id;
        let secret = provider.create(subject, operation).await?;
        let facts = secret.facts();
        // Without an id it could not be revoked: it is found by its label, and deleted.
        let key: KeyId = facts.key_id().ok_or_else(|| Trouble { lost: true, ..passing("no_key_id") })?;
        let number = record.next_version();
        for attempt in 1.. {
            match self.vault.seal(record, number, &secret, false).await {
                Ok(sealed) => {
                    let version = Some(SealedVersion { state: VersionState::Pending, ..sealed });
                    let event = Event::Created(Next { version: number, key, facts });
                    return Ok(Made { done: Done { event, version }, secret: Some((number, secret)) });
                }
                Err(error) if attempt >= SEALS => {
                    tracing::error!(credential = %record.id, %error, "a new key cannot be sealed");
                    break;
                }
                Err(_) => {}
            }
        }
        Err(Trouble { lost: true, ..passing("does_not_seal") })
    }

    async fn renew(&self, record: &CredentialRecord) -> Event {
        let Some(tokens) = &self.providers.tokens else { return Event::Trouble(passing("no_provider")) };
        match tokens.renew(record).await {
            Ok(true) => Event::Renewed,
            // Another renews it at this moment: so much the better.
            Ok(false) => Event::Trouble(passing("in_use")),
            Err(error) => {
                let found = self.vault.credentials.find(&record.tenant, &record.id).await;
                if found.is_ok_and(|found| found.is_some_and(|found| found.compromised_at.is_some())) {
                    return Event::Reused;
                }
                Event::Trouble(match error {
                    MintError::Refused { code, .. } => Trouble { refused: true, ..passing(&code) },
                    MintError::Unavailable { retry_after, .. } => {
                        Trouble { retry_after, ..passing("unavailable") }
                    }
                })
            }
        }
    }

    async fn open(
        &self,
        record: &CredentialRecord,
        hand: &mut Hand,
        version: VersionNumber,
    ) -> Result<(), Trouble> {
        if opened(hand, version).is_none() {
            let secret = self.vault.open_version(record, version).await.map_err(|error| {
                tracing::warn!(credential = %record.id, %version, %error, "a version is not opened");
                passing(error.code())
            })?;
            hand.opened.push((version, secret));
        }
        Ok(())
    }
}

struct Made {
    done: Done,
    secret: Option<(VersionNumber, StoredSecret)>,
}

impl From<Event> for Made {
    fn from(event: Event) -> Self {
        Self { done: event.into(), secret: None }
    }
}

fn opened(hand: &Hand, version: VersionNumber) -> Option<&StoredSecret> {
    hand.opened.iter().find(|(number, _)| *number == version).map(|(_, secret)| secret)
}

fn subject<'a>(record: &'a CredentialRecord, hand: &'a Hand) -> Option<Subject<'a>> {
    let current = opened(hand, record.current)?;
    Some(Subject { record, current, connector: hand.connector.as_deref() })
}

/// Something that may pass by itself.
fn passing(code: &str) -> Trouble {
    Trouble { code: code.to_owned(), refused: false, lost: false, retry_after: None }
}

impl From<ProviderError> for Trouble {
    fn from(error: ProviderError) -> Self {
        tracing::warn!(error = &error as &dyn std::error::Error, "a provider's answer");
        let (refused, lost) = match &error {
            ProviderError::Refused { .. } => (true, false),
            ProviderError::Unavailable { .. } => (false, false),
            ProviderError::Lost(_) => (false, true),
        };
        Self { code: error.code().to_owned(), refused, lost, retry_after: error.retry_after() }
    }
}
