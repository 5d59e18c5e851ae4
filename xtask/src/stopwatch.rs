//! How long something takes, told to a person.

use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "shown to a person; nothing is decided by it")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// As in `0.3 s` or `2 min 05 s`.
    pub(crate) fn text(self) -> String {
        let seconds = self.elapsed().as_secs();
        if seconds < 60 {
            format!("{:.1} s", self.elapsed().as_secs_f64())
        } else {
            format!("{} min {:02} s", seconds / 60, seconds % 60)
        }
    }
}
