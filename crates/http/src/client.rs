use std::error::Error;
use std::io;

use reqwest::{Method, RequestBuilder, Url, redirect};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::answer::{Answer, MAX_BODY};
use crate::failure::Problem;

/// There is no TLS to speak, or no trust to check it by.
#[derive(Debug, Error)]
#[error("no HTTP client can be made here")]
pub struct NoClient(#[source] reqwest::Error);

/// Sends requests and reads whole answers. It follows no redirect: a token is for the place that was named alone.
#[derive(Clone, Debug)]
pub struct Client(reqwest::Client);

impl Client {
    /// A client that goes through the proxies of the environment, and trusts whom the machine trusts.
    pub fn new() -> Result<Self, NoClient> {
        Self::of(reqwest::Client::builder())
    }

    /// A client that goes through no proxy: for what is on this machine or beside it, as metadata servers are. Whoever
    /// answers in their place would be given the machine's identity.
    pub fn direct() -> Result<Self, NoClient> {
        Self::of(reqwest::Client::builder().no_proxy())
    }

    fn of(builder: reqwest::ClientBuilder) -> Result<Self, NoClient> {
        let agent = concat!("deputize/", env!("CARGO_PKG_VERSION"));
        builder.redirect(redirect::Policy::none()).user_agent(agent).build().map(Self).map_err(NoClient)
    }

    /// A request to be sent by [`Self::send`].
    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.0.request(method, url)
    }

    /// Sends a request and reads the whole answer, whatever its status. It is not bounded in time: a
    /// [`Call`](crate::Call) is.
    pub async fn send(&self, request: RequestBuilder) -> Result<Answer, Problem> {
        let mut response = request.send().await.map_err(|error| problem(&error))?;
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
    if failed_handshake(error) {
        Problem::Untrusted
    } else if error.is_timeout() {
        Problem::TimedOut
    } else if error.is_builder() {
        Problem::NotSent("the request is malformed")
    } else if error.is_body() || error.is_decode() {
        Problem::BrokenOff
    } else {
        Problem::NoConnection
    }
}

fn failed_handshake(error: &reqwest::Error) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        if error.is::<rustls::Error>() {
            return true;
        }
        // What an IO error wraps is not among its sources.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = wrapped.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
    }
    false
}
