//! Repeated measurements of one thing.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Measurements in the order of their size.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<Duration>);

/// How long something is done before it is measured, how long a measurement takes at least, and how many there are.
const WARM_UP: Duration = Duration::from_millis(400);
const MEASUREMENT: Duration = Duration::from_millis(4);
const MEASUREMENTS: usize = 151;

impl Samples {
    /// Does something again and again: what one time takes, each measured over as many as last a while.
    #[expect(clippy::disallowed_methods, reason = "this measures time")]
    pub(crate) fn of<T>(mut what: impl FnMut() -> T) -> Self {
        let start = Instant::now();
        let mut warm = 0;
        while start.elapsed() < WARM_UP {
            drop(black_box(what()));
            warm += 1;
        }
        let many = warm * u32::try_from(MEASUREMENT.as_millis()).unwrap_or(1) / 400 + 1;
        let measured = (0..MEASUREMENTS).map(|_| {
            let start = Instant::now();
            (0..many).for_each(|_| drop(black_box(what())));
            start.elapsed() / many
        });
        measured.collect()
    }

    /// Does something a single time: for what takes long, where it matters how long at most.
    #[expect(clippy::disallowed_methods, reason = "this measures time")]
    pub(crate) fn once<T>(what: impl FnOnce() -> T) -> Self {
        let start = Instant::now();
        drop(black_box(what()));
        Self(vec![start.elapsed()])
    }

    /// The smallest measurement that at least `percent` % of all measurements do not exceed (nearest
    /// rank), in milliseconds. Zero where nothing was measured.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100);
        self.0.get(rank.saturating_sub(1)).map_or(0.0, |duration| duration.as_secs_f64() * 1e3)
    }
}

impl FromIterator<Duration> for Samples {
    fn from_iter<I: IntoIterator<Item = Duration>>(measured: I) -> Self {
        let mut samples: Vec<_> = measured.into_iter().collect();
        samples.sort_unstable();
        Self(samples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_milliseconds(milliseconds: impl IntoIterator<Item = u64>) -> Samples {
        milliseconds.into_iter().map(Duration::from_millis).collect()
    }

    #[test]
    fn percentiles_are_measurements_that_were_made() {
        let samples = of_milliseconds((1..=100).rev());
        assert_eq!([50, 90, 99, 100].map(|percent| samples.percentile(percent)), [50.0, 90.0, 99.0, 100.0]);
        assert_eq!(of_milliseconds([7, 1, 9]).percentile(50), 7.0);
    }

    #[test]
    fn one_measurement_is_every_percentile_and_none_is_zero() {
        assert_eq!([0, 50, 100].map(|percent| of_milliseconds([4]).percentile(percent)), [4.0; 3]);
        assert_eq!(Samples::default().percentile(50), 0.0);
    }
}
