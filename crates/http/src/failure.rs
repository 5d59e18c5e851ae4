//! Why a call to a cloud came to nothing, and what that means to the broker.

use std::time::Duration;

use deputize_broker::ports::identity::IdentityError;
use deputize_broker::ports::minter::MintError;
use thiserror::Error;

use crate::code::ErrorCode;

/// Why a call came to nothing. It holds nothing of the request, and of the answer only what is no secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{service} {problem}")]
pub struct CallFailure {
    /// Who was called.
    pub service: &'static str,
    /// What went wrong.
    #[source]
    pub problem: Problem,
}

/// What went wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// It said no: asking again would not help.
    #[error("refused with {status} {code}")]
    Refused {
        /// The HTTP status; 0 where there was none.
        status: u16,
        /// The service's code.
        code: ErrorCode,
    },
    /// It said no, as it does while something new is not known everywhere: asking again may help, in some minutes if not
    /// at once, for another machine of the service may know it already.
    #[error("does not know yet ({status} {code})")]
    NotYet {
        /// The HTTP status.
        status: u16,
        /// The service's code.
        code: ErrorCode,
    },
    /// It is in trouble, or has too much to do.
    #[error("is in trouble ({status} {code})")]
    InTrouble {
        /// The HTTP status; 0 where there was none.
        status: u16,
        /// The service's code.
        code: ErrorCode,
        /// When to come back.
        retry_after: Option<Duration>,
    },
    /// No answer in time.
    #[error("gave no answer in time")]
    TimedOut,
    /// No connection: nothing was sent.
    #[error("could not be reached")]
    NoConnection,
    /// The connection broke before an answer began.
    #[error("gave no answer")]
    NoAnswer,
    /// It could not prove to be who it should be.
    #[error("could not be trusted: the TLS handshake failed")]
    Untrusted,
    /// The answer broke off.
    #[error("gave an answer that broke off")]
    BrokenOff,
    /// The answer is larger than any that makes sense.
    #[error("gave an answer that is too large")]
    TooLarge,
    /// The answer is none that it gives.
    #[error("gave an answer that cannot be read")]
    Unreadable,
    /// What it gave ends before it begins, or it does not say when.
    #[error("gave a token that has ended")]
    Ended,
    /// The call was not sent: it is set up wrongly.
    #[error("was not called: {0}")]
    NotSent(&'static str),
}

impl Problem {
    /// Whether trying again at once may help.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::NotYet { .. }) || self.is_unavailability()
    }

    /// Whether the service did not decide: it was not there, or not able to. What another source may make up for; a
    /// denial never is.
    pub fn is_unavailability(&self) -> bool {
        matches!(
            self,
            Self::InTrouble { .. } | Self::TimedOut | Self::NoConnection | Self::NoAnswer | Self::BrokenOff
        )
    }

    /// When whoever is told of it should come back.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            // Identities are known everywhere after some minutes.
            Self::NotYet { .. } => Some(Duration::from_secs(30)),
            _ => self.wait(),
        }
    }

    /// How long the service wants to be left in peace.
    pub(crate) fn wait(&self) -> Option<Duration> {
        match self {
            Self::InTrouble { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl CallFailure {
    /// A failure of a service.
    pub fn new(service: &'static str, problem: Problem) -> Self {
        Self { service, problem }
    }

    /// What an error status means, with the code that the service gave.
    pub fn of_status(
        service: &'static str,
        status: u16,
        code: ErrorCode,
        retry_after: Option<Duration>,
    ) -> Self {
        let problem = match status {
            408 | 425 | 429 | 500.. => Problem::InTrouble { status, code, retry_after },
            // Nothing that one of these services says; what is between may.
            ..400 => Problem::Unreadable,
            _ => Problem::Refused { status, code },
        };
        Self { service, problem }
    }

    /// A failure to say who the broker is.
    pub fn of_identity(error: &IdentityError) -> Self {
        let problem = match error {
            IdentityError::Refused { code, .. } => {
                Problem::Refused { status: 0, code: ErrorCode::new(Some(code)) }
            }
            IdentityError::Unavailable(_) => {
                Problem::InTrouble { status: 0, code: ErrorCode::unknown(), retry_after: None }
            }
        };
        Self { service: "the issuer of identity tokens", problem }
    }
}

impl From<CallFailure> for MintError {
    fn from(failure: CallFailure) -> Self {
        match &failure.problem {
            Problem::Refused { code, .. } => {
                Self::Refused { code: code.as_str().to_owned(), source: Box::new(failure) }
            }
            problem => Self::Unavailable { retry_after: problem.retry_after(), source: Box::new(failure) },
        }
    }
}

impl From<CallFailure> for IdentityError {
    fn from(failure: CallFailure) -> Self {
        match &failure.problem {
            Problem::Refused { code, .. } => {
                Self::Refused { code: code.as_str().to_owned(), source: Box::new(failure) }
            }
            _ => Self::Unavailable(Box::new(failure)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16) -> Problem {
        let seven = Some(Duration::from_secs(7));
        CallFailure::of_status("it", status, ErrorCode::new(Some("any")), seven).problem
    }

    #[test]
    fn a_status_tells_a_refusal_from_trouble() {
        for status in [400, 401, 403, 404, 409, 410, 422] {
            assert!(matches!(of(status), Problem::Refused { .. }), "{status}");
        }
        for status in [408, 425, 429, 500, 502, 503, 504] {
            assert!(of(status).is_passing(), "{status}");
            assert_eq!(of(status).retry_after(), Some(Duration::from_secs(7)));
        }
        assert_eq!(of(302), Problem::Unreadable);
    }

    #[test]
    fn only_a_refusal_is_final_to_the_broker() {
        let code = ErrorCode::new(Some("invalid_grant"));
        let refused = CallFailure::new("it", Problem::Refused { status: 400, code: code.clone() });
        assert!(
            matches!(MintError::from(refused), MintError::Refused { code, .. } if code == "invalid_grant")
        );
        for problem in [
            Problem::NotYet { status: 400, code },
            Problem::TimedOut,
            Problem::NoConnection,
            Problem::NoAnswer,
            Problem::Untrusted,
            Problem::BrokenOff,
            Problem::TooLarge,
            Problem::Unreadable,
            Problem::Ended,
        ] {
            let error = MintError::from(CallFailure::new("it", problem.clone()));
            assert!(matches!(error, MintError::Unavailable { .. }), "{problem}");
        }
    }

    #[test]
    fn what_is_not_known_yet_is_no_unavailability_that_another_source_makes_up_for() {
        let problem = Problem::NotYet { status: 400, code: ErrorCode::unknown() };
        assert!(!problem.is_unavailability());
        assert!(problem.is_passing());
        assert_eq!((problem.wait(), problem.retry_after()), (None, Some(Duration::from_secs(30))));
    }
}
