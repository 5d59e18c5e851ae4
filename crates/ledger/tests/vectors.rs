//! Published vectors: of RFC 6962, of RFC 8785, and of logs and witnesses that there are.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use deputize_ledger::entry::EntryError;
use deputize_ledger::{
    ConsistencyProof, CosignerKey, Edge, Entry, Hash, InclusionProof, NoteError, SignedCheckpoint,
    VerifierKey, leaf_hash,
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Trees {
    leaves: Vec<String>,
    empty: Hash,
    roots: Vec<Hash>,
    inclusion: Vec<InclusionProof>,
    consistency: Vec<ConsistencyProof>,
    argon2020: Argon,
}

#[derive(Deserialize)]
struct Argon {
    root: Hash,
    size: u64,
    inclusion: ArgonInclusion,
    consistency: ArgonConsistency,
}

#[derive(Deserialize)]
struct ArgonInclusion {
    leaf: Hash,
    sequence: u64,
    hashes: Vec<Hash>,
}

#[derive(Deserialize)]
struct ArgonConsistency {
    from: u64,
    root: Hash,
    hashes: Vec<Hash>,
}

impl Trees {
    fn read() -> Self {
        read("rfc6962.json")
    }

    fn leaf(&self, sequence: usize) -> Hash {
        leaf_hash(&hex::decode(&self.leaves[sequence]).unwrap())
    }

    fn root(&self, size: u64) -> Hash {
        self.roots[size as usize - 1]
    }
}

#[test]
fn the_roots_of_rfc_6962_come_out() {
    let trees = Trees::read();
    let mut edge = Edge::default();
    assert_eq!(edge.root(), trees.empty);
    for (sequence, root) in trees.roots.iter().enumerate() {
        edge.append([trees.leaf(sequence)]);
        assert_eq!(edge.root(), *root, "of {} leaves", sequence + 1);
    }
}

#[test]
fn the_proofs_of_rfc_6962_are_built_and_hold() {
    let trees = Trees::read();
    for known in &trees.inclusion {
        let tile = tile(&trees, known.size);
        let built = InclusionProof::build(known.sequence, known.size, |_| Some(&tile)).unwrap();
        assert_eq!(built, *known);
        built.verify(trees.leaf(known.sequence as usize), trees.root(known.size)).unwrap();
    }
    for known in &trees.consistency {
        let tile = tile(&trees, known.to);
        let built = ConsistencyProof::build(known.from, known.to, |_| Some(&tile)).unwrap();
        assert_eq!(built, *known);
        built.verify(trees.root(known.from), trees.root(known.to)).unwrap();
    }
}

/// The only tile that a log this small has.
fn tile(trees: &Trees, size: u64) -> Vec<u8> {
    let mut edge = Edge::default();
    edge.append((0..size as usize).map(|sequence| trees.leaf(sequence))).remove(0).bytes
}

#[test]
fn proofs_of_a_log_with_a_billion_entries_hold() {
    let argon = Trees::read().argon2020;
    let ArgonInclusion { leaf, sequence, hashes } = argon.inclusion;
    InclusionProof { sequence, size: argon.size, hashes }.verify(leaf, argon.root).unwrap();
    let ArgonConsistency { from, root, hashes } = argon.consistency;
    ConsistencyProof { from, to: argon.size, hashes }.verify(root, argon.root).unwrap();
}

#[derive(Deserialize)]
struct Notes {
    keys: Vec<KnownKey>,
    checkpoint: KnownCheckpoint,
}

#[derive(Deserialize)]
struct KnownKey {
    source: String,
    key: String,
    kind: String,
    ok: bool,
}

#[derive(Deserialize)]
struct KnownCheckpoint {
    note: String,
    key: VerifierKey,
    size: u64,
    root: Hash,
    witness: CosignerKey,
    cosigned_at: u64,
}

#[test]
fn published_keys_are_read_and_written_alike() {
    for known in read::<Notes>("notes.json").keys {
        let written = match known.kind.as_str() {
            "log" => known.key.parse().ok().map(|key: VerifierKey| key.to_string()),
            _ => known.key.parse().ok().map(|key: CosignerKey| key.to_string()),
        };
        assert_eq!(written, known.ok.then_some(known.key), "{}", known.source);
    }
}

#[test]
fn a_checkpoint_of_a_log_that_there_is_verifies_with_its_witness() {
    let known = read::<Notes>("notes.json").checkpoint;
    let signed: SignedCheckpoint = known.note.parse().unwrap();
    assert_eq!(signed.to_string(), known.note);
    let checkpoint = signed.verify(&known.key).unwrap();
    assert_eq!((checkpoint.size, checkpoint.root), (known.size, known.root));
    assert_eq!(
        signed.cosignatures(std::slice::from_ref(&known.witness)),
        [(known.witness, known.cosigned_at)]
    );
}

#[test]
fn a_checkpoint_that_was_changed_in_any_character_does_not_verify() {
    let known = read::<Notes>("notes.json").checkpoint;
    // Up to the end of the log's own signature, the second line of signatures.
    let end = known.note.match_indices('\n').nth(5).unwrap().0;
    for (at, found) in known.note.char_indices().take_while(|(at, _)| *at < end) {
        let is_other_signature = known.note[..at].matches('\n').count() == 4;
        if is_other_signature {
            continue;
        }
        let other = if found == 'x' { 'y' } else { 'x' };
        let changed = format!("{}{other}{}", &known.note[..at], &known.note[at + found.len_utf8()..]);
        let verified = changed.parse().and_then(|signed: SignedCheckpoint| signed.verify(&known.key));
        assert!(verified.is_err(), "{changed}");
    }
    let stranger = known.note.parse::<SignedCheckpoint>().unwrap();
    let key = read::<Notes>("notes.json").keys[0].key.parse().unwrap();
    assert!(matches!(stranger.verify(&key), Err(NoteError::OtherLog { .. })));
}

#[derive(Deserialize)]
struct Canonical {
    canonical: Vec<CanonicalText>,
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
struct CanonicalText {
    value: Value,
    text: String,
}

#[derive(Deserialize)]
struct Refused {
    why: String,
    text: String,
}

#[test]
fn the_canonical_texts_of_rfc_8785_are_written_and_no_other_is_read() {
    let vectors: Canonical = read("canonical.json");
    for CanonicalText { value, text } in vectors.canonical {
        let entry = Entry { sequence: 3, recorded_at: Timestamp::UNIX_EPOCH, event: value, personal: None };
        let bytes = entry.to_bytes().unwrap();
        assert_eq!(String::from_utf8(bytes.clone()).unwrap(), with_event(&text));
        assert_eq!(Entry::from_bytes(&bytes).unwrap(), entry);
    }
    for Refused { why, text } in vectors.refused {
        let read = Entry::from_bytes(with_event(&text).as_bytes());
        assert!(matches!(read, Err(EntryError::Malformed(_))), "{why}: {read:?}");
    }
}

fn with_event(event: &str) -> String {
    format!(r#"{{"event":{event},"recorded_at":"1970-01-01T00:00:00Z","sequence":3,"v":1}}"#)
}

fn read<T: for<'de> Deserialize<'de>>(name: &str) -> T {
    let path = format!("{}/../../tests/vectors/ledger/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}
