//! Asking a cloud over HTTPS, again where it makes sense.

use std::thread::sleep;
use std::time::Duration;

use deputize_broker::Secret;
use thiserror::Error;
use ureq::Agent;
use ureq::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use ureq::http::{self, StatusCode, Uri};

use super::vendor::Request;
use crate::http::agent;

/// Of one attempt: an answer of Azure has some thirty megabytes.
const TIMEOUT: Duration = Duration::from_secs(120);

/// More than any cloud answers with.
const LARGEST: u64 = 256 << 20;

const ATTEMPTS: u32 = 5;

/// Before the second attempt; doubled before each further one.
const PAUSE: Duration = Duration::from_millis(250);

/// The longest pause that a cloud may ask for.
const LONGEST_PAUSE: u64 = 60;

/// A way to a cloud, with the token that it asks for.
#[derive(Debug)]
pub(super) struct Transport {
    agent: Agent,
    authorization: Option<HeaderValue>,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub(super) enum FetchError {
    #[error("{0} is not a URL of https, nor of http on this machine")]
    Url(String),
    #[error("the token has characters that no token has")]
    Token,
    #[error("{url} answers {status}{}", hint(*status))]
    Refused { url: String, status: StatusCode },
    #[error("no answer from {url}")]
    Unreachable {
        url: String,
        #[source]
        cause: Box<ureq::Error>,
    },
}

fn hint(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => ": the token is not valid, or no longer",
        StatusCode::FORBIDDEN => ": the token's identity may not ask for this",
        _ => "",
    }
}

impl Transport {
    pub(super) fn new(token: Option<&Secret>) -> Result<Self, FetchError> {
        let authorization = match token {
            Some(token) => {
                let bearer = format!("Bearer {}", token.reveal());
                let mut value = HeaderValue::try_from(bearer).map_err(|_| FetchError::Token)?;
                value.set_sensitive(true);
                Some(value)
            }
            None => None,
        };
        Ok(Self { agent: agent(TIMEOUT), authorization })
    }

    /// The answer's text. What may pass is tried again, after a pause that grows or that the cloud asks for.
    pub(super) fn fetch(&self, request: &Request) -> Result<String, FetchError> {
        check(&request.url)?;
        let mut pause = PAUSE;
        let mut attempt = 1;
        loop {
            let (error, asked_pause) = match self.attempt(request) {
                Ok((status, _, text)) if status.is_success() => return Ok(text),
                Ok((status, asked, _)) => {
                    let error = FetchError::Refused { url: request.url.clone(), status };
                    let passes = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
                    if !passes {
                        return Err(error);
                    }
                    (error, asked)
                }
                Err(cause) => {
                    (FetchError::Unreachable { url: request.url.clone(), cause: Box::new(cause) }, None)
                }
            };
            if attempt == ATTEMPTS {
                return Err(error);
            }
            sleep(asked_pause.unwrap_or(pause));
            pause *= 2;
            attempt += 1;
        }
    }

    fn attempt(&self, request: &Request) -> Result<(StatusCode, Option<Duration>, String), ureq::Error> {
        let mut head = http::Request::builder().uri(&request.url);
        if let Some(authorization) = &self.authorization {
            head = head.header(AUTHORIZATION, authorization);
        }
        let mut response = match &request.body {
            Some(body) => {
                let head = head.method("POST").header(CONTENT_TYPE, "application/json");
                self.agent.run(head.body(body.to_string())?)?
            }
            None => self.agent.run(head.body(())?)?,
        };
        let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let asked = asked.map(|seconds: u64| Duration::from_secs(seconds.min(LONGEST_PAUSE)));
        let text = response.body_mut().with_config().limit(LARGEST).read_to_string()?;
        Ok((response.status(), asked, text))
    }
}

/// A token must not be sent in the open.
fn check(url: &str) -> Result<(), FetchError> {
    let fits = url.parse::<Uri>().is_ok_and(|uri| match (uri.scheme_str(), uri.host()) {
        (Some("https"), Some(_)) => true,
        (Some("http"), Some(host)) => matches!(host, "localhost" | "127.0.0.1" | "[::1]"),
        _ => false,
    });
    if fits { Ok(()) } else { Err(FetchError::Url(url.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_no_further_than_this_machine() {
        for url in
            ["https://iam.googleapis.com", "http://127.0.0.1:8080/x", "http://[::1]:8080", "http://localhost"]
        {
            assert!(check(url).is_ok(), "{url}");
        }
        for url in ["http://iam.googleapis.com", "http://127.0.0.1.example.com", "ftp://localhost", "iam", ""]
        {
            assert!(check(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_transport_does_not_show_the_token_when_it_is_debugged() {
        let transport = Transport::new(Some(&Secret::new("canary".to_owned()))).unwrap();
        assert!(!format!("{transport:?}").contains("canary"));
    }
}
