//! Why STS gave nothing, and what that means to the broker.

use std::time::Duration;

use deputize_broker::ports::identity::IdentityError;
use deputize_broker::ports::minter::MintError;
use thiserror::Error;

/// Too many requests. STS says so with status 400, so that the code is what tells.
const THROTTLED: &[&str] = &[
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// The broker's own credentials are past their end, or so near it that no identity token fits before it, or its clock is
/// wrong: nothing that the request could change, and over when they are renewed.
const OWN_CREDENTIALS: &[&str] = &[
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SessionDurationEscalationException",
];

/// Passing trouble that comes with a status below 500.
const PASSING: &[&str] = &[
    "ConcurrentModification",
    "EntityTemporarilyUnmodifiable",
    "IDPCommunicationError",
    "RequestTimeout",
    "RequestTimeoutException",
];

/// Stands for a code that is absent or none.
const UNKNOWN: &str = "Unknown";

/// Why STS gave no session. It holds nothing of the request, and of the answer only what is no secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StsFailure {
    /// STS answered with an error.
    #[error("sts answered {}", .0)]
    Answered(Answer),
    /// An answer that is none of STS's. A session may have been made.
    #[error("sts gave an answer that cannot be read")]
    Unreadable,
    /// No answer in time. A session may have been made.
    #[error("sts gave no answer in time")]
    TimedOut,
    /// No connection, or one that broke. A session may have been made.
    #[error("the connection to sts failed")]
    NoConnection,
    /// The call could not be made: there are no credentials of the broker's own, or no region.
    #[error("the call to sts could not be made")]
    NotSent,
}

/// What is kept of an error that STS answered with. The message is not: it may quote the policy.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{status} {} (request {})", shown(code.as_deref()), request_id.as_deref().unwrap_or("unknown"))]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The error's code.
    pub code: Option<String>,
    /// Finds the call in CloudTrail.
    pub request_id: Option<String>,
    /// When to come back.
    pub retry_after: Option<Duration>,
}

impl Answer {
    /// Whether asking again would not help.
    pub(crate) fn is_final(&self) -> bool {
        (400..500).contains(&self.status)
            && self.status != 408
            && !self.is_throttling()
            && !self.is_among(OWN_CREDENTIALS)
            && !self.is_among(PASSING)
    }

    /// Whether the call was turned away because there were too many.
    pub(crate) fn is_throttling(&self) -> bool {
        self.status == 429 || self.is_among(THROTTLED)
    }

    fn is_among(&self, codes: &[&str]) -> bool {
        self.code.as_deref().is_some_and(|code| codes.contains(&code))
    }
}

impl From<StsFailure> for MintError {
    fn from(failure: StsFailure) -> Self {
        match &failure {
            StsFailure::Answered(answer) if answer.is_final() => {
                Self::Refused { code: shown(answer.code.as_deref()).to_owned(), source: Box::new(failure) }
            }
            StsFailure::Answered(answer) => {
                Self::Unavailable { retry_after: answer.retry_after, source: Box::new(failure) }
            }
            _ => Self::Unavailable { retry_after: None, source: Box::new(failure) },
        }
    }
}

impl From<StsFailure> for IdentityError {
    fn from(failure: StsFailure) -> Self {
        match &failure {
            StsFailure::Answered(answer) if answer.is_final() => {
                Self::Refused { code: shown(answer.code.as_deref()).to_owned(), source: Box::new(failure) }
            }
            _ => Self::Unavailable(Box::new(failure)),
        }
    }
}

/// The code where it looks like one. It is shown to callers: a proxy's text in its place must not be.
pub(crate) fn shown(code: Option<&str>) -> &str {
    let sound = |code: &&str| {
        (1..=64).contains(&code.len())
            && code.starts_with(|first: char| first.is_ascii_alphabetic())
            && code.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
    };
    code.filter(sound).unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, code: &str) -> MintError {
        let answer = Answer {
            status,
            code: Some(code.to_owned()),
            request_id: None,
            retry_after: Some(Duration::from_secs(7)),
        };
        StsFailure::Answered(answer).into()
    }

    #[test]
    fn what_would_be_refused_again_is_a_refusal_with_its_code() {
        for (status, code) in [
            (403, "AccessDenied"),
            (400, "MalformedPolicyDocument"),
            (400, "PackedPolicyTooLarge"),
            (403, "RegionDisabledException"),
            (400, "ValidationError"),
            (403, "InvalidClientTokenId"),
        ] {
            let error = answered(status, code);
            assert!(matches!(&error, MintError::Refused { code: shown, .. } if shown == code), "{error:?}");
        }
    }

    #[test]
    fn what_may_work_later_is_unavailability_with_the_time_to_wait() {
        let codes = [THROTTLED, OWN_CREDENTIALS, PASSING].concat();
        let statuses = [(503, "ServiceUnavailable"), (500, "InternalFailure"), (429, "Any"), (408, "Any")];
        for (status, code) in codes.into_iter().map(|code| (400, code)).chain(statuses) {
            let error = answered(status, code);
            let seven = Some(Duration::from_secs(7));
            assert!(
                matches!(error, MintError::Unavailable { retry_after, .. } if retry_after == seven),
                "{code}"
            );
        }
        for failure in
            [StsFailure::Unreadable, StsFailure::TimedOut, StsFailure::NoConnection, StsFailure::NotSent]
        {
            assert!(matches!(failure.into(), MintError::Unavailable { retry_after: None, .. }));
        }
    }

    #[test]
    fn a_code_that_does_not_look_like_one_is_not_shown() {
        for code in ["", "<html>", "access denied", "7Up", &"A".repeat(65)] {
            let error = answered(403, code);
            assert!(matches!(&error, MintError::Refused { code, .. } if code == "Unknown"), "{error:?}");
            assert_eq!(error.to_string(), "the cloud refused: Unknown");
        }
    }
}
