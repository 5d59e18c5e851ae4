//! Clouds to try Deputize against, speaking their own wire protocols with their limits and errors.
//!
//! A sandbox stands where the vendor's service would: the vendor's own client library works against it unmodified.
//! It is for tests and for newcomers who have no cloud account; what it hands out is worth nothing anywhere else.

pub mod aws;
mod ports;

pub use ports::{Clock, Random};
