//! Keys are replaced by others while agents use them, and no use fails: a hundred times in a row, and with the broker
//! killed at random.
//!
//! Both go on for a moment each time the tests are run, and for as long as one likes with `DEPUTIZE_ROTATIONS=100` and
//! `DEPUTIZE_KILLS=200`. What was counted is printed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod agent;
mod broker;
mod hundred;
mod killed;
mod lapse;
mod places;
#[path = "../embedded/records.rs"]
#[expect(dead_code, reason = "nothing is said of leases here")]
mod records;
mod story;

/// A number from the environment.
fn number(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).map_or(otherwise, |text| text.parse().unwrap())
}
