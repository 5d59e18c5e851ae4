//! How much a caller may report: enough for every call of an agent, too little to fill the ledger with.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

/// Reports of one caller in a minute, at this process.
const PER_MINUTE: u32 = 120;

/// Counts reports by caller, in whole minutes.
#[derive(Debug, Default)]
pub(super) struct Throttle(Mutex<Minute>);

#[derive(Debug, Default)]
struct Minute {
    number: i64,
    reports: HashMap<String, u32>,
}

impl Throttle {
    /// Counts one more; or says how long to wait.
    pub(super) fn count(&self, caller: &str, now: Timestamp) -> Result<(), Duration> {
        let number = now.as_second().div_euclid(60);
        let mut minute = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if minute.number != number {
            *minute = Minute { number, reports: HashMap::new() };
        }
        let reports = minute.reports.entry(caller.to_owned()).or_default();
        if *reports >= PER_MINUTE {
            let over = u64::try_from(now.as_second().rem_euclid(60)).unwrap_or_default();
            return Err(Duration::from_secs(60_u64.saturating_sub(over)));
        }
        *reports += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_caller_has_its_own_bound_and_a_new_one_every_minute() {
        let throttle = Throttle::default();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-11-24T12:00:15Z");
        for _ in 0..PER_MINUTE {
            throttle.count("one", now).unwrap();
        }
        assert_eq!(throttle.count("one", now), Err(Duration::from_secs(45)));
        assert_eq!(throttle.count("other", now), Ok(()));
        assert_eq!(throttle.count("one", at("2026-11-24T12:01:00Z")), Ok(()));
    }
}
