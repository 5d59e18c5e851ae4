use std::error::Error;
use std::io;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Url, redirect};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::answer::{Answer, MAX_BODY};
use crate::failure::Problem;
use crate::network::{Network, NotPublic};

/// Somebody who does not answer at all is told from one who takes long: nothing was sent.
const CONNECTED_WITHIN: Duration = Duration::from_secs(5);

/// There is no TLS to speak, or no trust to check it by.
#[derive(Debug, Error)]
#[error("no HTTP client can be made here")]
pub struct NoClient(#[source] reqwest::Error);

/// Sends requests and reads whole answers. It follows no redirect: a token is for the place that was named alone.
#[derive(Clone, Debug)]
pub struct Client {
    client: reqwest::Client,
    network: Network,
}

impl Client {
    /// A client that goes through the proxies of the environment, and trusts whom the machine trusts.
    pub fn new() -> Result<Self, NoClient> {
        Self::of(reqwest::Client::builder(), Network::Any)
    }

    /// A client that goes through no proxy: for what is on this machine or beside it, as metadata servers are. Whoever
    /// answers in their place would be given the machine's identity.
    pub fn direct() -> Result<Self, NoClient> {
        Self::of(reqwest::Client::builder().no_proxy(), Network::Any)
    }

    /// A client that goes through no proxy, and to addresses of that network only: for places that somebody else names. A
    /// name is resolved first, and the connection made to an address that was looked at. Each request has a connection of
    /// its own, so that it meets any of the servers there, and the name is looked at each time.
    pub fn within(network: Network) -> Result<Self, NoClient> {
        let builder = reqwest::Client::builder().no_proxy().connect_timeout(CONNECTED_WITHIN);
        let builder = builder.pool_max_idle_per_host(0);
        Self::of(builder.dns_resolver(network), network)
    }

    fn of(builder: reqwest::ClientBuilder, network: Network) -> Result<Self, NoClient> {
        let agent = concat!("deputize/", env!("CARGO_PKG_VERSION"));
        let client = builder.redirect(redirect::Policy::none()).user_agent(agent).build();
        client.map(|client| Self { client, network }).map_err(NoClient)
    }

    /// A request to be sent by [`Self::send`].
    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// Sends a request and reads the whole answer, whatever its status. It is not bounded in time: a
    /// [`Call`](crate::Call) is.
    pub async fn send(&self, request: RequestBuilder) -> Result<Answer, Problem> {
        let request = request.build().map_err(|error| problem(&error))?;
        // An address in a URL is not resolved, and so not looked at where names are.
        if !self.network.has(request.url()) {
            return Err(Problem::NotSent(NotPublic::TOLD));
        }
        let mut response = self.client.execute(request).await.map_err(|error| problem(&error))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(|error| problem(&error))? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(Problem::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body })
    }
}

/// What went wrong, without the address: a query may hold a secret.
fn problem(error: &reqwest::Error) -> Problem {
    if has_source::<NotPublic>(error) {
        Problem::NotSent(NotPublic::TOLD)
    } else if has_source::<rustls::Error>(error) {
        Problem::Untrusted
    } else if error.is_connect() {
        Problem::NoConnection
    } else if error.is_timeout() {
        Problem::TimedOut
    } else if error.is_builder() {
        Problem::NotSent("the request is malformed")
    } else if error.is_body() || error.is_decode() {
        Problem::BrokenOff
    } else {
        Problem::NoAnswer
    }
}

fn has_source<E: Error + 'static>(error: &reqwest::Error) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        if error.is::<E>() {
            return true;
        }
        // What an IO error wraps is not among its sources.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = wrapped.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
    }
    false
}
