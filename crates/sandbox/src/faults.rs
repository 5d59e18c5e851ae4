//! What may go wrong with a service, and when.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;

/// What goes wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call is refused with this HTTP status, code and message, as the service itself would.
    Refuse {
        /// The HTTP status: 400 to 599.
        status: u16,
        /// The error's code, such as `Throttling`.
        code: String,
        /// The error's message.
        message: String,
    },
    /// The call is carried out, and answered with this HTTP status as if the service had failed.
    FailAfter {
        /// The HTTP status: 500 to 599.
        status: u16,
    },
    /// The call is answered, but so much later.
    Delay(Duration),
    /// The call is carried out and the connection dropped before the answer.
    Drop,
    /// The call is carried out and answered with something that is no answer, with status 200.
    Garbage,
    /// Too many calls: refused in the vendor's own words, with a header `Retry-After` in whole seconds.
    TooManyRequests {
        /// When to come back.
        retry_after: Duration,
    },
    /// Nothing is answered, however long one waits.
    Silence,
    /// The call is carried out, and the connection is dropped in the middle of the answer.
    Truncate,
    /// The call is carried out, and the answer says that it is of this media type.
    ContentType(String),
    /// The call is carried out, and the answer is padded with white space to some 3 MB.
    Huge,
    /// What the call issues has ended so long ago.
    Expired(Duration),
    /// The service's clock is off by this for one call: ahead, or behind where it is negative.
    Skew(SignedDuration),
}

impl Fault {
    /// Too many requests, in the words of AWS's STS.
    pub fn throttled() -> Self {
        Self::Refuse { status: 400, code: "Throttling".to_owned(), message: "Rate exceeded".to_owned() }
    }

    /// The service is down.
    pub fn unavailable() -> Self {
        let message = "The service is unavailable. Please try again later.".to_owned();
        Self::Refuse { status: 503, code: "ServiceUnavailable".to_owned(), message }
    }
}

/// Makes a service fail, for tests. All clones steer the same sandbox; without faults, nothing ever fails.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<State>);

#[derive(Debug, Default)]
struct State {
    calls: AtomicU64,
    plan: Mutex<Plan>,
}

#[derive(Debug, Default)]
struct Plan {
    next: VecDeque<Fault>,
    always: Option<Fault>,
}

impl Faults {
    /// The next call that no other fault is planned for fails like this.
    pub fn next(&self, fault: Fault) {
        self.plan().next.push_back(fault);
    }

    /// Every call fails like this, after those of [`Faults::next`].
    pub fn always(&self, fault: Fault) {
        self.plan().always = Some(fault);
    }

    /// Nothing fails any more.
    pub fn clear(&self) {
        *self.plan() = Plan::default();
    }

    /// How many calls reached the service, those that failed included.
    pub fn calls(&self) -> u64 {
        self.0.calls.load(Ordering::Relaxed)
    }

    /// Counts a call, and says what goes wrong with it.
    pub(crate) fn count(&self) -> Option<Fault> {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        let mut plan = self.plan();
        plan.next.pop_front().or_else(|| plan.always.clone())
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        // A plan is replaced whole: one left by a thread that panicked is as good as any.
        self.0.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planned_faults_come_first_and_once() {
        let faults = Faults::default();
        assert_eq!(faults.count(), None);
        faults.always(Fault::Drop);
        faults.next(Fault::Garbage);
        assert_eq!(faults.clone().count(), Some(Fault::Garbage));
        assert_eq!(faults.count(), Some(Fault::Drop));
        faults.clear();
        assert_eq!(faults.count(), None);
        assert_eq!(faults.calls(), 4);
    }
}
