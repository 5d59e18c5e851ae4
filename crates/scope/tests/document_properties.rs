//! Whatever the text: a document or an error, never both, never neither, never a panic; and every place that is
//! told lies in the text.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests share stands outside of test functions"
)]

use deputize_scope::finding::{Finding, Severity};
use deputize_scope::{ScopeDocument, Span, document};
use proptest::prelude::*;

const EXAMPLE: &str = include_str!("../../../examples/mission.yaml");

/// Fragments in which documents are written, and in which they go wrong.
const FRAGMENTS: &[&str] = &[
    "version: 1\n",
    "tenant: acme\n",
    "agents:\n",
    "  ops:\n",
    "    scopes:\n",
    "      - cloud: aws\n",
    "permissions",
    ": ",
    "- ",
    "\n",
    "  ",
    "\t",
    "{",
    "}",
    "[",
    "]",
    ",",
    "\"",
    "'",
    "*",
    "&a ",
    "!t ",
    "#",
    "---\n",
    "...\n",
    "%",
    "|\n",
    ">\n",
    "? ",
    "\\",
    "\\u00e9",
    "é",
    "𝄞",
    "\u{feff}",
    "\r\n",
    "\0",
    "\u{7f}",
    "null",
    "1e9",
    "0",
    "\u{85}",
    "\u{2028}",
];

fn check_document(text: &str) {
    let parsed = ScopeDocument::parse(text);
    let errors = parsed.findings.iter().any(|finding| finding.severity == Severity::Error);
    assert!(parsed.document.is_some() != errors, "{text:?}\n{:#?}", parsed.findings);
    check_places(text, &parsed.findings);
    if let Some(read) = parsed.document {
        let again = ScopeDocument::parse(&serde_json::to_string(&read).unwrap());
        assert_eq!(again.document, Some(read), "{:#?}", again.findings);
    }
    let (_, findings) = document::parse_scopes(text);
    check_places(text, &findings);
}

fn check_places(text: &str, findings: &[Finding]) {
    for finding in findings {
        let places = finding.span.iter().chain(finding.fix.iter().map(|fix| &fix.span));
        for place in places {
            check_place(text, place, finding);
        }
    }
}

fn check_place(text: &str, place: &Span, finding: &Finding) {
    assert!(text.get(place.start..place.end).is_some(), "{text:?}\n{finding:#?}");
    assert!(place.line >= 1 && place.column >= 1, "{finding:#?}");
    assert!(place.line <= text.split(['\n', '\r']).count(), "{text:?}\n{finding:#?}");
}

/// The example with a few cuts, insertions and doublings.
fn mutated() -> impl Strategy<Value = String> {
    let edit = (
        0..EXAMPLE.len(),
        0..40usize,
        prop_oneof![
            prop::sample::select(FRAGMENTS).prop_map(str::to_owned),
            (0..EXAMPLE.len(), 0..200usize)
                .prop_map(|(start, length)| slice(EXAMPLE, start, length).to_owned()),
            Just(String::new()),
        ],
    );
    prop::collection::vec(edit, 1..4).prop_map(|edits| {
        edits.into_iter().fold(EXAMPLE.to_owned(), |text, (start, length, insertion)| {
            let cut = slice(&text, start, length);
            let at = cut.as_ptr() as usize - text.as_ptr() as usize;
            format!("{}{insertion}{}", &text[..at], &text[at + cut.len()..])
        })
    })
}

/// A part of a text, moved back to where characters begin.
fn slice(text: &str, start: usize, length: usize) -> &str {
    let start = text.floor_char_boundary(start);
    &text[start..text.floor_char_boundary(start + length)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_a_document_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let parsed = ScopeDocument::parse_bytes(&bytes);
        assert!(parsed.document.is_none() && !parsed.findings.is_empty());
        match std::str::from_utf8(&bytes) {
            Ok(text) => check_document(text),
            Err(_) => assert!(parsed.findings[0].span.unwrap().end <= bytes.len()),
        }
    }

    #[test]
    fn any_text_is_a_document_or_an_error(text in ".{0,200}") {
        check_document(&text);
    }

    #[test]
    fn anything_that_looks_like_a_document_is_one_or_an_error(
        fragments in prop::collection::vec(prop::sample::select(FRAGMENTS), 0..40)
    ) {
        check_document(&fragments.concat());
    }

    #[test]
    fn the_example_with_slips_is_a_document_or_an_error(text in mutated()) {
        check_document(&text);
    }
}

#[test]
fn the_example_cut_off_anywhere_is_a_document_or_an_error() {
    for (end, _) in EXAMPLE.char_indices().step_by(23) {
        check_document(&EXAMPLE[..end]);
    }
}

#[test]
fn the_example_in_other_line_ends_is_the_same_document() {
    let expected = ScopeDocument::parse(EXAMPLE).document.unwrap();
    for text in [EXAMPLE.replace('\n', "\r\n"), format!("\u{feff}{EXAMPLE}"), format!("---\n{EXAMPLE}...\n")]
    {
        let parsed = ScopeDocument::parse(&text);
        assert!(parsed.findings.iter().all(|finding| finding.severity == Severity::Info));
        assert_eq!(parsed.document.as_ref(), Some(&expected));
    }
}
