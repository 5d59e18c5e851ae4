//! A call with all its attempts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use deputize_broker::ports::clock::random_bytes;
use deputize_broker::{Clock, Random};
use jiff::Timestamp;
use tokio::time::{Instant, sleep, timeout};

use crate::budget::Budget;
use crate::failure::{CallFailure, Problem};

/// The longest pause before the second attempt; twice as long before the third.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest pause: whoever is told to come back later than that is better told so.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How calls are bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How often a request is sent, the first time included.
    pub attempts: u32,
    /// How long one attempt may take.
    pub attempt: Duration,
    /// How long everything may take: all requests that belong together, their attempts and the pauses between them.
    pub total: Duration,
    /// How many retries there may be in a minute, of all calls together.
    pub retries_per_minute: u32,
}

impl Default for Limits {
    /// 3 attempts of 3 s, 10 s in all, 60 retries a minute.
    fn default() -> Self {
        Self {
            attempts: 3,
            attempt: Duration::from_secs(3),
            total: Duration::from_secs(10),
            retries_per_minute: 60,
        }
    }
}

/// Makes calls within limits. Share one: the budget of retries is shared with it.
pub struct Caller {
    limits: Limits,
    budget: Budget,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Caller {
    /// A caller with a full budget.
    pub fn new(limits: Limits, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { limits, budget: Budget::new(limits.retries_per_minute), clock, random }
    }

    /// Begins a call: from here on its time counts.
    pub fn begin(&self) -> Call<'_> {
        let Limits { attempts, total, .. } = self.limits;
        Call { caller: self, attempts, deadline: Instant::now() + total }
    }

    /// The wall clock's time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Full jitter: anything from nothing to twice as long each time.
    /// <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>
    fn pause(&self, retry: u32) -> Duration {
        let longest = FIRST_PAUSE.saturating_mul(1 << retry.min(4));
        let fraction = u32::from_le_bytes(random_bytes(self.random.as_ref()));
        longest.mul_f64(f64::from(fraction) / f64::from(u32::MAX))
    }
}

/// One call: requests that belong together, bounded together.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    caller: &'a Caller,
    attempts: u32,
    deadline: Instant,
}

impl Call<'_> {
    /// The same call, for what is asked once only: where there is another to ask, who needs the time.
    pub fn once(self) -> Self {
        Self { attempts: 1, ..self }
    }

    /// The wall clock's time.
    pub fn now(&self) -> Timestamp {
        self.caller.now()
    }

    /// Sends a request to a service, again where that may help and time and budget allow.
    pub async fn attempt<T, F, A>(&self, service: &'static str, mut request: F) -> Result<T, CallFailure>
    where
        F: FnMut() -> A + Send,
        A: Future<Output = Result<T, CallFailure>> + Send,
    {
        let mut retry = 0;
        let mut known = None;
        loop {
            let time = self.caller.limits.attempt.min(self.left());
            let failure = match timeout(time, request()).await {
                Ok(Ok(done)) => return Ok(done),
                Ok(Err(failure)) => failure,
                // An attempt that had less than its time says less than the one before.
                Err(_)
                    if time < self.caller.limits.attempt
                        && let Some(known) = known =>
                {
                    return Err(known);
                }
                Err(_) => CallFailure::new(service, Problem::TimedOut),
            };
            let pause = self.caller.pause(retry).max(failure.problem.wait().unwrap_or_default());
            retry += 1;
            // A pause that leaves no time to try again is spent for nothing, and what is known now is lost.
            if retry >= self.attempts
                || !failure.problem.is_passing()
                || pause > LONGEST_PAUSE
                || pause >= self.left()
                || !self.caller.budget.take(self.caller.clock.monotonic())
            {
                return Err(failure);
            }
            known = Some(failure);
            sleep(pause).await;
        }
    }

    /// Waits once, for at most what is left of the call's time.
    pub async fn within<T>(
        &self,
        service: &'static str,
        work: impl Future<Output = Result<T, CallFailure>> + Send,
    ) -> Result<T, CallFailure> {
        let done = timeout(self.left(), work).await;
        done.unwrap_or_else(|_| Err(CallFailure::new(service, Problem::TimedOut)))
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}
