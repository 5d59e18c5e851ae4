//! The AWS sandbox, driven over HTTP by AWS's own client library.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and its helpers are tests too"
)]

mod access_keys;
mod account;
mod authority;
mod federation;
mod limits;
mod query;
mod scoped;
mod signatures;
mod trouble;
