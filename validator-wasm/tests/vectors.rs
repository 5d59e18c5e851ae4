//! Natively, the validator answers the vectors as it does in every other host (`tests/tests/validator.rs`).

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking, and what the tests share stands outside of test functions"
)]

mod vector;

use std::collections::BTreeSet;

use serde_json::Value;

#[test]
fn every_vector_is_answered_as_recorded() {
    let mut names = BTreeSet::new();
    for file in vector::files() {
        for vector in vector::read(&file) {
            let answer = vector.native();
            assert_eq!(
                answer.to_string(),
                vector.answer.to_string(),
                "{}; `cargo run -p deputize-validator --example record` records new answers",
                vector.name
            );
            assert!(names.insert(vector.name.clone()), "two vectors are called {}", vector.name);
        }
    }
    assert!(names.len() >= 100, "only {} vectors", names.len());
}

#[test]
fn a_place_is_the_same_part_of_the_text_in_bytes_and_in_utf_16() {
    let mut beyond_ascii = 0;
    for file in vector::files() {
        for vector in vector::read(&file) {
            let Some(text) = vector.text_of_check() else { continue };
            let units: Vec<u16> = text.encode_utf16().collect();
            for finding in vector.answer["ok"].as_array().unwrap() {
                for span in [&finding["span"], &finding["fix"]["span"]].into_iter().filter(|it| !it.is_null())
                {
                    let part = &text[number(&span["start"])..number(&span["end"])];
                    let same = &units[number(&span["utf16"]["start"])..number(&span["utf16"]["end"])];
                    assert_eq!(String::from_utf16(same).unwrap(), part, "{}", vector.name);
                    beyond_ascii += usize::from(span["start"] != span["utf16"]["start"]);
                }
            }
        }
    }
    assert!(beyond_ascii >= 5, "only {beyond_ascii} places after a character beyond ASCII");
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

#[test]
fn the_package_has_the_version_of_the_crate() {
    let package: Value = serde_json::from_str(include_str!("../npm/package.json")).unwrap();
    assert_eq!(package["version"], env!("CARGO_PKG_VERSION"));
}
