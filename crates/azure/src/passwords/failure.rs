//! What a failed call means to rotation.

use deputize_broker::ports::rotation::ProviderError;
use deputize_http::{CallFailure, Problem};

/// Of a call that changes nothing.
pub(super) fn of_reading(failure: CallFailure) -> ProviderError {
    match &failure.problem {
        Problem::Refused { code, .. } => {
            ProviderError::Refused { code: code.as_str().to_owned(), source: Box::new(failure) }
        }
        problem => {
            ProviderError::Unavailable { retry_after: problem.retry_after(), source: Box::new(failure) }
        }
    }
}

/// Of a call that changes something: where nobody said that it was not carried out, it may have been.
pub(super) fn of_change(failure: CallFailure) -> ProviderError {
    match &failure.problem {
        Problem::InTrouble { status: 500.., .. }
        | Problem::TimedOut
        | Problem::NoAnswer
        | Problem::BrokenOff
        | Problem::TooLarge
        | Problem::Unreadable
        | Problem::Ended => ProviderError::Lost(Box::new(failure)),
        Problem::Refused { .. }
        | Problem::InTrouble { .. }
        | Problem::NotYet { .. }
        | Problem::NoConnection
        | Problem::Untrusted
        | Problem::NotSent(_) => of_reading(failure),
    }
}

/// A refusal of ours: what is asked for makes no sense at Entra.
pub(super) fn refused(code: &'static str) -> ProviderError {
    ProviderError::Refused { code: code.to_owned(), source: code.into() }
}
