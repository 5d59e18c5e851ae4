//! The vectors of `verify_entry`, which readers in other languages are held to as well.
//!
//! With `DEPUTIZE_RECORD` set they are written anew, to be read before they are kept.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use deputize_ledger::{Hash, InclusionProof, VerifierKey, verify_entry};
use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use support::{Log, entry};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/ledger/proofs.json");

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Vector {
    name: String,
    /// The entry's bytes, which are text.
    entry: String,
    proof: InclusionProof,
    checkpoint: String,
    key: String,
    /// `ok`, or why not.
    expected: String,
}

#[test]
fn the_vectors_of_verify_entry_come_out() {
    let made = vectors();
    if std::env::var_os("DEPUTIZE_RECORD").is_some() {
        std::fs::write(FILE, format!("{}\n", serde_json::to_string_pretty(&made).unwrap())).unwrap();
    }
    let kept: Vec<Vector> = serde_json::from_slice(&std::fs::read(FILE).unwrap()).unwrap();
    assert_eq!(kept, made);
    for vector in kept {
        let key: VerifierKey = vector.key.parse().unwrap();
        let verified = verify_entry(vector.entry.as_bytes(), &vector.proof, &vector.checkpoint, &key);
        let found = verified.map_or_else(|error| error.code(), |()| "ok");
        assert_eq!(found, vector.expected, "{}", vector.name);
    }
}

fn vectors() -> Vec<Vector> {
    let mut all = Vec::new();
    for (size, sequence) in [(1, 0), (2, 1), (256, 255), (257, 256), (700, 0), (700, 300), (700, 699)] {
        all.push(good(size, sequence));
    }
    let wrong = |name: &str, expected: &str, change: &dyn Fn(&mut Vector)| {
        let mut vector = good(700, 300);
        change(&mut vector);
        Vector { name: name.to_owned(), expected: expected.to_owned(), ..vector }
    };
    let other_log = Log::grown("other", &[700]);
    let smaller = Log::grown("acme", &[699]).checkpoint().to_string();
    let stranger = SigningKey::from_bytes(&[8; 32]).verifying_key();
    let stranger = VerifierKey::new(other_log.key().name().clone(), stranger.as_bytes()).unwrap();
    all.extend([
        wrong("another story at its place", "other_root", &|vector| {
            vector.entry = text(entry(300, "another story"))
        }),
        wrong("the entry after it", "other_entry", &|vector| vector.entry = text(entry(301, ""))),
        wrong("a space in the entry", "malformed_entry", &|vector| {
            vector.entry = vector.entry.replace(":1}", ": 1}")
        }),
        wrong("no entry", "malformed_entry", &|vector| vector.entry = "{}".to_owned()),
        wrong("a hash of zeros in the proof", "other_root", &|vector| vector.proof.hashes[3] = Hash([0; 32])),
        wrong("a hash less", "other_root", &|vector| vector.proof.hashes.truncate(9)),
        wrong("a hash more", "other_root", &|vector| vector.proof.hashes.push(Hash([0; 32]))),
        wrong("two hashes swapped", "other_root", &|vector| vector.proof.hashes.swap(0, 1)),
        wrong("a proof for another size", "other_size", &|vector| vector.proof.size = 701),
        wrong("a proof of another entry", "other_entry", &|vector| vector.proof.sequence = 299),
        wrong("a checkpoint of before", "other_size", &|vector| vector.checkpoint.clone_from(&smaller)),
        wrong("a checkpoint with another size", "wrong_signature", &|vector| {
            vector.checkpoint = vector.checkpoint.replace("\n700\n", "\n701\n");
        }),
        wrong("no checkpoint", "malformed_checkpoint", &|vector| vector.checkpoint.clear()),
        wrong("the key of another log", "other_log", &|vector| vector.key = other_log.key().to_string()),
        wrong("another key of the same name", "not_signed", &|vector| {
            let key = SigningKey::from_bytes(&[8; 32]).verifying_key();
            let name = Log::new("acme").key().name().clone();
            vector.key = VerifierKey::new(name, key.as_bytes()).unwrap().to_string();
        }),
        wrong("another key of another log", "other_log", &|vector| vector.key = stranger.to_string()),
    ]);
    all
}

fn good(size: u64, sequence: u64) -> Vector {
    let log = Log::grown("acme", &[size]);
    let proof = InclusionProof::build(sequence, size, |path| log.files.get(&path.to_string())).unwrap();
    Vector {
        name: format!("entry {sequence} of {size}"),
        entry: text(log.entries[sequence as usize].clone()),
        proof,
        checkpoint: log.checkpoint().to_string(),
        key: log.key().to_string(),
        expected: "ok".to_owned(),
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}
