//! Entry points for fuzzers: whatever the bytes, the parser, the compiler and containment answer without a panic,
//! and what they answer is true. A broken promise panics here.
//!
//! `fuzz/` calls them from libFuzzer; `tests/bounded.rs` calls them with a few hundred inputs on every test run.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a fuzzer takes a panic for a finding")]

mod compiler;
mod containment;
mod grammar;
mod judge;
mod parser;

pub use compiler::compiler;
pub use containment::containment;
pub use parser::parser;
