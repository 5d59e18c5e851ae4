//! Contract suites and faulty fakes. A development dependency only.

pub mod keys;
pub mod store;
pub mod stub;
pub mod time;
