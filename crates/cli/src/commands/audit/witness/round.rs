//! One look at a ledger: is what is there now what was there, and more?

use anyhow::{Context as _, bail};
use deputize_broker::Clock;
use deputize_ledger::note::cosignature_message;
use deputize_ledger::{Checkpoint, VerifierKey};
use ureq::http::Method;
use ureq::http::header::CONTENT_TYPE;

use super::super::handover;
use super::super::keys::Keys;
use super::super::logs::{self, Log};
use super::super::verified::Verified;
use super::state::{Remembered, State};
use crate::client::Client;

/// Looks, remembers, cosigns and tells the broker, in this order: a checkpoint that was cosigned is never forgotten.
pub(super) fn run(
    client: &Client,
    keys: &Keys<'_>,
    state: &mut State,
    clock: &dyn Clock,
) -> anyhow::Result<Checkpoint> {
    let logs = logs::at_broker(client)?;
    let current = logs.last().context("the broker has no log yet")?;
    let (key, checkpoint) = match state.logs.last() {
        Some(kept) => follow(kept, &logs, keys)?,
        None => {
            let key = keys.of(&current.checkpoint.unverified().origin, current.key.as_ref())?;
            let checkpoint = current.checkpoint.verify(&key)?;
            eprintln!("from now on: {key}");
            keys.warn();
            (key, checkpoint)
        }
    };
    let mut note = current.checkpoint.clone();
    state.remember(Remembered { key, checkpoint: note.clone() })?;
    let at = clock.now().as_second();
    let at = u64::try_from(at).context("the clock is before 1970")?;
    note.add_cosignature(&state.key()?, at, state.sign(&cosignature_message(&checkpoint, at))?)?;
    let request = client.request(Method::POST, "/v1/audit/cosignatures")?;
    client.send(request.header(CONTENT_TYPE, "text/plain; charset=utf-8").body(note.to_string())?)?;
    Ok(checkpoint)
}

/// The key and the checkpoint of the current log, once everything from what was kept to it fits together.
fn follow(kept: &Remembered, logs: &[Log], keys: &Keys<'_>) -> anyhow::Result<(VerifierKey, Checkpoint)> {
    let before = kept.checkpoint.verify(&kept.key).context("what the witness has kept")?;
    let mut logs = logs.iter().skip_while(|log| log.checkpoint.unverified().origin != before.origin);
    let Some(log) = logs.next() else { bail!("there is no {} any more", before.origin) };
    let mut key = kept.key.clone();
    if keys.of(&before.origin, Some(&key))? != key {
        bail!("the key that was given for {} is not the one that the witness has kept", before.origin);
    }
    let mut checkpoint = log.checkpoint.verify(&key)?;
    let mut verified = Verified::new(&*log.files, checkpoint.clone());
    if checkpoint.size < before.size {
        let Checkpoint { origin, size, .. } = &checkpoint;
        bail!("{origin} was cut back: it had {} entries, and has {size}", before.size);
    }
    verified.grew_from(&before).with_context(|| {
        format!("{} is a fork: it did not grow from the {} entries that it had", before.origin, before.size)
    })?;
    for log in logs {
        let origin = &log.checkpoint.unverified().origin;
        // The next year's log is signed by the same key, unless another one was given.
        let same = VerifierKey::new(origin.clone(), key.as_bytes())?;
        let next_key = keys.of(origin, Some(&same))?;
        let next = log.checkpoint.verify(&next_key)?;
        let next_verified = Verified::new(&*log.files, next.clone());
        handover::check((&checkpoint, &verified), (&next, &next_verified))?;
        (key, checkpoint, verified) = (next_key, next, next_verified);
    }
    Ok((key, checkpoint))
}
