//! Clouds to try Deputize against, speaking their own wire protocols with their limits and errors.
//!
//! A sandbox stands where the vendor's service would: the vendor's own client library works against it unmodified.
//! It is for tests and for newcomers who have no cloud account; what it hands out is worth nothing anywhere else.
//!
//! [`aws`], [`gcp`], [`azure`], [`oauth`] and [`keys`] are made alike: a configuration, a clock and randomness go in, a router
//! comes out, and [`Faults`] make each of its services fail as real ones do.

pub mod aws;
pub mod azure;
mod bearer;
mod faults;
pub mod gcp;
mod jwt;
mod key;
pub mod keys;
pub mod oauth;
mod oidc;
mod ports;
mod sealed;
mod trouble;

pub use faults::{Fault, Faults};
pub use key::Key;
pub use oidc::IssuerKeys;
pub use ports::{Clock, Random};
