//! One request and its answer, and what it means where there is none.

use std::time::Duration;

use deputize_broker::ports::Source;
use deputize_broker::ports::rotation::ProviderError;
use deputize_http::{Answer, Client, Method as HttpMethod, Problem, Url};
use deputize_scope::connector::{self, Connector, ExpandError, Method};
use thiserror::Error;

use super::ConnectorSettings;
use super::request::{Call, headers, url};

/// The longest wait that is believed when a provider names one.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// What a call does: one that changes nothing can be made again without asking what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Change,
}

/// Why an exchange came to nothing. It holds nothing of the request, and of the answer only its status.
#[derive(Clone, Debug, Error)]
pub(super) enum Failure {
    /// A value is missing, or does not fit where it belongs.
    #[error("the request cannot be written")]
    Unwritable(#[from] ExpandError),
    /// What was written is no request.
    #[error("the request is malformed")]
    Malformed,
    /// Not where the connector may go.
    #[error("the address is none that the connector and the deployment allow")]
    HostNotAllowed,
    /// The HTTP client had no answer.
    #[error("the provider {0}")]
    Http(Problem),
    /// Too much to do.
    #[error("the provider is busy: {status}")]
    Busy { status: u16, retry_after: Option<Duration> },
    /// A defect at the provider.
    #[error("the provider failed: {0}")]
    Failed(u16),
    /// No answer of all that belong together in time.
    #[error("the provider gave no answer in time")]
    TimedOut,
    /// Not what the connector says that the answer is.
    #[error("the answer is not what the connector says")]
    Unreadable,
}

impl Failure {
    /// What it means to a rotation.
    pub(super) fn into_error(self, kind: Kind) -> ProviderError {
        let refused = |code: &str, failure: Self| ProviderError::Refused {
            code: code.to_owned(),
            source: Box::new(failure),
        };
        let retry_after = match &self {
            Self::Busy { retry_after, .. } => retry_after.map(|wait| wait.min(LONGEST_WAIT)),
            _ => None,
        };
        match self {
            Self::Unwritable(_) | Self::Malformed => refused("unwritable", self),
            Self::HostNotAllowed => refused("host_not_allowed", self),
            Self::Http(Problem::NotSent(_)) => refused("address_not_allowed", self),
            Self::Http(Problem::NoConnection | Problem::Untrusted) | Self::Busy { .. } => {
                ProviderError::Unavailable { retry_after, source: Box::new(self) }
            }
            Self::Http(_) | Self::Failed(_) | Self::TimedOut | Self::Unreadable => match kind {
                Kind::Read => ProviderError::Unavailable { retry_after, source: Box::new(self) },
                Kind::Change => ProviderError::Lost(Box::new(self)),
            },
        }
    }
}

/// Nothing was sent.
pub(super) fn unsent(source: Source) -> ProviderError {
    ProviderError::Unavailable { retry_after: None, source }
}

/// What requests of one connector are sent with.
#[derive(Debug)]
pub(super) struct Exchange<'a> {
    pub(super) client: &'a Client,
    pub(super) connector: Connector,
    pub(super) settings: ConnectorSettings,
    pub(super) credential: &'a str,
}

impl Exchange<'_> {
    /// Sends a call. An answer of trouble is none.
    pub(super) async fn send(
        &self,
        call: &connector::Call,
        with: &Call<'_>,
        kind: Kind,
    ) -> Result<Answer, ProviderError> {
        let url = self.url(call, with).map_err(|failure| failure.into_error(kind))?;
        self.send_to(url, call, with, kind).await
    }

    /// The address of a call.
    pub(super) fn url(&self, call: &connector::Call, with: &Call<'_>) -> Result<Url, Failure> {
        self.allowed(&call.url.expand(&with.values(self.credential))?)
    }

    /// An address that the connector may go to.
    pub(super) fn allowed(&self, text: &str) -> Result<Url, Failure> {
        url(text, &self.connector, self.settings)
    }

    /// The same call to another address, which was looked at.
    pub(super) async fn send_to(
        &self,
        url: Url,
        call: &connector::Call,
        with: &Call<'_>,
        kind: Kind,
    ) -> Result<Answer, ProviderError> {
        self.sent(url, call, with).await.map_err(|failure| failure.into_error(kind))
    }

    async fn sent(&self, url: Url, call: &connector::Call, with: &Call<'_>) -> Result<Answer, Failure> {
        let values = with.values(self.credential);
        let mut request = self.client.request(method(call.method), url);
        if let Some(body) = &call.body {
            request = request.json(&body.expand(&values)?);
        }
        let request = request.headers(headers(&self.connector, call, &values)?);
        let answer = self.client.send(request).await.map_err(Failure::Http)?;
        match answer.status {
            // Not carried out, they say.
            status @ (408 | 425 | 429) => Err(Failure::Busy { status, retry_after: answer.retry_after() }),
            status @ 500.. => Err(Failure::Failed(status)),
            _ => Ok(answer),
        }
    }
}

fn method(method: Method) -> HttpMethod {
    match method {
        Method::Get => HttpMethod::GET,
        Method::Post => HttpMethod::POST,
        Method::Put => HttpMethod::PUT,
        Method::Patch => HttpMethod::PATCH,
        Method::Delete => HttpMethod::DELETE,
    }
}
