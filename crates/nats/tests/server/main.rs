//! Monitoring by NATS, at a real server.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod access;
mod listeners;
mod place;
mod stream;
