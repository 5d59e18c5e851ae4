//! What S3 says, as the ports say it.

use std::error::Error;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use deputize_broker::ports::StoreError;

/// The codes that mean: nothing was written, come back later.
const THROTTLING: [&str; 5] =
    ["RequestLimitExceeded", "SlowDown", "Throttling", "ThrottlingException", "TooManyRequestsException"];

/// What an answer to a conditional write says about the object that it was to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conflict {
    /// There is one by that name (412 `PreconditionFailed`).
    Exists,
    /// Somebody else is writing or deleting it right now (409 `ConditionalRequestConflict`): nothing was written, and
    /// trying again may succeed (S3 user guide, "Conditional writes").
    Racing,
}

impl Conflict {
    pub(crate) fn told_by<E>(error: &SdkError<E, HttpResponse>) -> Option<Self> {
        match error.raw_response()?.status().as_u16() {
            412 => Some(Self::Exists),
            409 => Some(Self::Racing),
            _ => None,
        }
    }
}

/// A failed call.
pub(crate) fn store_error<E>(error: SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let code = error.as_service_error().and_then(|error| error.code());
    if code.is_some_and(|code| THROTTLING.contains(&code)) {
        StoreError::Throttled
    } else {
        StoreError::Unavailable(Box::new(error))
    }
}
