//! Failed sign-ins, told without a flood of events.

use std::sync::PoisonError;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::What;
use crate::broker::Broker;
use crate::caller::{Actor, CallerIdentity};

/// How long nothing more is told after a failure was.
const QUIET: SignedDuration = SignedDuration::from_mins(1);

/// The most characters of a presented name that are written down.
const LONGEST_NAME: usize = 128;

/// How somebody tried to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInScheme {
    /// With a request signed by a principal of AWS.
    Aws,
    /// With an identity token.
    Oidc,
    /// With a bearer token of Deputize's own.
    Token,
    /// With nothing that could be read.
    None,
}

/// Why somebody was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInFailure {
    /// Nothing was presented, or nothing that could be read.
    NothingPresented,
    /// Nobody here goes by what was presented.
    UnknownIdentity,
}

impl Broker {
    /// Takes note of somebody who is not let in: with what was presented, where that could be read. That it cannot be
    /// written down changes nothing for them: they are not let in.
    pub async fn sign_in_failed(&self, identity: Option<&CallerIdentity>) {
        let limit = || self.sign_in_failures.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(suppressed) = limit().failed(self.ports.clock.now()) else { return };
        let (scheme, presented) = presented(identity);
        let code = match identity {
            Some(_) => SignInFailure::UnknownIdentity,
            None => SignInFailure::NothingPresented,
        };
        let what = What::SignInFailed { scheme, presented, code, suppressed };
        let event = self.event(Actor::Broker, what);
        if let Err(error) = self.ports.outbox.record(&event).await {
            limit().untold(suppressed);
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "a failed sign-in was not written down");
        }
    }
}

/// The scheme of an identity, and the name that it presents, shortened. Never a secret.
fn presented(identity: Option<&CallerIdentity>) -> (SignInScheme, Option<String>) {
    let (scheme, name) = match identity {
        None => return (SignInScheme::None, None),
        Some(CallerIdentity::Aws(arn)) => (SignInScheme::Aws, arn.to_string()),
        Some(CallerIdentity::Oidc { issuer, subject }) => (SignInScheme::Oidc, format!("{issuer}#{subject}")),
        Some(CallerIdentity::Token(token)) => (SignInScheme::Token, format!("token:{}", token.id)),
    };
    (scheme, Some(name.chars().take(LONGEST_NAME).collect()))
}

/// Says which failures are told: the first at once, and afterwards one in a minute, which counts those before it.
#[derive(Debug, Default)]
pub(crate) struct FailureLimit {
    told_at: Option<Timestamp>,
    suppressed: u32,
}

impl FailureLimit {
    /// Takes note of a failure. Where it is to be told: how many before it were not.
    pub(crate) fn failed(&mut self, now: Timestamp) -> Option<u32> {
        // A clock that was put back is no reason to be quiet for longer.
        let quiet = self.told_at.is_some_and(|at| now.duration_since(at).abs() < QUIET);
        if quiet {
            self.suppressed = self.suppressed.saturating_add(1);
            return None;
        }
        self.told_at = Some(now);
        Some(std::mem::take(&mut self.suppressed))
    }

    /// Takes back what was to be told and could not be: that failure counts as one that was not.
    pub(crate) fn untold(&mut self, suppressed: u32) {
        self.suppressed = self.suppressed.saturating_add(suppressed).saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn second(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    #[test]
    fn the_first_failure_is_told_at_once_and_then_one_in_a_minute() {
        let mut limit = FailureLimit::default();
        let told: Vec<_> = [0, 1, 59, 60, 61, 200].map(|at| limit.failed(second(at))).into();
        assert_eq!(told, [Some(0), None, None, Some(2), None, Some(1)]);
    }

    #[test]
    fn what_could_not_be_told_counts_as_suppressed() {
        let mut limit = FailureLimit::default();
        limit.failed(second(0));
        limit.failed(second(1));
        let suppressed = limit.failed(second(60)).unwrap();
        limit.untold(suppressed);
        assert_eq!(limit.failed(second(120)), Some(2));
    }

    #[test]
    fn a_clock_put_back_far_is_no_reason_to_be_quiet() {
        let mut limit = FailureLimit::default();
        assert_eq!(limit.failed(second(0)), Some(0));
        assert_eq!(limit.failed(second(-3_600)), Some(0));
    }

    proptest! {
        #[test]
        fn every_failure_is_told_or_counted_and_never_two_in_a_minute(gaps in prop::collection::vec(0_i64..90, 1..200)) {
            let mut limit = FailureLimit::default();
            let (mut now, mut last, mut counted, mut told) = (0, None, 0, 0);
            for gap in &gaps {
                now += gap;
                if let Some(suppressed) = limit.failed(second(now)) {
                    prop_assert!(last.is_none_or(|last| now - last >= 60));
                    last = Some(now);
                    counted += suppressed;
                    told += 1;
                }
            }
            prop_assert_eq!(counted as usize + told + limit.suppressed as usize, gaps.len());
        }
    }
}
