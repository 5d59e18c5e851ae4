//! The ledger's files in an S3 bucket, whose Object Lock keeps them from everybody, the operator included.

mod failure;
mod objects;
mod settings;

pub use crate::objects::S3Objects;
pub use crate::settings::{InvalidS3Settings, KeyPrefix, Retention, RetentionMode, S3Settings};
