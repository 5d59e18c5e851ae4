//! A started process: its output in files, its end by id.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::{HarnessError, until};

/// Tells the processes of one test apart in the names of their files.
static STARTED: AtomicU64 = AtomicU64::new(0);

/// A process that a test started. Its output goes to files, not pipes, so that a test which is busy
/// elsewhere can never block it, and so that the output outlives a failed test. Killed on drop.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Process {
    /// Starts `command` with its output in `logs/NAME-…`.
    ///
    /// # Errors
    /// [`HarnessError::Io`] where the files cannot be made or the program cannot be started.
    pub fn start(name: &str, mut command: Command, logs: &Path) -> Result<Self, HarnessError> {
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let file = |stream: &str| -> Result<(PathBuf, File), HarnessError> {
            let path = logs.join(format!("{name}-{}-{number}.{stream}.log", std::process::id()));
            let file =
                File::create(&path).map_err(HarnessError::io(format!("creating {}", path.display())))?;
            Ok((path, file))
        };
        let (stdout, stdout_file) = file("stdout")?;
        let (stderr, stderr_file) = file("stderr")?;
        let child = command
            .stdin(Stdio::null())
            .stdout(stdout_file)
            .stderr(stderr_file)
            .spawn()
            .map_err(HarnessError::io(format!("starting {}", command.get_program().display())))?;
        Ok(Self { name: name.to_owned(), child, stdout, stderr })
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until a line of its standard output or standard error satisfies `accept`, and gives
    /// what `accept` made of it.
    ///
    /// # Errors
    /// [`HarnessError::Exited`] with the output where it ends first, [`HarnessError::TimedOut`]
    /// where the line does not come within `limit`.
    pub async fn line<T>(
        &mut self,
        what: &str,
        limit: Duration,
        accept: impl Fn(&str) -> Option<T>,
    ) -> Result<T, HarnessError> {
        until(&format!("{}: {what}", self.name), limit, async || {
            // Asked before the output is read: what a process wrote before it ended is then seen.
            let running = self.ensure_running();
            for stream in [&self.stdout, &self.stderr] {
                let output = text(stream);
                // Only whole lines: the last one may still be being written.
                let whole = output.rsplit_once('\n').map_or("", |(whole, _)| whole);
                if let Some(value) = whole.lines().find_map(&accept) {
                    return Ok(Some(value));
                }
            }
            running.map(|()| None)
        })
        .await
    }

    /// Passes while the process runs.
    ///
    /// # Errors
    /// [`HarnessError::Exited`] with its output once it has ended.
    pub fn ensure_running(&mut self) -> Result<(), HarnessError> {
        match self.exit_status()? {
            None => Ok(()),
            Some(status) => Err(HarnessError::Exited {
                name: self.name.clone(),
                status: status.to_string(),
                output: self.output(),
            }),
        }
    }

    /// How it ended, or `None` while it runs.
    ///
    /// # Errors
    /// [`HarnessError::Io`] where the operating system cannot say.
    pub fn exit_status(&mut self) -> Result<Option<ExitStatus>, HarnessError> {
        self.child.try_wait().map_err(HarnessError::io(format!("asking how {} is", self.name)))
    }

    /// Everything it has written: standard output, then standard error.
    #[must_use]
    pub fn output(&self) -> String {
        text(&self.stdout) + &text(&self.stderr)
    }

    /// The most memory it has had resident so far, in bytes (`VmHWM`). `None` where the operating
    /// system has no `/proc`, or the process has ended.
    #[must_use]
    pub fn peak_memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kibibytes * 1024)
    }

    /// How long it has had a processor so far, in all its threads, to a hundredth of a second. `None` where the
    /// operating system has no `/proc`, or the process has ended.
    #[must_use]
    pub fn processor_time(&self) -> Option<Duration> {
        let status = fs::read_to_string(format!("/proc/{}/stat", self.id())).ok()?;
        // The program's name stands in parentheses and may hold any character; utime is the 14th field, stime the 15th.
        let (_, fields) = status.rsplit_once(')')?;
        let ticks: u64 =
            fields.split_whitespace().skip(11).take(2).map_while(|field| field.parse::<u64>().ok()).sum();
        // USER_HZ, in which `/proc` counts, is 100 on every architecture of Linux that Lambda has.
        Some(Duration::from_millis(ticks * 10))
    }

    /// Ends it as a power cut would (SIGKILL on Unix), and waits until it is gone.
    ///
    /// # Errors
    /// [`HarnessError::Io`] where the operating system refuses.
    pub fn kill(&mut self) -> Result<(), HarnessError> {
        let killed = self.child.kill().and_then(|()| self.child.wait());
        killed.map(|_| ()).map_err(HarnessError::io(format!("killing {}", self.name)))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nobody is left to tell: a process that cannot be killed has ended already.
        let _ = self.kill();
    }
}

fn text(path: &Path) -> String {
    match fs::read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        // Said in the place where a reader looks for the output.
        Err(error) => format!("({} is unreadable: {error})\n", path.display()),
    }
}
