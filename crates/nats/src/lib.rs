//! Monitoring adapter: entries of the ledger as messages on a NATS subject, each at least once.

mod connection;
mod credentials;
mod monitor;
mod settings;

pub use crate::connection::NatsFailure;
pub use crate::credentials::{Credentials, SecretSource};
pub use crate::monitor::NatsMonitor;
pub use crate::settings::{ClientCertificate, InvalidNatsSettings, NatsSettings, Servers, Subject, Tls};
