//! The store adapter: DynamoDB, or the same code on an engine in the process.
//!
//! One table holds everything ([`table`]). Each change is one transaction: what changes, the budget that it draws on,
//! the idempotency key that guards it, and the audit event that tells of it.

#![warn(missing_docs)]

mod connectors;
mod credentials;
#[cfg(feature = "embedded")]
mod embedded;
mod error;
#[cfg(feature = "fill")]
mod fill;
#[cfg(feature = "embedded")]
mod group;
mod item;
mod leases;
mod ledger;
mod objects;
mod outbox;
mod query;
mod scopes;
pub mod stream;
mod subjects;
pub mod table;
mod tokens;
mod transaction;

use std::sync::Arc;

use aws_sdk_dynamodb::Client;

#[cfg(feature = "embedded")]
pub use crate::embedded::{Embedded, EmbeddedError};
pub use crate::table::create_table;

/// The stores of the broker in one table. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    table: Arc<str>,
}

/// The stores in the table of this name, which [`table::create_table`] or a stack has made.
pub fn store(client: Client, table: &str) -> Store {
    Store { client, table: table.into() }
}
