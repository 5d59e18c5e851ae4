//! The audit function as AWS runs it: the real binary on a Runtime API host, beside that of issuance, with the table's
//! stream, the schedule, DynamoDB Local, moto for S3, KMS and EventBridge, and a NATS server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod delivery;
mod monitoring;
mod tampering;
mod world;
