//! The sandboxes of Google, Microsoft and OAuth, and what AWS has to do with other issuers, driven over HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and its helpers are tests too"
)]

mod aws;
mod azure;
mod azure_keys;
mod gcp;
mod gcp_boundary;
mod issuer;
mod keys;
mod oauth;
mod served;
mod trouble;
