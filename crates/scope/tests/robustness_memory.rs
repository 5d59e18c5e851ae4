//! What hostile texts take of memory, with all catalogues at hand. By itself, for what is measured is the process's.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod hostile;

use std::collections::BTreeSet;

use deputize_scope::catalogue::Catalogues;
use deputize_scope::finding::Code;
use hostile::{Hostile, texts};
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const MOST: f32 = 256.0;

#[test]
fn hostile_texts_get_an_answer_within_bounded_memory() {
    let catalogues = Catalogues::built_in();
    for text in texts() {
        ALLOCATOR.reset_peak_usage();
        let findings = text.findings(&catalogues);
        let peak = ALLOCATOR.peak_usage_as_mb();
        assert!(peak < MOST, "{} took {peak} MB", text.name);
        assert!(findings.len() <= 201, "{}: {} findings", text.name, findings.len());
    }
}

#[test]
fn what_is_given_up_is_told() {
    let told = |text: &Hostile| -> BTreeSet<Code> {
        text.findings(&Catalogues::default()).iter().map(|finding| finding.code).collect()
    };
    let expected = [
        ("a megabyte", Code::TooLarge),
        ("10,000 wildcards of AWS", Code::TooComplex),
        ("10,000 things that are no permissions", Code::InvalidPermission),
        ("5,000 scopes that are the same", Code::TooComplex),
        ("5,000 scopes of Google Cloud", Code::TooComplex),
        ("5,000 scopes of Azure", Code::TooComplex),
        ("anchors and aliases", Code::UnsupportedYaml),
        ("brackets in brackets", Code::TooDeep),
        ("lists in lists", Code::TooDeep),
        ("mappings in mappings", Code::TooDeep),
        ("one scalar", Code::InvalidPermission),
        ("15,000 fields", Code::UnknownField),
    ];
    let texts = texts();
    for (name, code) in expected {
        let text = texts.iter().find(|text| text.name == name).unwrap();
        let told = told(text);
        assert!(told.contains(&code), "{name}: {told:?}");
    }
}
