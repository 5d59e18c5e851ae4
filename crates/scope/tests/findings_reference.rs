//! The reference of findings that is committed is the one that the code generates.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use deputize_scope::finding::reference;

#[test]
fn the_committed_reference_is_the_generated_one() {
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/findings.md");
    let committed = std::fs::read_to_string(committed).unwrap();
    assert!(committed == reference(), "`cargo xtask findings` writes docs/findings.md");
}
