//! Programs that have to be on the machine: found, or installed where that is allowed.

use std::path::Path;
use std::process::Command;

use crate::failure::Failure;
use crate::progress;

/// A program, the oldest version that will do, and where it comes from.
#[derive(Debug)]
pub(crate) struct Tool {
    /// The program's name, as in `java`.
    pub(crate) program: &'static str,
    /// What to call it with to see that it works, and which version it is.
    pub(crate) probe: &'static [&'static str],
    /// Major and minor version.
    pub(crate) least: (u32, u32),
    /// The packages of Debian that bring it.
    pub(crate) debian: &'static [&'static str],
}

pub(crate) const JAVA: Tool =
    Tool { program: "java", probe: &["-version"], least: (17, 0), debian: &["default-jre-headless"] };

/// The browser that the validator is tested in.
pub(crate) const CHROMIUM: Tool =
    Tool { program: "chromium", probe: &["--version"], least: (120, 0), debian: &["chromium"] };

/// The message server that monitoring is tested with.
pub(crate) const NATS_SERVER: Tool =
    Tool { program: "nats-server", probe: &["--version"], least: (2, 9), debian: &["nats-server"] };

pub(crate) const NODE: Tool =
    Tool { program: "node", probe: &["--version"], least: (20, 0), debian: &["nodejs"] };

pub(crate) const NPM: Tool = Tool { program: "npm", probe: &["--version"], least: (9, 0), debian: &["npm"] };

/// Debian packs the part of Python that makes virtual environments apart, so it is asked for.
pub(crate) const PYTHON: Tool = Tool {
    program: "python3",
    probe: &["-c", "import ensurepip, venv, platform; print(platform.python_version())"],
    least: (3, 11),
    debian: &["python3", "python3-venv"],
};

impl Tool {
    /// Finds it, or installs it where this runs as root on Debian.
    ///
    /// # Errors
    /// [`Failure::Missing`] with what to install.
    pub(crate) fn ensure(&self) -> Result<(), Failure> {
        if self.works() {
            return Ok(());
        }
        if can_install() {
            progress::required("apt-get update", apt_get(&["update", "--quiet"]))?;
            let install = ["install", "--quiet", "--yes", "--no-install-recommends"];
            let packages = self.debian.join(" ");
            progress::required(
                &format!("apt-get install {packages}"),
                apt_get(&[&install, self.debian].concat()),
            )?;
            if self.works() {
                return Ok(());
            }
        }
        Err(Failure::Missing(self.request()))
    }

    /// Finds it, and installs nothing.
    ///
    /// # Errors
    /// [`Failure::Missing`] with what to install.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.works() { Ok(()) } else { Err(Failure::Missing(self.request())) }
    }

    fn works(&self) -> bool {
        let probe = Command::new(self.program).args(self.probe).output();
        probe.is_ok_and(|output| {
            let text = [output.stdout, output.stderr].concat();
            let version = version(&String::from_utf8_lossy(&text));
            output.status.success() && version.is_some_and(|version| version >= self.least)
        })
    }

    fn request(&self) -> String {
        let (major, minor) = self.least;
        let debian = self.debian.join(" ");
        format!(
            "{} {major}.{minor} or newer is needed: install it (on Debian: apt-get install {debian}) and try again",
            self.program
        )
    }
}

/// Whether this is root on Debian or one of its kin.
fn can_install() -> bool {
    let root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    root && Path::new("/etc/debian_version").exists()
}

fn apt_get(arguments: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
    command
}

/// The first number in a program's answer, with the one after its dot: `openjdk version "17.0.15"`.
fn version(text: &str) -> Option<(u32, u32)> {
    let not_a_digit = |character: char| !character.is_ascii_digit();
    let word = text.trim_start_matches(not_a_digit).split_whitespace().next()?;
    let mut numbers = word.split(not_a_digit);
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next().and_then(|minor| minor.parse().ok()).unwrap_or(0);
    Some((major, minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_their_programs_tell_them() {
        assert_eq!(version("openjdk version \"17.0.15\" 2025-04-15"), Some((17, 0)));
        assert_eq!(version("java version \"1.8.0_402\""), Some((1, 8)));
        assert_eq!(version("v20.20.2\n"), Some((20, 20)));
        assert_eq!(version("nats-server: v2.9.10\n"), Some((2, 9)));
        assert_eq!(version("3.11.7\n"), Some((3, 11)));
        assert_eq!(version("openjdk 21 2023-09-19"), Some((21, 0)));
        assert_eq!(version("no such thing"), None);
    }

    #[test]
    fn what_is_missing_is_asked_for_in_one_line() {
        let tool = Tool {
            program: "no-such-program",
            probe: &["--version"],
            least: (1, 2),
            debian: &["some-package"],
        };
        assert!(!tool.works());
        let request = tool.request();
        assert!(request.starts_with("no-such-program 1.2 or newer is needed"), "{request}");
        assert!(request.contains("apt-get install some-package"), "{request}");
    }
}
