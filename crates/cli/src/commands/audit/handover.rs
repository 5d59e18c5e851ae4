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
