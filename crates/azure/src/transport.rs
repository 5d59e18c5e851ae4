//! HTTP for Microsoft's crates: ours, bounded. What went wrong is kept here, typed: the crates make a text of it that
//! holds whatever the answer held.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::{AUTHORIZATION, HeaderName, HeaderValue, Headers};
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Method as SdkMethod, Request};
use deputize_http::{Answer, CallFailure, Client, Method, Problem, Url};

/// An address that the SDK knows, and the one that is meant.
#[derive(Debug)]
pub(crate) struct Place {
    /// Scheme and host, without a slash at the end.
    pub(crate) inside: &'static str,
    /// May have a path.
    pub(crate) outside: Url,
}

/// Sends one attempt of one call.
pub(crate) struct Transport {
    client: Client,
    service: &'static str,
    place: Option<Place>,
    refusal: fn(&'static str, &Answer) -> CallFailure,
    failure: Mutex<Option<CallFailure>>,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("service", &self.service).finish_non_exhaustive()
    }
}

impl Transport {
    /// A transport to a service, whose refusals are read so.
    pub(crate) fn new(
        client: Client,
        service: &'static str,
        place: Option<Place>,
        refusal: fn(&'static str, &Answer) -> CallFailure,
    ) -> Self {
        Self { client, service, place, refusal, failure: Mutex::default() }
    }

    /// What went wrong, after the SDK said that something did: where the transport saw nothing, an answer of success
    /// that the SDK could not read.
    pub(crate) fn failure(&self) -> CallFailure {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        failure.unwrap_or_else(|| CallFailure::new(self.service, Problem::Unreadable))
    }

    async fn send(&self, request: &Request) -> Result<Answer, CallFailure> {
        let failed = |problem| CallFailure::new(self.service, problem);
        let url = self.url(request.url()).ok_or(failed(Problem::NotSent("its address is none")))?;
        let method = method(request.method()).ok_or(failed(Problem::NotSent("its method is not used")))?;
        let mut outgoing = self.client.request(method, url);
        for (name, value) in request.headers().iter() {
            outgoing = outgoing.header(name.as_str(), value.as_str());
        }
        outgoing = match request.body() {
            Body::Bytes(bytes) => outgoing.body(bytes.clone()),
            Body::SeekableStream(_) => return Err(failed(Problem::NotSent("its body is a stream"))),
        };
        let answer = self.client.send(outgoing).await.map_err(failed)?;
        if answer.is_success() {
            return if answer.is_json() { Ok(answer) } else { Err(failed(Problem::Unreadable)) };
        }
        // A vault says by a challenge, to a request without a token, what it wants one for.
        let unauthorized = request.headers().get_optional_str(&AUTHORIZATION).is_none();
        if answer.status == 401 && unauthorized && answer.headers.contains_key("www-authenticate") {
            return Ok(answer);
        }
        Err((self.refusal)(self.service, &answer))
    }

    fn url(&self, url: &Url) -> Option<Url> {
        let inside =
            self.place.as_ref().and_then(|place| Some((url.as_str().strip_prefix(place.inside)?, place)));
        match inside {
            Some((path, place)) => {
                format!("{}{path}", place.outside.as_str().trim_end_matches('/')).parse().ok()
            }
            None => Some(url.clone()),
        }
    }
}

#[async_trait]
impl HttpClient for Transport {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        match self.send(request).await {
            Ok(answer) => {
                let body = answer.body.to_vec();
                Ok(AsyncRawResponse::from_bytes(answer.status.into(), headers(&answer), body))
            }
            Err(failure) => {
                *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
                // Of a kind that no policy of the SDK sends again: for managed identities it brings one of its own.
                Err(Error::with_message(ErrorKind::Other, "the call failed"))
            }
        }
    }
}

fn headers(answer: &Answer) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in &answer.headers {
        if let Ok(value) = value.to_str() {
            headers.insert(HeaderName::from(name.to_string()), HeaderValue::from(value.to_owned()));
        }
    }
    headers
}

/// What is used here: tokens are asked for and secrets are read.
fn method(method: SdkMethod) -> Option<Method> {
    match method {
        SdkMethod::Get => Some(Method::GET),
        SdkMethod::Post => Some(Method::POST),
        _ => None,
    }
}
