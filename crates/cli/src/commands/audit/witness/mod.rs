//! `deputize audit witness`: somebody elsewhere who remembers, so that a ledger cannot tell two stories.

mod round;
mod state;

use std::path::Path;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use deputize_host::SystemClock;
use deputize_ledger::{Origin, VerifierKey};
use deputize_scope::Seconds;

use self::state::State;
use super::keys::Keys;
use crate::client::{Client, Problem};
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What the witness is called, in a new file: a name of your own, such as witness.example.org/deputize.
    #[arg(long, value_name = "NAME", default_value = "witness.invalid/deputize")]
    name: Origin,
    /// The key of the log, which you have from somewhere else [default: the one that it has the first time].
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<VerifierKey>,
    /// Look once, rather than again and again.
    #[arg(long)]
    once: bool,
    /// How often to look.
    #[arg(long, value_name = "DURATION", default_value = "60s")]
    every: Seconds,
    /// Print the witness's key, for the broker's settings, and do nothing else.
    #[arg(long)]
    show_key: bool,
}

pub(super) fn run(
    memory: &Path,
    broker: impl FnOnce() -> anyhow::Result<Client>,
    arguments: &Arguments,
) -> anyhow::Result<ExitCode> {
    let mut state = State::open(memory, &arguments.name)?;
    if arguments.show_key {
        output::line(state.key()?.to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("witness: {}", state.key()?);
    let client = broker()?;
    let (keys, clock) = (Keys(&arguments.keys), SystemClock::start());
    loop {
        match round::run(&client, &keys, &mut state, &clock) {
            Ok(seen) => output::line(format!("cosigned {} at {} entries", seen.origin, seen.size))?,
            Err(error) if !arguments.once && is_passing(&error) => eprintln!("not now: {error:#}"),
            Err(error) if is_passing(&error) => return Err(error),
            Err(error) => {
                return Err(error)
                    .context("REFUSED to cosign: this ledger is not what it was, or not whose it was");
            }
        }
        if arguments.once {
            return Ok(ExitCode::SUCCESS);
        }
        sleep(Duration::from_secs(u64::from(arguments.every.get())));
    }
}

/// Whether nobody answered, or not as asked: which says nothing of the ledger.
fn is_passing(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<ureq::Error>() || cause.is::<Problem>())
}
