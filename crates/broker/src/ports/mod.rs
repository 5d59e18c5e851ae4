//! What the domain needs from the outside, one object-safe trait per aggregate. Adapters implement them; the process's
//! main file chooses which.

pub mod audit;
pub mod clock;
pub mod credentials;
pub mod identity;
pub mod keys;
pub mod leases;
pub mod ledger;
pub mod minter;
pub mod oauth;
pub mod rotation;
pub mod scopes;
pub mod signing;
pub mod tokens;

use thiserror::Error;

/// Where an adapter's own error goes: kept for the log, never shown to a caller.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a store did not do what it was asked for.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Too many requests: nothing was written; trying again later may succeed.
    #[error("the store is throttling")]
    Throttled,
    /// The store did not answer, or answered that it could not. What was to be written may or may not be there.
    #[error("the store is unavailable")]
    Unavailable(#[source] Source),
    /// What is stored cannot have been written by this program.
    #[error("inconsistent record {key}: attribute {attribute} {problem}")]
    Inconsistent {
        /// The record's primary key.
        key: String,
        /// The attribute at fault.
        attribute: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}
