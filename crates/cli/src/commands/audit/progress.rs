//! How far something is, on a terminal; elsewhere nothing.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};

/// A line that moves on standard error, towards `length`.
pub(super) fn bar(what: &str, length: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(length);
    // The template is constant; were it wrong, the default is shown.
    if let Ok(style) = ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len}") {
        bar.set_style(style);
    }
    bar.set_prefix(what.to_owned());
    bar
}
