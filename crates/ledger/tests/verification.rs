//! What verification says of whole logs: good ones, and those whose key signed what it never should have.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use std::sync::atomic::{AtomicU64, Ordering};

use deputize_ledger::directory::DirectorySource;
use deputize_ledger::verify::{SourceError, TileSource, WrongEntry};
use deputize_ledger::{Entry, Fault, Options, Report, verify_log};
use support::{Log, entry};

fn verified(log: &Log) -> Result<Report, Fault> {
    verify_log(log, &log.checkpoint(), &log.key(), &Options::default())
}

#[test]
fn a_good_log_is_reported_with_its_size_and_its_times() {
    for size in [0, 1, 256, 700] {
        let log = Log::grown("acme", &[size]);
        let report = verified(&log).unwrap();
        assert_eq!((report.size, report.complete), (size, true));
        let at = |sequence: usize| Entry::from_bytes(&log.entries[sequence]).unwrap().recorded_at;
        assert_eq!(report.recorded, (size > 0).then(|| (at(0), at(size as usize - 1))));
    }
}

#[test]
fn progress_ends_with_every_entry() {
    let log = Log::grown("acme", &[1300]);
    let most = AtomicU64::new(0);
    let progress = |done| {
        most.fetch_max(done, Ordering::Relaxed);
    };
    let options = Options { progress: Some(&progress), ..Options::default() };
    verify_log(&log, &log.checkpoint(), &log.key(), &options).unwrap();
    assert_eq!(most.into_inner(), 1300);
}

#[test]
fn what_the_key_signed_must_be_entries_in_their_order_all_the_same() {
    let wrong_at = |sequence: u64, bytes: Vec<u8>| {
        let mut log = Log::grown("acme", &[sequence]);
        log.append(vec![bytes]);
        log.grow(3, "");
        let fault = verified(&log).unwrap_err();
        assert_eq!(fault.sequence(), Some(sequence), "{fault:?}");
        let Fault::Entry { why, .. } = fault else { unreachable!("it has a sequence and no path") };
        why
    };
    // Within a bundle, and where one begins.
    for sequence in [255, 256, 300] {
        assert!(matches!(wrong_at(sequence, b"{}".to_vec()), WrongEntry::Malformed(_)));
        assert!(
            matches!(wrong_at(sequence, entry(sequence + 1, "")), WrongEntry::Sequence(at) if at == sequence + 1)
        );
        let mut early = Entry::from_bytes(&entry(sequence, "")).unwrap();
        early.recorded_at = Entry::from_bytes(&entry(3, "")).unwrap().recorded_at;
        assert!(matches!(wrong_at(sequence, early.to_bytes().unwrap()), WrongEntry::TimeGoesBack));
    }
}

#[test]
fn files_that_no_log_has_are_found() {
    let mut log = Log::grown("acme", &[300]);
    log.files.insert("tile/notes.txt".to_owned(), b"hello".to_vec());
    assert!(matches!(verified(&log), Err(Fault::Stray { path }) if path == "tile/notes.txt"));
}

#[test]
fn a_log_under_another_key_or_name_is_not_believed() {
    let (log, other) = (Log::grown("acme", &[300]), Log::grown("other", &[300]));
    let mixed = verify_log(&log, &other.checkpoint(), &log.key(), &Options::default());
    assert!(matches!(mixed, Err(Fault::Checkpoint(_))), "{mixed:?}");
    let kept = other.checkpoint();
    let options = Options { since: Some(&kept), ..Options::default() };
    let mixed = verify_log(&log, &log.checkpoint(), &log.key(), &options);
    assert!(matches!(mixed, Err(Fault::Since(_))), "{mixed:?}");
}

/// Reads files and cannot list them, as over HTTP.
struct Unlisted<'a>(&'a Log);

impl TileSource for Unlisted<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, SourceError> {
        self.0.read(path)
    }
}

#[test]
fn a_source_that_cannot_list_its_files_is_not_called_complete() {
    let log = Log::grown("acme", &[300]);
    let report = verify_log(&Unlisted(&log), &log.checkpoint(), &log.key(), &Options::default()).unwrap();
    assert!(!report.complete);
}

#[test]
fn a_log_that_was_copied_into_a_directory_is_verified_there() {
    let log = Log::grown("acme", &[1, 400, 300]);
    let directory = tempfile::tempdir().unwrap();
    for (path, bytes) in &log.files {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let source = DirectorySource::new(directory.path());
    let verify = || verify_log(&source, &log.checkpoint(), &log.key(), &Options::default());
    assert_eq!(verify().unwrap(), verified(&log).unwrap());
    std::fs::write(directory.path().join("tile/entries/009"), b"more").unwrap();
    assert!(matches!(verify(), Err(Fault::Beyond { .. })));
    std::fs::remove_dir_all(directory.path().join("tile")).unwrap();
    assert!(matches!(verify(), Err(Fault::Cut { .. })));
}
