//! One HTTP exchange with a token endpoint: bounded in time and size, never redirected, and none of it in a log.

use std::pin::Pin;
use std::time::Duration;

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::redirect::Policy;
use thiserror::Error;

/// The largest answer that is read, in bytes. A token with many claims has a few thousand.
const LARGEST: usize = 64 * 1_024;

/// The longest wait that is believed when a provider names one.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// The HTTP client cannot be made: the machine's certificates cannot be read.
#[derive(Debug, Error)]
#[error("the HTTP client cannot be made")]
pub struct NoClient(#[source] reqwest::Error);

/// Why an exchange came to nothing. Nothing of an answer's body is kept.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// No connection: nothing was sent.
    #[error("no connection")]
    NotSent(#[source] reqwest::Error),
    /// Sent, and no whole answer came.
    #[error("no answer")]
    NoAnswer(#[source] reqwest::Error),
    /// The provider asks to come back later.
    #[error("the provider is busy: {status}")]
    Busy { status: StatusCode, retry_after: Option<Duration> },
    /// A defect at the provider.
    #[error("the provider failed: {0}")]
    Failed(StatusCode),
    /// An answer that is not one of a token endpoint.
    #[error("not the answer of a token endpoint: {0}")]
    Foreign(StatusCode),
    /// More than any token.
    #[error("the answer has more than {LARGEST} bytes")]
    TooLarge,
    /// What was to be sent is not HTTP.
    #[error("the request cannot be written")]
    Unwritable,
}

/// Sends requests of the `oauth2` crate.
#[derive(Clone, Debug)]
pub(crate) struct Client(reqwest::Client);

impl Client {
    /// `timeout`: for the whole of one exchange.
    pub(crate) fn new(timeout: Duration) -> Result<Self, NoClient> {
        let client = reqwest::Client::builder()
            // What goes to a token endpoint is for it alone: no other host, no proxy.
            .redirect(Policy::none())
            .no_proxy()
            .timeout(timeout)
            .pool_max_idle_per_host(1)
            .user_agent(concat!("deputize/", env!("CARGO_PKG_VERSION")))
            .build();
        client.map(Self).map_err(NoClient)
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Failure> {
        let request = reqwest::Request::try_from(request).map_err(|_| Failure::Unwritable)?;
        let sent = self.0.execute(request).await;
        // An error of the client names the address, which is no secret; it never has a body.
        let mut response = sent.map_err(|error| {
            if error.is_connect() { Failure::NotSent(error) } else { Failure::NoAnswer(error) }
        })?;
        let status = response.status();
        if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            return Err(Failure::Busy { status, retry_after: retry_after(response.headers()) });
        }
        if status.is_server_error() {
            return Err(Failure::Failed(status));
        }
        let is_refusal = status.is_client_error() && is_json(response.headers());
        if status != StatusCode::OK && !is_refusal {
            return Err(Failure::Foreign(status));
        }
        let headers = response.headers().clone();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(Failure::NoAnswer)? {
            if body.len() + chunk.len() > LARGEST {
                return Err(Failure::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = HttpResponse::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

impl<'c> AsyncHttpClient<'c> for Client {
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Failure>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// Seconds; a date would be by a clock that is not ours.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}
