//! Writes the questions of `tests/vectors/proof/proofs.json`: proofs of entries of small logs, and what becomes of them
//! where anything was changed. `record` then records the answers. The trees are built here by the recursion of RFC 6962,
//! which is another way than the library's.

#![allow(clippy::indexing_slicing, clippy::string_slice, reason = "whoever records looks on")]

use deputize_ledger::note::{Checkpoint, SignedCheckpoint, VerifierKey};
use deputize_ledger::{Entry, Hash, leaf_hash, node_hash};
use ed25519_dalek::{Signer as _, SigningKey};
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

/// The first of March 2026, at nine.
const START: Timestamp = Timestamp::constant(1_772_355_600, 0);

type Failure = Box<dyn std::error::Error>;

/// The sizes of the logs: trees that are full, and such as lack much or little.
const SIZES: [usize; 7] = [1, 2, 3, 7, 8, 70, 257];

fn main() -> Result<(), Failure> {
    let mut vectors = Vec::new();
    for size in SIZES {
        let log = Log::new("audit.example/acme/2026", [7; 32], size)?;
        let mut places = vec![0, size / 2, size - 1];
        places.dedup();
        for place in places {
            vectors.push(log.question(place)?.vector(&format!("entry {place} of {size}"), "explainProof"));
        }
    }
    let log = Log::new("audit.example/acme/2026", [7; 32], 7)?;
    let sound = log.question(3)?;
    vectors.push(sound.vector("a proof is right", "verifyProof"));
    for (name, change) in changes(&log)? {
        let mut changed = sound.clone();
        change(&mut changed);
        vectors.push(changed.vector(name, "explainProof"));
        vectors.push(changed.vector(&format!("{name}: not verified"), "verifyProof"));
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/proof/proofs.json");
    std::fs::write(file, serde_json::to_string_pretty(&vectors)? + "\n")?;
    println!("{} questions: `cargo run -p deputize-validator --example record` answers them", vectors.len());
    Ok(())
}

type Change = Box<dyn Fn(&mut Question)>;

/// What may be wrong with a question for entry 3 of 7.
fn changes(log: &Log) -> Result<Vec<(&'static str, Change)>, Failure> {
    let other_log = Log::new("audit.example/umbrella/2026", [9; 32], 7)?;
    let same_name = Log::new("audit.example/acme/2026", [9; 32], 7)?;
    let longer = Log::new("audit.example/acme/2026", [7; 32], 8)?;
    let fork = log.checkpoint_over(leaf_hash(b"a restored backup"))?;
    let (neighbour, last, longer_note) = (log.question(4)?, longer.question(7)?, longer.note.clone());
    let (other_note, other_key) = (other_log.note.clone(), other_log.key.to_string());
    let (forger_note, forger_key) = (same_name.note.clone(), same_name.key.to_string());
    let with_id_of_log = signature_line(&log.note)
        .zip(signature_line(&forger_note))
        .map(|(ours, forged)| log.note.replace(ours, &spliced(ours, forged)))
        .ok_or("a note without a signature")?;
    let of_7 = neighbour.clone();
    Ok(vec![
        ("one letter of the entry", Box::new(|it| it.entry = it.entry.replacen("deploy-3", "deploy-4", 1))),
        ("the time of the entry", Box::new(|it| it.entry = it.entry.replacen("2026-03", "2026-04", 1))),
        ("a space in the entry", Box::new(|it| it.entry = it.entry.replacen(":", ": ", 1))),
        ("a line after the entry", Box::new(|it| it.entry.push('\n'))),
        ("no entry at all", Box::new(|it| it.entry.clear())),
        ("text beyond ASCII that is no entry", Box::new(|it| it.entry = "{\"é\":\"😀\"}".to_owned())),
        (
            "a member that no entry has",
            Box::new(|it| it.entry = it.entry.replace("\"v\":1", "\"v\":1,\"w\":1")),
        ),
        ("another entry's text", Box::new(move |it| it.entry.clone_from(&neighbour.entry))),
        ("another entry's proof", Box::new(move |it| it.proof = of_7.proof.clone())),
        ("another place", Box::new(|it| it.proof["sequence"] = 4.into())),
        ("a place beyond the log", Box::new(|it| it.proof["sequence"] = 7.into())),
        (
            "an entry of the longer log",
            Box::new(move |it| {
                it.entry.clone_from(&last.entry);
                it.proof["sequence"] = 7.into();
            }),
        ),
        ("another size", Box::new(|it| it.proof["size"] = 6.into())),
        (
            "the largest size that there is",
            Box::new(|it| it.proof["size"] = 9_007_199_254_740_991_u64.into()),
        ),
        ("a hash fewer", Box::new(|it| drop(hashes(it).pop()))),
        (
            "a hash more",
            Box::new(|it| {
                let hashes = hashes(it);
                hashes.push(hashes[0].clone());
            }),
        ),
        ("no hashes", Box::new(|it| hashes(it).clear())),
        ("hashes in another order", Box::new(|it| hashes(it).reverse())),
        ("another hash", Box::new(|it| hashes(it)[1] = leaf_hash(b"").to_string().into())),
        ("a hash that is none", Box::new(|it| hashes(it)[1] = "AAAA".into())),
        (
            "a hash in another spelling",
            Box::new(|it| {
                let hash = &mut hashes(it)[1];
                *hash = hash.to_string().trim_matches('"').trim_end_matches('=').into();
            }),
        ),
        ("the checkpoint of a longer log", Box::new(move |it| it.checkpoint.clone_from(&longer_note))),
        ("a fork that the key has signed", Box::new(move |it| it.checkpoint.clone_from(&fork))),
        ("another log's checkpoint", Box::new(move |it| it.checkpoint.clone_from(&other_note))),
        ("another log's key", Box::new(move |it| it.key.clone_from(&other_key))),
        ("another key of the same name", Box::new(move |it| it.key.clone_from(&forger_key))),
        ("a checkpoint signed by another key", Box::new(move |it| it.checkpoint.clone_from(&forger_note))),
        (
            "another key's signature under the key's name",
            Box::new(move |it| it.checkpoint.clone_from(&with_id_of_log)),
        ),
        (
            "another size in the checkpoint",
            Box::new(|it| it.checkpoint = it.checkpoint.replacen("\n7\n", "\n8\n", 1)),
        ),
        (
            "a checkpoint without signatures",
            Box::new(|it| {
                let end = it.checkpoint.find("\n\n").map_or(0, |end| end + 2);
                it.checkpoint.truncate(end);
            }),
        ),
        (
            "a line more in the checkpoint",
            Box::new(|it| it.checkpoint = it.checkpoint.replacen("\n7\n", "\n7\nx\n", 1)),
        ),
        ("no checkpoint", Box::new(|it| it.checkpoint.clear())),
        ("a key that is none", Box::new(|it| it.key = "acme".to_owned())),
        ("a key whose id is another's", Box::new(|it| it.key = it.key.replacen("2026+", "2027+", 1))),
        ("a key with a space before it", Box::new(|it| it.key.insert(0, ' '))),
    ])
}

fn hashes(question: &mut Question) -> &mut Vec<Value> {
    match &mut question.proof["hashes"] {
        Value::Array(hashes) => hashes,
        _ => unreachable!("a proof has hashes"),
    }
}

/// The base64 of a note's signature.
fn signature_line(note: &str) -> Option<&str> {
    note.trim_end().rsplit(' ').next()
}

/// The key's id of the one, and the signature of the other.
fn spliced(ours: &str, forged: &str) -> String {
    // The id has four bytes. The sixth letter of base64 holds its last two bits, and four of the signature.
    format!("{}{}", &ours[..6], &forged[6..])
}

/// A log, with the note of its checkpoint.
struct Log {
    entries: Vec<String>,
    leaves: Vec<Hash>,
    key: VerifierKey,
    signer: SigningKey,
    note: String,
}

/// What is asked.
#[derive(Clone)]
struct Question {
    entry: String,
    proof: Value,
    checkpoint: String,
    key: String,
}

impl Log {
    fn new(origin: &str, seed: [u8; 32], size: usize) -> Result<Self, Failure> {
        let signer = SigningKey::from_bytes(&seed);
        let key = VerifierKey::new(origin.parse()?, signer.verifying_key().as_bytes())?;
        let entries = (0..size).map(entry).collect::<Result<Vec<_>, _>>()?;
        let leaves = entries.iter().map(|entry| leaf_hash(entry.as_bytes())).collect();
        let mut log = Self { entries, leaves, key, signer, note: String::new() };
        log.note = log.checkpoint_over(root(&log.leaves))?;
        Ok(log)
    }

    /// A checkpoint of the log's size, of any tree.
    fn checkpoint_over(&self, root: Hash) -> Result<String, Failure> {
        let checkpoint = Checkpoint { origin: self.key.name().clone(), size: self.leaves.len() as u64, root };
        let signature = self.signer.sign(checkpoint.message().as_bytes()).to_bytes();
        Ok(SignedCheckpoint::sign_with(checkpoint, &self.key, signature)?.to_string())
    }

    fn question(&self, place: usize) -> Result<Question, Failure> {
        let hashes: Vec<_> = path(&self.leaves, place).iter().map(Hash::to_string).collect();
        Ok(Question {
            entry: self.entries.get(place).ok_or("no such entry")?.clone(),
            proof: json!({ "sequence": place, "size": self.leaves.len(), "hashes": hashes }),
            checkpoint: self.note.clone(),
            key: self.key.to_string(),
        })
    }
}

impl Question {
    fn vector(&self, name: &str, function: &str) -> Value {
        let arguments = json!([self.entry, self.proof, self.checkpoint, self.key]);
        json!({ "name": name, "function": function, "arguments": arguments })
    }
}

fn entry(place: usize) -> Result<String, Failure> {
    let event = json!({
        "agent": format!("deploy-{place}"),
        "at": START.to_string(),
        "by": { "caller": "arn:aws:iam::111122223333:role/deploy" },
        "event": "credential_issued",
        "id": format!("0195f3a0-0000-7000-8000-{place:012x}"),
        "note": if place.is_multiple_of(2) { "plain" } else { "\u{e9}\u{20ac}\u{1f600} \" \\ \n \u{1f}" },
    });
    let recorded_at = START + (i64::try_from(place)? * 1500).milliseconds();
    let entry = Entry { sequence: place as u64, recorded_at, event, personal: None };
    Ok(String::from_utf8(entry.to_bytes()?)?)
}

/// MTH of RFC 6962.
fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::EMPTY_TREE,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(half(leaves.len()));
            node_hash(root(left), root(right))
        }
    }
}

/// PATH of RFC 6962.
fn path(leaves: &[Hash], place: usize) -> Vec<Hash> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(half(leaves.len()));
    let (mut below, beside) = match place.checked_sub(left.len()) {
        None => (path(left, place), root(right)),
        Some(place) => (path(right, place), root(left)),
    };
    below.push(beside);
    below
}

/// The largest power of two below it.
fn half(size: usize) -> usize {
    size.next_power_of_two() / 2
}
