//! How many retries there may be in a minute, whoever asks for them.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A budget of retries: so many in each minute.
#[derive(Debug)]
pub(crate) struct Budget {
    each_minute: u32,
    spent: Mutex<Spent>,
}

#[derive(Debug, Default)]
struct Spent {
    minute: u64,
    retries: u32,
}

impl Budget {
    pub(crate) fn new(each_minute: u32) -> Self {
        Self { each_minute, spent: Mutex::default() }
    }

    /// Takes a retry, where there is one left in the minute of this monotonic reading.
    pub(crate) fn take(&self, now: Duration) -> bool {
        let minute = now.as_secs() / 60;
        // Two numbers are sound whoever panicked while holding them.
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if spent.minute != minute {
            *spent = Spent { minute, retries: 0 };
        }
        let left = spent.retries < self.each_minute;
        spent.retries += u32::from(left);
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_so_many_retries_and_the_next_one_as_many_again() {
        let budget = Budget::new(2);
        let at = |seconds| budget.take(Duration::from_secs(seconds));
        assert_eq!([at(0), at(59), at(59)], [true, true, false]);
        assert_eq!([at(60), at(60), at(119)], [true, true, false]);
    }
}
