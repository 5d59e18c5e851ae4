use std::time::{Duration, Instant};

use deputize_broker::Clock;
use jiff::Timestamp;

/// The machine's clock. Make one when the process starts, and share it: monotonic readings of two of them do not
/// compare.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic readings count from now.
    #[expect(clippy::disallowed_methods, reason = "this is the clock that all others take as an argument")]
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that all others take as an argument")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monotonic_readings_never_go_back() {
        let clock = SystemClock::start();
        let first = clock.monotonic();
        assert!(clock.monotonic() >= first);
    }

    #[test]
    fn the_wall_clock_is_past_the_day_this_was_written() {
        let written: Timestamp = "2026-11-23T00:00:00Z".parse().unwrap();
        assert!(SystemClock::start().now() > written);
    }
}
