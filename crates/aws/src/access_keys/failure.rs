//! Why a call about keys came to nothing, and whether it may have changed something all the same.

use std::error::Error;

use aws_sdk_sts::error::{ConnectorError, ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use deputize_broker::ports::rotation::{KEY_LIMIT, ProviderError};
use hyper_util::client::legacy::Error as ClientError;
use thiserror::Error as ThisError;

use crate::failure::{Answer, shown};
use crate::sts::answer_of;

/// The key is not known, or not any more, or its secret is another.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>
const UNKNOWN_KEY: [&str; 3] =
    ["InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException"];

/// The key is not there, or the user is not.
const GONE: &str = "NoSuchEntity";
/// The user has all the keys that it may have.
const LIMIT: &str = "LimitExceeded";

/// Why a call came to nothing. It holds nothing of the request, and of the answer only what is no secret.
#[derive(Debug, ThisError)]
pub(super) enum Failure {
    /// AWS answered with an error.
    #[error("aws answered {0}")]
    Answered(Answer),
    /// There was none in time, the connection broke, or the answer is none of AWS's.
    #[error("aws gave no answer that can be read")]
    NoAnswer,
    /// It was not sent: there is no connection, there are no credentials, or no region.
    #[error("the call to aws was not sent")]
    NotSent,
}

impl Failure {
    pub(super) fn of<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Self {
        match error {
            SdkError::ServiceError(refused) => match answer_of(refused) {
                answer @ Answer { status: 400..600, .. } => Self::Answered(answer),
                // A success that the client cannot read.
                _ => Self::NoAnswer,
            },
            SdkError::DispatchFailure(failed) if failed.as_connector_error().is_some_and(was_not_sent) => {
                Self::NotSent
            }
            SdkError::ConstructionFailure(_) => Self::NotSent,
            _ => Self::NoAnswer,
        }
    }

    /// Whether the key that signed the call is not known.
    pub(super) fn is_of_an_unknown_key(&self) -> bool {
        self.code().is_some_and(|code| UNKNOWN_KEY.contains(&code))
    }

    /// Whether the key that the call was about is not there.
    pub(super) fn is_of_what_is_gone(&self) -> bool {
        self.code() == Some(GONE)
    }

    /// Of a call that changes nothing.
    pub(super) fn of_reading(self) -> ProviderError {
        match self {
            Self::Answered(answer) if answer.is_final() => {
                let code = shown(answer.code.as_deref()).to_owned();
                ProviderError::Refused { code, source: Box::new(Self::Answered(answer)) }
            }
            Self::Answered(answer) => ProviderError::Unavailable {
                retry_after: answer.retry_after,
                source: Box::new(Self::Answered(answer)),
            },
            failure => ProviderError::Unavailable { retry_after: None, source: Box::new(failure) },
        }
    }

    /// Of a call that changes keys: where AWS did not say that it refuses, it may have been carried out.
    pub(super) fn of_change(self) -> ProviderError {
        match self {
            Self::NoAnswer => ProviderError::Lost(Box::new(self)),
            Self::Answered(answer) if answer.status >= 500 && !answer.is_throttling() => {
                ProviderError::Lost(Box::new(Self::Answered(answer)))
            }
            refused => refused.of_reading(),
        }
    }

    /// Of a call that makes a key.
    pub(super) fn of_creation(self) -> ProviderError {
        if self.code() == Some(LIMIT) {
            return ProviderError::Refused { code: KEY_LIMIT.to_owned(), source: Box::new(self) };
        }
        self.of_change()
    }

    /// Of a call that is to rid the world of a key, which it need not where the key is gone.
    pub(super) fn unless_gone<T>(self, done: T) -> Result<T, ProviderError> {
        if self.is_of_what_is_gone() { Ok(done) } else { Err(self.of_change()) }
    }

    fn code(&self) -> Option<&str> {
        match self {
            Self::Answered(answer) => answer.code.as_deref(),
            Self::NoAnswer | Self::NotSent => None,
        }
    }
}

/// A change whose answer holds nothing, done. AWS's answers have an id; whoever says yes without one is not AWS.
pub(super) fn confirmed<T>(answer: &impl RequestId, done: T) -> Result<T, ProviderError> {
    if answer.request_id().is_some() { Ok(done) } else { Err(Failure::NoAnswer.of_change()) }
}

/// A refusal of ours: what is asked for makes no sense at AWS.
pub(super) fn refused(code: &'static str) -> ProviderError {
    ProviderError::Refused { code: code.to_owned(), source: code.into() }
}

/// Whether a call came to nothing before there was a connection to send it by: there is none to be had, or there are no
/// credentials to sign with, of which the connection's own client knows nothing.
fn was_not_sent(error: &ConnectorError) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(cause) = next {
        if let Some(error) = cause.downcast_ref::<ClientError>() {
            return error.is_connect();
        }
        next = cause.source();
    }
    error.is_user() || error.is_other()
}
