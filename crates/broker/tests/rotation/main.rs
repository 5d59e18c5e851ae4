//! Rotation as it is driven: one credential, a provider that fails when it is told to, and time that goes on when it is
//! told to. What may happen between the steps of two workers is the model's to try, in `rotation_model`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod contract;
mod exchange;
mod meanwhile;
mod phases;
mod shown;
mod steps;
mod trouble;
mod way;
mod world;
mod writes;
