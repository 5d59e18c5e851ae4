//! How far a pull is: a line that moves on a terminal, a line now and then elsewhere.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

/// How many answers a plain log is silent for.
const SILENCE: usize = 50;

/// The progress of one pull.
#[derive(Debug)]
pub(super) struct Progress {
    what: String,
    bar: ProgressBar,
    plain: bool,
    done: AtomicUsize,
}

impl Progress {
    pub(super) fn new(what: String) -> Self {
        let plain = !std::io::stderr().is_terminal();
        let bar = if plain { ProgressBar::hidden() } else { ProgressBar::new(0) };
        // The template is constant; were it wrong, the default is shown.
        if let Ok(style) = ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(what.clone());
        Self { what, bar, plain, done: AtomicUsize::new(0) }
    }

    /// So many more answers are asked for.
    pub(super) fn expect(&self, answers: usize) {
        self.bar.inc_length(answers as u64);
    }

    /// An answer came; so many permissions are known now.
    pub(super) fn answered(&self, known: usize) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.bar.inc(1);
        self.bar.set_message(format!("{known} permissions"));
        if self.plain && done.is_multiple_of(SILENCE) {
            eprintln!("{}: {done} answers, {known} permissions", self.what);
        }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
