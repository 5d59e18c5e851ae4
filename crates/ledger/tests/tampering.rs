//! Whatever is done to a log is found, and it is said where.
//!
//! Each try takes one of some logs, does one thing to it at a random place, and verifies it. `DEPUTIZE_TAMPERS` says
//! how many tries there are, `DEPUTIZE_SEED` where chance begins.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use deputize_ledger::verify::WrongEntry;
use deputize_ledger::{Fault, Options, Report, SignedCheckpoint, TilePath, bundle, verify_log};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use support::{Log, entry};

/// What is done to a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tampering {
    BitOfABundle,
    BitOfATile,
    BitOfTheCheckpoint,
    EntryRemoved,
    EntriesSwapped,
    EntryDuplicated,
    EntryAltered,
    EntryAlteredWithItsHash,
    EntryAppendedInside,
    EntryAppendedBeyond,
    FileCut,
    FileRemoved,
    LogCut,
    LogSetBack,
    LogForked,
    LogRewritten,
}

use Tampering::*;

const ALL: [Tampering; 16] = [
    BitOfABundle,
    BitOfATile,
    BitOfTheCheckpoint,
    EntryRemoved,
    EntriesSwapped,
    EntryDuplicated,
    EntryAltered,
    EntryAlteredWithItsHash,
    EntryAppendedInside,
    EntryAppendedBeyond,
    FileCut,
    FileRemoved,
    LogCut,
    LogSetBack,
    LogForked,
    LogRewritten,
];

#[test]
fn whatever_is_done_to_a_log_is_found_and_located() {
    let tries = number("DEPUTIZE_TAMPERS").unwrap_or(640);
    let seed = number("DEPUTIZE_SEED").unwrap_or(6);
    println!("{tries} tries from seed {seed} on");
    let mut chance = Chance(ChaCha8Rng::seed_from_u64(seed));
    let (logs, large) = (logs(), Log::grown("acme", &[65_000, 700]));
    for log in logs.iter().chain([&large]) {
        verified(log).unwrap();
    }
    for attempt in 0..tries {
        let tampering = ALL[attempt as usize % ALL.len()];
        // The large one takes its time.
        let log =
            if chance.below(64) == 0 { &large } else { &logs[chance.below(logs.len() as u64) as usize] };
        let case = format!("try {attempt} of seed {seed}: {tampering:?} in a log of {}", log.size());
        attempted(tampering, log, &mut chance, &case);
    }
}

/// Logs of sizes at which tiles begin and end, grown at once and in steps, with and without what the steps left.
fn logs() -> Vec<Log> {
    let mut logs: Vec<_> = [1, 2, 255, 256, 257, 512, 700].map(|size| Log::grown("acme", &[size])).into();
    logs.push(Log::grown("acme", &[3, 250, 4, 1, 300, 500]));
    logs.push(Log::grown("acme", &[1300, 700, 256]));
    logs.iter_mut().step_by(2).for_each(Log::tidy);
    logs
}

fn attempted(tampering: Tampering, log: &Log, chance: &mut Chance, case: &str) {
    let mut bad = log.clone();
    let size = log.size();
    let sequence = chance.below(size);
    match tampering {
        BitOfABundle => {
            let path = chance.file(&bad, |path| path.starts_with("tile/entries/"));
            let place = flip(bad.files.get_mut(&path).unwrap(), chance);
            let parsed: TilePath = path.parse().unwrap();
            let first = parsed.first_sequence();
            let expected = first + entry_at(&log.files[&path], place);
            match found(&bad, case) {
                Fault::Entry { sequence, .. } => assert_eq!(sequence, expected, "{case}"),
                other => assert_stale(&other, parsed, log, case),
            }
        }
        BitOfATile => {
            let path = chance.file(&bad, |path| !path.starts_with("tile/entries/"));
            flip(bad.files.get_mut(&path).unwrap(), chance);
            let parsed: TilePath = path.parse().unwrap();
            match found(&bad, case) {
                Fault::Tile { path: wrong } => assert_eq!(wrong, parsed, "{case}"),
                other => assert_stale(&other, parsed, log, case),
            }
        }
        BitOfTheCheckpoint => {
            let mut note = log.checkpoint().to_string().into_bytes();
            flip(&mut note, chance);
            let read = String::from_utf8(note).ok().and_then(|note| note.parse::<SignedCheckpoint>().ok());
            let fault = read.map(|note| verify_log(log, &note, &log.key(), &Options::default()).unwrap_err());
            assert!(matches!(fault, None | Some(Fault::Checkpoint(_))), "{case}: {fault:?}");
        }
        EntryRemoved => {
            rebundle(&mut bad, sequence, |entries, at| drop(entries.remove(at)));
            assert_eq!(entry_of(found(&bad, case), case), sequence, "{case}");
        }
        EntriesSwapped => {
            if size < 2 {
                return;
            }
            let other = (sequence + 1 + chance.below(size - 1)) % size;
            let (one, two) = (log.entries[sequence as usize].clone(), log.entries[other as usize].clone());
            rebundle(&mut bad, sequence, |entries, at| entries[at] = two);
            rebundle(&mut bad, other, |entries, at| entries[at] = one);
            assert_eq!(entry_of(found(&bad, case), case), sequence.min(other), "{case}");
        }
        EntryDuplicated => {
            rebundle(&mut bad, sequence, |entries, at| entries.insert(at, entries[at].clone()));
            assert_eq!(entry_of(found(&bad, case), case), sequence + 1, "{case}");
        }
        EntryAltered => {
            rebundle(&mut bad, sequence, |entries, at| entries[at] = entry(sequence, "another story"));
            let fault = found(&bad, case);
            assert!(matches!(fault, Fault::Entry { why: WrongEntry::Altered, .. }), "{case}: {fault:?}");
            assert_eq!(entry_of(fault, case), sequence, "{case}");
        }
        EntryAlteredWithItsHash => {
            let altered = entry(sequence, "another story");
            let hash = deputize_ledger::leaf_hash(&altered);
            rebundle(&mut bad, sequence, |entries, at| entries[at] = altered);
            let at = (sequence % 256) as usize * 32;
            let tile = bad.tile_of(sequence);
            bad.files.get_mut(&tile).unwrap()[at..at + 32].copy_from_slice(hash.as_bytes());
            match found(&bad, case) {
                Fault::Entries { path, from, to } => {
                    assert_eq!(path.to_string(), tile, "{case}");
                    assert!((from..=to).contains(&sequence), "{case}: {from} to {to}");
                }
                // Nothing lies between the last tile and the root: the files are of another history.
                fault => {
                    assert!(matches!(fault, Fault::Root) && sequence / 256 == size / 256, "{case}: {fault:?}")
                }
            }
        }
        EntryAppendedInside => {
            rebundle(&mut bad, size - 1, |entries, _| entries.push(entry(size, "")));
            let fault = found(&bad, case);
            assert!(matches!(fault, Fault::Leftover { .. }), "{case}: {fault:?}");
            assert_eq!(fault.sequence(), Some(size), "{case}");
        }
        EntryAppendedBeyond => {
            bad.grow(1 + chance.below(300), "");
            let fault = verify_log(&bad, &log.checkpoint(), &log.key(), &Options::default()).unwrap_err();
            assert!(matches!(fault, Fault::Beyond { .. }), "{case}: {fault:?}");
            assert_eq!(fault.sequence(), Some(size), "{case}");
        }
        FileCut => {
            let path = chance.file(&bad, |_| true);
            let file = bad.files.get_mut(&path).unwrap();
            file.truncate(chance.below(file.len() as u64) as usize);
            let length = file.len();
            let parsed: TilePath = path.parse().unwrap();
            match found(&bad, case) {
                Fault::Length { path } => assert_eq!(path, parsed, "{case}"),
                Fault::Entry { sequence, why: WrongEntry::Cut } => {
                    assert_eq!(
                        sequence,
                        parsed.first_sequence() + entry_at(&log.files[&path], length),
                        "{case}"
                    );
                }
                other => assert_stale(&other, parsed, log, case),
            }
        }
        FileRemoved => {
            let path = chance.file(&bad, |path| is_current(path, log));
            bad.files.remove(&path);
            let fault = found(&bad, case);
            assert!(matches!(fault, Fault::Missing { .. } | Fault::Cut { .. }), "{case}: {fault:?}");
            assert_eq!(fault.path().map(ToString::to_string), Some(path), "{case}");
        }
        LogCut => {
            // All files from a bundle on are gone.
            let first = sequence / 256;
            bad.files.retain(|path, _| path.parse::<TilePath>().unwrap().first_sequence() < first * 256);
            let fault = found(&bad, case);
            assert!(matches!(fault, Fault::Cut { .. } | Fault::Missing { .. }), "{case}: {fault:?}");
            if first > 0 && fault.path().is_some_and(|path| path.to_string().starts_with("tile/entries")) {
                assert_eq!(fault.sequence(), Some(first * 256), "{case}");
            }
        }
        LogSetBack => {
            let older = older(log, sequence);
            let fault = since(&older, &log.checkpoint()).unwrap_err();
            assert!(
                matches!(fault, Fault::CutBack { from, to } if (from, to) == (size, sequence)),
                "{case}: {fault:?}"
            );
            // That it was smaller before is no fault.
            if sequence > 0 {
                since(log, &older.checkpoint()).unwrap();
            }
        }
        LogForked => {
            let mut fork = older(log, sequence);
            fork.grow(size - sequence + chance.below(300), "another story");
            verified(&fork).unwrap();
            let fault = since(&fork, &log.checkpoint()).unwrap_err();
            assert!(matches!(fault, Fault::Fork { size: at } if at == size), "{case}: {fault:?}");
        }
        LogRewritten => {
            // Everything was written anew, but nobody could sign it.
            let mut other = older(log, sequence);
            other.grow(size - sequence, "another story");
            let checkpoint = log.checkpoint();
            let fault = verify_log(&other, &checkpoint, &log.key(), &Options::default()).unwrap_err();
            let located = fault.sequence().is_none_or(|at| at <= sequence);
            let is_found = matches!(fault, Fault::Root | Fault::Tile { .. } | Fault::Entries { .. });
            assert!(located && is_found, "{case}: {fault:?}");
        }
    }
}

/// The same log when it had so many entries.
fn older(log: &Log, size: u64) -> Log {
    let mut older = Log::new("acme");
    older.append(log.entries[..size as usize].to_vec());
    older
}

fn verified(log: &Log) -> Result<Report, Fault> {
    verify_log(log, &log.checkpoint(), &log.key(), &Options::default())
}

fn since(log: &Log, since: &SignedCheckpoint) -> Result<Report, Fault> {
    let options = Options { since: Some(since), ..Options::default() };
    verify_log(log, &log.checkpoint(), &log.key(), &options)
}

/// What is wrong with the files. The checkpoint is that of the log before.
fn found(bad: &Log, case: &str) -> Fault {
    let found = verified(bad);
    assert!(found.is_err(), "{case}: not found");
    found.unwrap_err()
}

fn entry_of(fault: Fault, case: &str) -> u64 {
    assert!(matches!(fault, Fault::Entry { .. } | Fault::Leftover { .. }), "{case}: {fault:?}");
    fault.sequence().unwrap()
}

/// That the fault is about a narrower file that was left, and names it.
fn assert_stale(fault: &Fault, path: TilePath, log: &Log, case: &str) {
    assert!(matches!(fault, Fault::Contradiction { .. }), "{case}: {fault:?}");
    assert_eq!(fault.path(), Some(&path), "{case}");
    assert!(!is_current(&path.to_string(), log), "{case}");
}

fn is_current(path: &str, log: &Log) -> bool {
    let path: TilePath = path.parse().unwrap();
    TilePath::within(log.size(), path.kind(), path.index()) == Some(path)
}

/// Writes the bundle with this entry anew, after something was done to its entries.
fn rebundle(log: &mut Log, sequence: u64, change: impl FnOnce(&mut Vec<Vec<u8>>, usize)) {
    let file = log.bundle_of(sequence);
    let mut entries: Vec<_> =
        bundle::decode(&log.files[&file]).unwrap().into_iter().map(<[u8]>::to_vec).collect();
    change(&mut entries, (sequence % 256) as usize);
    log.files.insert(file, bundle::encode(entries).unwrap());
}

/// Which of a bundle's entries the byte at a place belongs to, with the two of its length.
fn entry_at(bundle: &[u8], place: usize) -> u64 {
    let ends = bundle::decode(bundle).unwrap().into_iter().scan(0, |end, entry| {
        *end += 2 + entry.len();
        Some(*end)
    });
    ends.take_while(|end| *end <= place).count() as u64
}

fn flip(bytes: &mut [u8], chance: &mut Chance) -> usize {
    let bit = chance.below(bytes.len() as u64 * 8) as usize;
    bytes[bit / 8] ^= 1 << (bit % 8);
    bit / 8
}

struct Chance(ChaCha8Rng);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0.next_u64() % bound
    }

    fn file(&mut self, log: &Log, which: impl Fn(&str) -> bool) -> String {
        let files: Vec<_> = log.files.keys().filter(|path| which(path)).collect();
        files[self.below(files.len() as u64) as usize].clone()
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|number| number.parse().unwrap())
}
