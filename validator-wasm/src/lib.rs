//! The scope validator for JavaScript: `check`, `compile`, `contains` and `describe` as browsers, Node and edge
//! workers call them; and `verifyProof`, for who trusts no broker's audit log.
//!
//! Nothing is decided here. Each function takes texts, asks `deputize-scope` or `deputize-ledger`, and gives a plain
//! value: what [`bindings`] exports is its JSON, parsed. The same functions run natively, so that one set of vectors
//! (`tests/vectors/scope`, `tests/vectors/ledger/proofs.json`) holds for every host.

#![warn(missing_docs)]

pub mod bindings;
#[cfg(feature = "document")]
mod catalogue;
#[cfg(feature = "document")]
mod compile;
#[cfg(feature = "contains")]
mod contains;
#[cfg(feature = "contains")]
mod finding;
#[cfg(feature = "proof")]
mod proof;
mod refusal;
#[cfg(feature = "contains")]
mod utf16;

#[cfg(feature = "document")]
pub use catalogue::{Loaded, describe, load_catalogue};
#[cfg(feature = "document")]
pub use compile::{Boundary, Compiled, Enforcement, Target, compile};
#[cfg(feature = "contains")]
pub use contains::{Containment, Witness, contains};
#[cfg(feature = "document")]
pub use finding::check;
#[cfg(feature = "contains")]
pub use finding::{Finding, Fix, Span, Units};
#[cfg(feature = "proof")]
pub use proof::{InclusionProof, Verdict, explain_proof};
#[cfg(feature = "contains")]
pub use refusal::Refusal;

/// Smaller than the allocator that Rust's modules have by themselves, and faster.
#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
