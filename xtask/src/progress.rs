//! Steps that a person watches: a spinner with the last line of output on a terminal, plain lines
//! with the time they took otherwise. What a step wrote is shown when it fails.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::failure::Failure;
use crate::stopwatch::Stopwatch;

/// How often a plain log says that a step is still running.
const REMINDER: Duration = Duration::from_secs(20);

/// How often the spinner's time moves on.
const TICK: Duration = Duration::from_millis(200);

/// What becomes of a step's output while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    /// Its last line, and all of it where it fails.
    OnFailure,
    /// Each line as it comes.
    Everything,
}

/// What a finished step left.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) lines: Vec<String>,
}

/// Runs a command as a step of that name. Its standard output and standard error are one stream.
///
/// # Errors
/// Only where it could not be run: that it failed is in [`Finished`].
pub(crate) fn step(name: &str, mut command: Command, show: Show) -> Result<Finished, Failure> {
    let stopwatch = Stopwatch::start();
    let line = Line::new(name, stopwatch, show);
    if line.terminal {
        command.env("CARGO_TERM_COLOR", "always");
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(Failure::io(format!("starting {}", command.get_program().display())))?;
    let (sender, receiver) = channel();
    pass_on(child.stdout.take(), sender.clone());
    pass_on(child.stderr.take(), sender);

    let mut lines = Vec::new();
    let mut reminded = Duration::ZERO;
    loop {
        match receiver.recv_timeout(TICK) {
            Ok(text) => {
                line.output(&text);
                lines.push(text);
            }
            Err(RecvTimeoutError::Timeout) => line.tick(),
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if stopwatch.elapsed() >= reminded + REMINDER {
            reminded = stopwatch.elapsed();
            line.remind(lines.last());
        }
    }
    let status = child.wait().map_err(Failure::io(format!("waiting for {name}")))?;
    if !status.success() && show == Show::OnFailure {
        for text in &lines {
            line.print(text);
        }
    }
    line.finish(if status.success() { "ok" } else { "FAILED" });
    Ok(Finished { status, lines })
}

/// Runs a step that has to succeed.
///
/// # Errors
/// [`Failure::Step`] where it fails; its output has been shown.
pub(crate) fn required(name: &str, command: Command) -> Result<(), Failure> {
    let finished = step(name, command, Show::OnFailure)?;
    if finished.status.success() { Ok(()) } else { Err(Failure::Step(name.to_owned())) }
}

/// Says that a step is not run, and why.
pub(crate) fn skipped(name: &str, why: &str) {
    eprintln!("{name:<NAME_WIDTH$} skipped: {why}");
}

/// Wide enough for the longest name of a step.
const NAME_WIDTH: usize = 34;

/// The line on which a step is shown while it runs.
struct Line {
    name: String,
    stopwatch: Stopwatch,
    show: Show,
    terminal: bool,
    spinner: ProgressBar,
}

impl Line {
    fn new(name: &str, stopwatch: Stopwatch, show: Show) -> Self {
        let terminal = console::user_attended_stderr();
        let spinner = if terminal { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        // The template is constant; were it wrong, the default is shown.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg:.dim}") {
            spinner.set_style(style);
        }
        spinner.set_prefix(name.to_owned());
        Self { name: name.to_owned(), stopwatch, show, terminal, spinner }
    }

    fn output(&self, text: &str) {
        match self.show {
            Show::Everything => self.print(text),
            Show::OnFailure => self.spinner.set_message(console::strip_ansi_codes(text.trim()).into_owned()),
        }
        self.tick();
    }

    fn print(&self, text: &str) {
        // Colours are for people: rustfmt colours its differences wherever they go.
        let plain = || console::strip_ansi_codes(text);
        self.spinner.suspend(|| if self.terminal { eprintln!("{text}") } else { eprintln!("{}", plain()) });
    }

    fn tick(&self) {
        self.spinner.tick();
    }

    fn remind(&self, last: Option<&String>) {
        if !self.terminal && self.show == Show::OnFailure {
            let last = console::truncate_str(last.map_or("", |last| last.trim()), 60, "…");
            eprintln!("{:<NAME_WIDTH$} … {:>11}  {last}", self.name, self.stopwatch.text());
        }
    }

    fn finish(self, outcome: &str) {
        self.spinner.finish_and_clear();
        eprintln!("{:<NAME_WIDTH$} {outcome:<6} {:>11}", self.name, self.stopwatch.text());
    }
}

/// Sends what comes out of a pipe on, line by line, from a thread of its own.
fn pass_on(pipe: Option<impl Read + Send + 'static>, sender: Sender<String>) {
    let Some(pipe) = pipe else { return };
    thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
            bytes.clear();
            if sender.send(text).is_err() {
                break;
            }
        }
    });
}
