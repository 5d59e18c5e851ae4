//! What a process brings along: its clock, its randomness, its log, a file that says who it is. Nothing else in the
//! workspace reads the ambient ones, so that everything else can be replayed.

mod alerts;
mod clock;
mod random;
mod token_file;
mod tracing;

pub use crate::alerts::LogAlerts;
pub use crate::clock::SystemClock;
pub use crate::random::OsRandom;
pub use crate::token_file::{TokenFile, TokenFileError};
pub use crate::tracing::{Format, LOG_VARIABLE, TracingError, init_tracing};
