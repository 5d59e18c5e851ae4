//! The scope validator for JavaScript: `check`, `compile`, `contains` and `describe` as browsers, Node and edge
//! workers call them.
//!
//! Nothing is decided here. Each function takes texts, asks `deputize-scope`, and gives a plain value: what
//! [`bindings`] exports is its JSON, parsed. The same functions run natively, so that one set of vectors
//! (`tests/vectors/scope`) holds for every host.

#![warn(missing_docs)]

pub mod bindings;
#[cfg(feature = "document")]
mod catalogue;
#[cfg(feature = "document")]
mod compile;
mod contains;
mod finding;
mod refusal;
mod utf16;

#[cfg(feature = "document")]
pub use catalogue::{Loaded, describe, load_catalogue};
#[cfg(feature = "document")]
pub use compile::{Boundary, Compiled, Enforcement, Target, compile};
pub use contains::{Containment, Witness, contains};
#[cfg(feature = "document")]
pub use finding::check;
pub use finding::{Finding, Fix, Span, Units};
pub use refusal::Refusal;

/// Smaller than the allocator that Rust's modules have by themselves, and faster.
#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
