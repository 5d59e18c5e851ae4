//! The ledger: what waits is sealed, once and in one order, whatever happens on the way.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod disturbed;
mod faults;
mod monitors;
mod personal;
mod reading;
mod world;
mod years;
