//! A log's files in S3: at moto, and at a place that answers as S3 documents it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod moto;
mod place;
mod trouble;
