//! Entries: one text for each, and none that is read in two ways.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use deputize_ledger::{Commitment, ENTRY_LIMIT, Entry, EntryError, Hash, bundle, leaf_hash};
use jiff::Timestamp;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The same by the libraries alone: parsed by rules, written again, and compared.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Slowly {
    event: serde_json::Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    personal: Option<Commitment>,
    recorded_at: Timestamp,
    sequence: u64,
    v: u8,
}

fn slowly(bytes: &[u8]) -> Option<Slowly> {
    let read: Slowly = serde_json::from_slice(bytes).ok()?;
    let same = serde_json_canonicalizer::to_vec(&read).ok()? == bytes;
    let event = Value::Object(read.event.clone());
    (same && read.v == 1 && read.sequence < 1 << 53 && integers(&event)).then_some(read)
}

fn integers(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_i64().is_some_and(|number| number.unsigned_abs() < 1 << 53),
        Value::Array(values) => values.iter().all(integers),
        Value::Object(members) => members.values().all(integers),
        _ => true,
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z_]{0,8}",
        "[\"\\\\/\u{0}-\u{1f}a-c\u{7f}]{0,5}",
        "[aé€\u{e000}\u{fb33}😀\u{10ffff}]{0,4}",
        any::<String>()
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let plain = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-(1_i64 << 53) + 1..1 << 53).prop_map(Value::from),
        (-2_i64..3).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    plain.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

prop_compose! {
    fn entry()(
        members in prop::collection::btree_map(text(), value(), 0..6),
        sequence in 0_u64..1 << 53,
        nanoseconds in 0_i128..4_000_000_000_000_000_000,
        subject in prop::option::of((text(), any::<[u8; 32]>())),
    ) -> Entry {
        Entry {
            sequence,
            recorded_at: Timestamp::from_nanosecond(nanoseconds).unwrap(),
            event: Value::Object(members.into_iter().collect()),
            personal: subject.map(|(subject, hash)| Commitment { subject, hash: Hash(hash) }),
        }
    }
}

/// What could stand in JSON, and what comes near it.
const SNIPPETS: [&str; 26] = [
    "\"",
    "\\",
    "\\n",
    "\\u000a",
    "\\u001f",
    "\\u001F",
    "\\ud800",
    "\u{1}",
    " ",
    "\n",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "0",
    "-",
    "-0",
    "00",
    ".0",
    "e1",
    "9007199254740992",
    "null",
    "\"a\":1",
    "é",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_written_is_read_as_the_same(entry in entry()) {
        let bytes = entry.to_bytes().unwrap();
        prop_assert_eq!(Entry::from_bytes(&bytes).unwrap(), entry.clone());
        prop_assert!(slowly(&bytes).is_some());
        prop_assert_eq!(entry.leaf_hash().unwrap(), leaf_hash(&bytes));
    }

    /// The scan and the libraries agree about every text, however close it comes to an entry.
    #[test]
    fn the_scan_reads_what_the_libraries_read_and_nothing_else(
        entry in entry(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..4, any::<u8>(), 0..SNIPPETS.len()), 1..4),
    ) {
        let mut bytes = entry.to_bytes().unwrap();
        for (place, kind, byte, snippet) in changes {
            let at = place.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes[at] ^= 1 << (byte % 8),
                2 => drop(bytes.remove(at)),
                _ => drop(bytes.splice(at..at, SNIPPETS[snippet].bytes())),
            }
            if bytes.is_empty() {
                break;
            }
        }
        let (scanned, slow) = (Entry::from_bytes(&bytes), slowly(&bytes));
        prop_assert_eq!(scanned.is_ok(), slow.is_some(), "{}", String::from_utf8_lossy(&bytes));
        if let (Ok(scanned), Some(slow)) = (scanned, slow) {
            prop_assert_eq!(scanned.event, Value::Object(slow.event));
            prop_assert_eq!((scanned.sequence, scanned.recorded_at, scanned.personal), (slow.sequence, slow.recorded_at, slow.personal));
        }
    }

    #[test]
    fn any_bytes_are_an_entry_or_not_and_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Entry::from_bytes(&bytes).is_err());
        drop(bundle::decode(&bytes));
    }

    #[test]
    fn bundles_are_read_as_they_were_written(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..12), cut in any::<prop::sample::Index>()) {
        let bytes = bundle::encode(&entries).unwrap();
        prop_assert_eq!(bundle::decode(&bytes).unwrap(), entries.iter().map(Vec::as_slice).collect::<Vec<_>>());
        if !bytes.is_empty() {
            let cut = bundle::decode(&bytes[..cut.index(bytes.len())]);
            prop_assert!(cut.is_err() || cut.unwrap().len() < entries.len());
        }
    }
}

fn of(event: Value) -> Result<Vec<u8>, EntryError> {
    Entry { sequence: 0, recorded_at: Timestamp::UNIX_EPOCH, event, personal: None }.to_bytes()
}

#[test]
fn numbers_that_readers_could_understand_differently_are_refused() {
    for number in [json!(1.5), json!(1.0), json!(-0.0), json!(1_u64 << 53), json!(u64::MAX), json!(i64::MIN)]
    {
        let nested = of(json!({"a": [{"b": number}]}));
        assert!(matches!(nested, Err(EntryError::Number)), "{number}: {nested:?}");
    }
    assert!(of(json!({"a": (1_u64 << 53) - 1, "b": -(1_i64 << 53) + 1})).is_ok());
}

#[test]
fn an_event_is_an_object_that_is_neither_too_deep_nor_too_large() {
    assert!(matches!(of(json!(["a"])), Err(EntryError::NotAnObject)));
    let deep = |depth| (0..depth).fold(json!({}), |inner, _| json!({"a": inner}));
    let bytes = of(deep(62)).unwrap();
    assert!(Entry::from_bytes(&bytes).is_ok());
    assert!(matches!(of(deep(63)), Err(EntryError::Depth)));
    let deeper = String::from_utf8(bytes).unwrap().replacen("{}", "{\"a\":{}}", 1);
    assert!(matches!(Entry::from_bytes(deeper.as_bytes()), Err(EntryError::Malformed(_))));

    let around = of(json!({"a": ""})).unwrap().len();
    assert_eq!(of(json!({"a": "x".repeat(ENTRY_LIMIT - around)})).unwrap().len(), ENTRY_LIMIT);
    let larger = of(json!({"a": "x".repeat(ENTRY_LIMIT - around + 1)}));
    assert!(matches!(larger, Err(EntryError::TooLarge(size)) if size == ENTRY_LIMIT + 1));
    assert!(bundle::encode([vec![0; ENTRY_LIMIT + 1]]).is_err());
}

#[test]
fn a_commitment_opens_with_its_salt_and_its_data_only() {
    let personal = json!({"email": "ada@example.com", "purpose": "nightly report"});
    let commitment = Commitment::of("s-1", &[3; 32], &personal).unwrap();
    assert!(commitment.opens(&[3; 32], &json!({"purpose": "nightly report", "email": "ada@example.com"})));
    assert!(!commitment.opens(&[4; 32], &personal));
    assert!(!commitment.opens(&[3; 32], &json!({"email": "ada@example.com", "purpose": "other"})));
    // As anybody would compute it: the salt, and then the canonical text.
    let text = [&[3; 32], br#"{"email":"ada@example.com","purpose":"nightly report"}"#.as_slice()].concat();
    assert_eq!(commitment.hash.0[..], <sha2::Sha256 as sha2::Digest>::digest(text)[..]);
}
