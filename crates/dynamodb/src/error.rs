//! What the SDK says, as the ports say it.

use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use deputize_broker::ports::StoreError;

/// The codes that mean: nothing was written, come back later.
const THROTTLING: [&str; 6] = [
    "ThrottlingException",
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "LimitExceededException",
];

/// Whether a code says that there was too much to do.
pub(crate) fn is_throttling(code: &str) -> bool {
    THROTTLING.contains(&code)
}

/// A failed call.
pub(crate) fn store_error<E, R>(error: SdkError<E, R>) -> StoreError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    if error.as_service_error().and_then(|error| error.code()).is_some_and(is_throttling) {
        StoreError::Throttled
    } else {
        StoreError::Unavailable(Box::new(error))
    }
}

/// A failure of something that cannot fail, such as building a request all of whose fields are given.
pub(crate) fn impossible(error: impl Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}
