//! What passed, failed and was skipped, over checks and tests alike.

use std::fmt;

use crate::progress::Finished;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// A check counts as one.
    pub(crate) fn of_check(passed: bool) -> Self {
        Self { passed: u64::from(passed), failed: u64::from(!passed), skipped: 0 }
    }

    /// Counts what a run of `cargo nextest` or of `cargo test` reports. A run that failed without
    /// reporting a failed test (it did not compile, it crashed) counts as one failure.
    pub(crate) fn of_tests(finished: &Finished) -> Self {
        let mut tally = Self::default();
        for line in &finished.lines {
            let line = console::strip_ansi_codes(line);
            if let Some(counted) = nextest_summary(&line).or_else(|| libtest_result(&line)) {
                tally.add(counted);
            }
        }
        if !finished.status.success() && tally.failed == 0 {
            tally.failed = 1;
        }
        tally
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// `Summary [   1.5s] 9 tests run: 7 passed (1 slow, 1 leaky), 1 failed, 1 timed out, 2 skipped`
fn nextest_summary(line: &str) -> Option<Tally> {
    let (_, counts) = line.trim_start().strip_prefix("Summary [")?.split_once("run: ")?;
    Some(count(&without_parentheses(counts), ','))
}

/// `test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.00s`
fn libtest_result(line: &str) -> Option<Tally> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    Some(count(counts, ';'))
}

fn count(counts: &str, separator: char) -> Tally {
    let mut tally = Tally::default();
    for part in counts.split(separator) {
        let Some((number, what)) = part.trim().split_once(' ') else { continue };
        let Ok(number) = number.parse::<u64>() else { continue };
        match what.trim() {
            "passed" => tally.passed += number,
            "skipped" | "ignored" | "filtered out" => tally.skipped += number,
            "failed" | "exec failed" | "timed out" => tally.failed += number,
            _ => {}
        }
    }
    tally
}

fn without_parentheses(text: &str) -> String {
    let mut depth = 0_usize;
    let keep = |character: &char| {
        match character {
            '(' => depth += 1,
            ')' => {
                depth = depth.saturating_sub(1);
                return false;
            }
            _ => {}
        }
        depth == 0
    };
    text.chars().filter(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nextest_summary_is_counted_with_every_way_to_fail() {
        let line = "     Summary [   1.566s] 11 tests run: 7 passed (1 slow, 1 leaky), 1 failed, 1 exec failed, 2 timed out, 3 skipped";
        assert_eq!(nextest_summary(line), Some(Tally { passed: 7, failed: 4, skipped: 3 }));
    }

    #[test]
    fn a_nextest_run_that_was_cut_short_is_counted() {
        let line = "     Summary [   0.1s] 3/9 tests run: 2 passed, 1 failed, 0 skipped";
        assert_eq!(nextest_summary(line), Some(Tally { passed: 2, failed: 1, skipped: 0 }));
    }

    #[test]
    fn a_libtest_result_is_counted_with_what_was_left_out() {
        let line = "test result: FAILED. 5 passed; 2 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.00s";
        assert_eq!(libtest_result(line), Some(Tally { passed: 5, failed: 2, skipped: 4 }));
    }

    #[test]
    fn other_lines_count_nothing() {
        for line in
            ["test result", "running 3 tests", "Summary of 3 passed", "", "PASS [ 1s] a passed, b failed"]
        {
            assert_eq!(nextest_summary(line).or_else(|| libtest_result(line)), None, "{line}");
        }
    }
}
