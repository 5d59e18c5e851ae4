//! Between a service and its callers: plans of faults are carried out here, and each call learns what time it is.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{self, StreamExt as _};
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp};

use crate::Clock;
use crate::faults::{Fault, Faults};

/// What an answer is padded to where it is to be too large.
const HUGE: usize = 3 * 1_024 * 1_024;

/// Long enough for half an answer to reach its reader.
const FLUSHED: Duration = Duration::from_millis(20);

/// The time of one call, as far as the service is concerned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// The time now, in whole seconds: that is what services count and answer in.
    pub(crate) now: Timestamp,
    /// How long ago what this call issues has ended, where it is to have.
    ended: Option<SignedDuration>,
}

impl Moment {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self { now: Timestamp::from_second(now.as_second()).unwrap_or(now), ended: None }
    }

    /// When something ends that is issued now for so many seconds.
    pub(crate) fn after(&self, seconds: u32) -> Timestamp {
        match self.ended {
            Some(ago) => self.now - ago,
            None => self.now + SignedDuration::from_secs(i64::from(seconds)),
        }
    }

    /// An id for an answer that nobody made: there is no randomness at hand, and nobody looks it up.
    pub(crate) fn id(&self) -> String {
        uuid::Builder::from_u128(self.now.as_nanosecond().unsigned_abs()).into_uuid().to_string()
    }

    /// The seconds from now until then; negative where it is past.
    pub(crate) fn until(&self, end: Timestamp) -> i64 {
        end.duration_since(self.now).as_secs()
    }
}

/// A refusal that a service did not come up with itself.
#[derive(Clone, Debug)]
pub(crate) struct Injected {
    pub(crate) status: StatusCode,
    /// `None`: the vendor's own code and message for too many calls.
    pub(crate) error: Option<(String, String)>,
}

/// What stands before a service.
#[derive(Clone)]
pub(crate) struct Trouble {
    pub(crate) faults: Faults,
    pub(crate) clock: Arc<dyn Clock>,
    /// A refusal in the vendor's own shape.
    pub(crate) refuse: fn(&Injected, Moment) -> Response,
}

impl Trouble {
    /// The service with its faults. Its handlers may take an `Extension<Moment>`.
    pub(crate) fn before<S: Clone + Send + Sync + 'static>(self, service: Router<S>) -> Router<S> {
        service.layer(middleware::from_fn_with_state(self, pass))
    }
}

async fn pass(State(trouble): State<Trouble>, mut request: Request, next: Next) -> Response {
    let fault = trouble.faults.count();
    let moment = trouble.moment(fault.as_ref());
    request.extensions_mut().insert(moment);
    let mut response = match fault {
        Some(Fault::Silence) => std::future::pending().await,
        Some(Fault::Refuse { status, code, message }) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (trouble.refuse)(&Injected { status, error: Some((code, message)) }, moment)
        }
        Some(Fault::TooManyRequests { retry_after }) => {
            let injected = Injected { status: StatusCode::TOO_MANY_REQUESTS, error: None };
            let response = (trouble.refuse)(&injected, moment);
            ([(header::RETRY_AFTER, retry_after.as_secs().to_string())], response).into_response()
        }
        Some(Fault::FailAfter { status }) => {
            next.run(request).await;
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let error = Some(("InternalError".to_owned(), "The service has failed.".to_owned()));
            (trouble.refuse)(&Injected { status, error }, moment)
        }
        Some(fault) => spoilt(fault, next.run(request).await).await,
        None => next.run(request).await,
    };
    // Clients set their clocks by this header: it must be the clock that they are held to.
    let date = moment.now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::from_str(&date) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

impl Trouble {
    fn moment(&self, fault: Option<&Fault>) -> Moment {
        let now = self.clock.now();
        match fault {
            Some(Fault::Skew(by)) => Moment::new(now.saturating_add(*by).unwrap_or(now)),
            Some(Fault::Expired(ago)) => {
                let ended = SignedDuration::try_from(*ago).unwrap_or(SignedDuration::MAX);
                Moment { ended: Some(ended), ..Moment::new(now) }
            }
            _ => Moment::new(now),
        }
    }
}

/// The answer of a call that was carried out, as it arrives.
async fn spoilt(fault: Fault, response: Response) -> Response {
    match fault {
        Fault::Drop => cut(response, 0).await,
        Fault::Truncate => {
            let (parts, body) = response.into_parts();
            let bytes = collected(body).await;
            let half = bytes.len() / 2;
            cut(Response::from_parts(parts, Body::from(bytes)), half).await
        }
        Fault::Garbage => {
            let text = "<html>This is not the answer that you are looking for";
            let kind = response.headers().get(header::CONTENT_TYPE).cloned();
            let mut response = text.into_response();
            response.headers_mut().extend(kind.map(|kind| (header::CONTENT_TYPE, kind)));
            response
        }
        Fault::ContentType(kind) => {
            let mut response = response;
            if let Ok(kind) = HeaderValue::from_str(&kind) {
                response.headers_mut().insert(header::CONTENT_TYPE, kind);
            }
            response
        }
        Fault::Huge => {
            let (mut parts, body) = response.into_parts();
            let mut bytes = collected(body).await.to_vec();
            bytes.resize(bytes.len().max(HUGE), b' ');
            parts.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(bytes))
        }
        Fault::Delay(delay) => {
            tokio::time::sleep(delay).await;
            response
        }
        // These went before the call or took its answer's place, or changed the time that it was made at.
        Fault::Refuse { .. }
        | Fault::FailAfter { .. }
        | Fault::TooManyRequests { .. }
        | Fault::Silence
        | Fault::Expired(_)
        | Fault::Skew(_) => response,
    }
}

/// A body that fails after so many bytes, whereupon the server drops the connection.
async fn cut(response: Response, after: usize) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = collected(body).await;
    let bytes = if bytes.is_empty() { Bytes::from_static(b"lost") } else { bytes };
    // Announced, as the server would otherwise see how much there is to send, and send that.
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    // One without content would be whole already.
    if parts.status == StatusCode::NO_CONTENT {
        parts.status = StatusCode::OK;
    }
    let sent = bytes.slice(..after.min(bytes.len()));
    let lost = async move {
        // What was sent has to have left before the connection goes, and nothing where there is nothing to send.
        if after > 0 {
            tokio::time::sleep(FLUSHED).await;
        }
        Err(io::Error::other("the answer is cut off here"))
    };
    let sent = Some(Ok(sent)).filter(|_| after > 0);
    let body = stream::iter(sent).chain(stream::once(lost));
    Response::from_parts(parts, Body::from_stream(body))
}

async fn collected(body: Body) -> Bytes {
    body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default()
}
