//! Declared connectors: keys of any provider, by a document that says how they are made, tried, listed and revoked.
//!
//! A connector is written by whoever writes scope documents, and is trusted with as little as that allows: its calls go
//! to the hosts that it lists and to no other, to public addresses unless the deployment says otherwise, once, bounded
//! in time and size, and follow no redirect.

mod answer;
mod exchange;
mod list;
mod request;

use std::time::Duration;

use async_trait::async_trait;
use deputize_broker::ports::rotation::{
    Abilities, KeyId, KeyProvider, ListedKey, OperationId, ProviderError, Subject, Windows,
};
use deputize_broker::stored::StoredSecret;
use deputize_broker::stored::secret::StoredApiKey;
use deputize_http::{Client, Network, NoClient};
use deputize_scope::Connector;
use deputize_scope::connector::Removal;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use self::answer::{Meaning, made, meaning, refused};
use self::exchange::{Exchange, Failure, Kind, unsent};
use self::request::Call;

/// What all requests of one call of the port may take together: it says 15 s.
const TIMEOUT: Duration = Duration::from_secs(14);

/// Where a deployment lets connectors go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectorSettings {
    /// Whether they may go to addresses of this machine and of private networks, and to this machine without TLS.
    pub allow_private: bool,
}

/// Runs declared connectors. It holds nothing of any of them: each call is made by the text that comes with it.
///
/// The HTTP client is made when it is first needed: it reads the machine's certificates, which a function that starts
/// must not wait for.
#[derive(Debug)]
pub struct DeclaredConnector {
    settings: ConnectorSettings,
    timeout: Duration,
    client: OnceCell<Client>,
}

impl DeclaredConnector {
    /// An engine that goes where the settings let it.
    pub fn new(settings: ConnectorSettings) -> Self {
        Self { settings, timeout: TIMEOUT, client: OnceCell::new() }
    }

    /// The same, with less time for each call.
    #[must_use]
    pub fn within(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    async fn exchange<'a>(&'a self, subject: &'a Subject<'_>) -> Result<Exchange<'a>, ProviderError> {
        let network = if self.settings.allow_private { Network::Any } else { Network::Public };
        let client = self.client.get_or_try_init(async || Client::within(network)).await;
        let client = client.map_err(|error: NoClient| unsent(error.into()));
        let connector = connector(subject)?;
        Ok(Exchange {
            client: client?,
            connector,
            settings: self.settings,
            credential: subject.record.id.as_str(),
        })
    }

    /// Makes a call whose answer is lost where it takes too long.
    async fn bounded<T>(
        &self,
        kind: Kind,
        call: impl Future<Output = Result<T, ProviderError>> + Send,
    ) -> Result<T, ProviderError> {
        timeout(self.timeout, call).await.unwrap_or_else(|_| Err(Failure::TimedOut.into_error(kind)))
    }

    async fn remove(&self, subject: &Subject<'_>, key: &KeyId, what: What) -> Result<bool, ProviderError> {
        let exchange = self.exchange(subject).await?;
        let removal: Option<&Removal> = match what {
            What::Disable => exchange.connector.disable.as_ref(),
            What::Delete => Some(&exchange.connector.revoke),
        };
        let Some(removal) = removal else { return Ok(false) };
        let current = api_key(subject.current)?;
        let call = Call { id: Some(key.as_str()), label: None, key: &current.key };
        let sent = async {
            let answer = exchange.send(&removal.call, &call, Kind::Change).await?;
            if removal.gone.contains(&answer.status) {
                return Ok(true);
            }
            match meaning(&answer, &removal.call.success) {
                Meaning::Done(_) => Ok(true),
                Meaning::NotDone(said) => {
                    Err(refused(&exchange, &answer, said.as_ref(), Kind::Change, &call))
                }
                Meaning::Unclear => Err(Failure::Unreadable.into_error(Kind::Change)),
            }
        };
        self.bounded(Kind::Change, sent).await
    }
}

/// What is done to a key.
#[derive(Clone, Copy)]
enum What {
    Disable,
    Delete,
}

#[async_trait]
impl KeyProvider for DeclaredConnector {
    fn abilities(&self, subject: &Subject<'_>) -> Result<Abilities, ProviderError> {
        let connector = connector(subject)?;
        let windows = connector.windows;
        let seconds = |time: deputize_scope::Seconds| SignedDuration::from_secs(time.get().into());
        Ok(Abilities {
            labels: connector.labels(),
            most_keys: connector.most_keys.and_then(|most| usize::try_from(most).ok()),
            windows: Windows {
                probes: windows.probes,
                between_probes: seconds(windows.between_probes),
                settling: seconds(windows.settling),
                adoption: seconds(windows.adoption),
                soak: seconds(windows.soak),
                evidence: None,
            },
        })
    }

    async fn list(&self, subject: &Subject<'_>) -> Result<Vec<ListedKey>, ProviderError> {
        let exchange = self.exchange(subject).await?;
        let current = api_key(subject.current)?;
        self.bounded(Kind::Read, list::all(&exchange, current)).await
    }

    async fn create(
        &self,
        subject: &Subject<'_>,
        operation: OperationId,
    ) -> Result<StoredSecret, ProviderError> {
        let exchange = self.exchange(subject).await?;
        let current = api_key(subject.current)?;
        let create = &exchange.connector.create;
        let label = operation.label();
        let call = Call { id: current.key_id.as_deref(), label: Some(&label), key: &current.key };
        let sent = async {
            let answer = exchange.send(&create.call, &call, Kind::Change).await?;
            match meaning(&answer, &create.call.success) {
                Meaning::Done(Some(said)) => made(create, said).map(StoredSecret::ApiKey),
                Meaning::NotDone(said) => {
                    Err(refused(&exchange, &answer, said.as_ref(), Kind::Change, &call))
                }
                Meaning::Done(None) | Meaning::Unclear => Err(Failure::Unreadable.into_error(Kind::Change)),
            }
        };
        self.bounded(Kind::Change, sent).await
    }

    async fn probe(&self, subject: &Subject<'_>, candidate: &StoredSecret) -> Result<bool, ProviderError> {
        let exchange = self.exchange(subject).await?;
        let candidate = api_key(candidate)?;
        let probe = &exchange.connector.probe;
        let call = Call { id: candidate.key_id.as_deref(), label: None, key: &candidate.key };
        let sent = async {
            let answer = exchange.send(&probe.call, &call, Kind::Read).await?;
            if probe.refused.contains(&answer.status) {
                return Ok(false);
            }
            match meaning(&answer, &probe.call.success) {
                Meaning::Done(_) => Ok(true),
                Meaning::NotDone(_) if probe.call.success.has_status(answer.status) => Ok(false),
                Meaning::NotDone(said) => Err(refused(&exchange, &answer, said.as_ref(), Kind::Read, &call)),
                Meaning::Unclear => Err(Failure::Unreadable.into_error(Kind::Read)),
            }
        };
        self.bounded(Kind::Read, sent).await
    }

    async fn disable(&self, subject: &Subject<'_>, key: &KeyId) -> Result<bool, ProviderError> {
        self.remove(subject, key, What::Disable).await
    }

    async fn delete(&self, subject: &Subject<'_>, key: &KeyId) -> Result<(), ProviderError> {
        self.remove(subject, key, What::Delete).await.map(drop)
    }

    async fn last_used(&self, _: &Subject<'_>, _: &KeyId) -> Result<Option<Timestamp>, ProviderError> {
        Ok(None)
    }
}

/// The connector that a credential is declared with.
fn connector(subject: &Subject<'_>) -> Result<Connector, ProviderError> {
    let refused = |code: &str, source: &'static str| ProviderError::Refused {
        code: code.to_owned(),
        source: source.into(),
    };
    let text = subject.connector.ok_or_else(|| refused("no_connector", "the credential has no connector"))?;
    let invalid = || refused("invalid_connector", "the connector has errors; `deputize check` tells them");
    Connector::parse(text).connector.ok_or_else(invalid)
}

/// Connectors are for API keys alone.
fn api_key(secret: &StoredSecret) -> Result<&StoredApiKey, ProviderError> {
    match secret {
        StoredSecret::ApiKey(key) => Ok(key),
        StoredSecret::AwsAccessKey(_) | StoredSecret::AzureClientSecret(_) | StoredSecret::Oauth(_) => {
            let source = "a connector renews API keys, and nothing else".into();
            Err(ProviderError::Refused { code: "not_an_api_key".to_owned(), source })
        }
    }
}
