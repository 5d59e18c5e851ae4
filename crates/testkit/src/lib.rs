//! Contract suites and faulty fakes. A development dependency only.

pub mod credentials;
pub mod events;
pub mod keys;
pub mod ledger;
pub mod ledger_store;
pub mod log_copy;
pub mod log_objects;
pub mod log_signer;
pub mod outbox;
pub mod provider;
pub mod publications;
pub mod rotation;
pub mod signing;
pub mod store;
pub mod stub;
pub mod time;
