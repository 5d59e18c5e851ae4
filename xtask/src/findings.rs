//! Keeps what is generated from the code as documentation.

use std::fs;
use std::process::ExitCode;

use crate::failure::Failure;
use crate::workspace::Workspace;

/// Writes `docs/findings.md`.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode, Failure> {
    let mut print =
        workspace.cargo(&["run", "--quiet", "--package", "deputize-scope", "--example", "findings"]);
    let output = print.output().map_err(Failure::io("printing the reference of findings"))?;
    if !output.status.success() {
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        return Err(Failure::Step("printing the reference of findings".to_owned()));
    }
    let page = workspace.root().join("docs/findings.md");
    fs::write(&page, output.stdout).map_err(Failure::io(format!("writing {}", page.display())))?;
    println!("{}", page.display());
    Ok(ExitCode::SUCCESS)
}
