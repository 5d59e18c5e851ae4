//! Keeps what is generated from the code as documentation.

use std::fs;
use std::process::ExitCode;

use crate::failure::Failure;
use crate::workspace::Workspace;

/// Writes `docs/SUBJECT.md`: what the package's example of that name prints.
pub(crate) fn run(workspace: &Workspace, package: &str, subject: &str) -> Result<ExitCode, Failure> {
    let printing = format!("printing the reference of {subject}");
    let mut print = workspace.cargo(&["run", "--quiet", "--package", package, "--example", subject]);
    let output = print.output().map_err(Failure::io(printing.as_str()))?;
    if !output.status.success() {
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        return Err(Failure::Step(printing));
    }
    let page = workspace.root().join("docs").join(subject).with_extension("md");
    fs::write(&page, output.stdout).map_err(Failure::io(format!("writing {}", page.display())))?;
    println!("{}", page.display());
    Ok(ExitCode::SUCCESS)
}
