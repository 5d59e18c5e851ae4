//! From one year's log to the next: the last entry of one names the next, whose first entry carries the checkpoint of
//! the one before.

use anyhow::bail;
use deputize_ledger::{Checkpoint, Entry};
use serde_json::Value;

use super::verified::Verified;

/// That one log goes on from the other; the signatures of both checkpoints were verified.
pub(super) fn check(
    (before, earlier): (&Checkpoint, &Verified<'_>),
    (after, later): (&Checkpoint, &Verified<'_>),
) -> anyhow::Result<()> {
    let (from, to) = (&before.origin, &after.origin);
    let Some(last) = before.size.checked_sub(1) else { bail!("{from} is empty, and {to} goes on from it") };
    let closing = earlier.entry(last)?;
    if !is(&closing, "ledger_closed") {
        bail!("{from} was not closed: entry {last} is its last, and there is {to}");
    }
    if text(&closing, "next") != Some(to.as_str()) {
        bail!("entry {last}, which closes {from}, names another log than {to} as the next");
    }
    if after.size == 0 {
        bail!("{to} is empty");
    }
    let opening = later.entry(0)?;
    if !is(&opening, "ledger_opened") || text(&opening, "previous") != Some(before.message().as_str()) {
        bail!("entry 0 of {to} does not carry the checkpoint of {from}: it goes on from something else");
    }
    Ok(())
}

/// The name of the log that one goes on from, as its first entry says.
pub(super) fn former(first: &Entry) -> Option<String> {
    text(first, "previous")?.lines().next().map(str::to_owned)
}

fn is(entry: &Entry, kind: &str) -> bool {
    text(entry, "event") == Some(kind)
}

fn text<'a>(entry: &'a Entry, name: &str) -> Option<&'a str> {
    entry.event.get(name).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use deputize_ledger::verify::SourceError;
    use deputize_ledger::{Edge, TilePath, TileSource, bundle, leaf_hash};
    use serde_json::json;

    use super::*;

    /// The files of a log.
    struct Files(BTreeMap<String, Vec<u8>>);

    impl TileSource for Files {
        fn read(&self, path: &str) -> Result<Option<Vec<u8>>, SourceError> {
            Ok(self.0.get(path).cloned())
        }
    }

    fn log(origin: &str, events: &[Value]) -> (Checkpoint, Files) {
        let recorded_at = "2026-12-31T23:59:59Z".parse().unwrap();
        let entries: Vec<Vec<u8>> = (0..)
            .zip(events)
            .map(|(sequence, event)| {
                Entry { sequence, recorded_at, event: event.clone(), personal: None }.to_bytes().unwrap()
            })
            .collect();
        let mut edge = Edge::default();
        let tiles = edge.append(entries.iter().map(|entry| leaf_hash(entry)));
        let mut files: BTreeMap<_, _> =
            tiles.into_iter().map(|tile| (tile.path.to_string(), tile.bytes)).collect();
        let bundles = TilePath::of_entries(edge.size()).zip(entries.chunks(256));
        files.extend(bundles.map(|(path, entries)| (path.to_string(), bundle::encode(entries).unwrap())));
        (Checkpoint { origin: origin.parse().unwrap(), size: edge.size(), root: edge.root() }, Files(files))
    }

    const FORMER: &str = "deputize.example.com/acme/2026";
    const NEXT: &str = "deputize.example.com/acme/2027";

    fn outcome(closing: Value, opening: impl FnOnce(&Checkpoint) -> Value) -> anyhow::Result<()> {
        // More than a bundle, so that the last entry is not in the first.
        let mut events = vec![json!({ "event": "lease_expired" }); 299];
        events.push(closing);
        let (before, earlier) = log(FORMER, &events);
        let (after, later) = log(NEXT, &[opening(&before)]);
        let (earlier, later) =
            (Verified::new(&earlier, before.clone()), Verified::new(&later, after.clone()));
        check((&before, &earlier), (&after, &later))
    }

    #[test]
    fn a_log_goes_on_where_the_one_before_was_closed() {
        let closing = || json!({ "event": "ledger_closed", "next": NEXT });
        let opening = |before: &Checkpoint| json!({ "event": "ledger_opened", "previous": before.message() });
        outcome(closing(), opening).unwrap();

        let told = |outcome: anyhow::Result<()>| outcome.unwrap_err().to_string();
        let not_closed = outcome(json!({ "event": "lease_expired" }), opening);
        assert!(told(not_closed).contains("entry 299 is its last"));
        let elsewhere = outcome(json!({ "event": "ledger_closed", "next": "elsewhere/2027" }), opening);
        assert!(told(elsewhere).contains("names another log"));
        let shorter = |before: &Checkpoint| {
            let shorter = Checkpoint { size: before.size - 1, ..before.clone() };
            json!({ "event": "ledger_opened", "previous": shorter.message() })
        };
        assert!(told(outcome(closing(), shorter)).contains("goes on from something else"));
        assert!(told(outcome(closing(), |_| json!({ "event": "ledger_opened" }))).contains("something else"));
    }

    #[test]
    fn a_log_tells_which_one_it_goes_on_from() {
        let (checkpoint, files) =
            log(NEXT, &[json!({ "event": "ledger_opened", "previous": "a/2026\n1\nx\n" })]);
        let entry = Verified::new(&files, checkpoint).entry(0).unwrap();
        assert_eq!(former(&entry).as_deref(), Some("a/2026"));
    }

    #[test]
    fn no_entry_is_read_that_is_not_the_logs() {
        let events = vec![json!({ "event": "lease_expired" }); 600];
        let (checkpoint, files) = log(FORMER, &events);
        for (path, sequence) in
            [("tile/entries/001", 300), ("tile/entries/002.p/88", 512), ("tile/1/000.p/2", 0)]
        {
            Verified::new(&files, checkpoint.clone()).entry(sequence).unwrap();
            let mut files = Files(files.0.clone());
            // The last byte of a bundle, and of a tile: the bundle's first entry is as it was.
            *files.0.get_mut(path).unwrap().last_mut().unwrap() ^= 1;
            assert!(Verified::new(&files, checkpoint.clone()).entry(sequence).is_err(), "{path}");
        }
    }
}
