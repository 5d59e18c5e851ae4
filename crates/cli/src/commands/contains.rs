//! `deputize contains`: does one scope lie within another?

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use deputize_scope::aws::authority::Certainty;
use deputize_scope::document::parse_scopes;
use deputize_scope::{Grant, Severity};

use crate::{output, report, source};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What is granted: a file with one scope, or a list of them.
    #[arg(long, value_name = "FILE")]
    grant: PathBuf,
    /// What is asked for: a file of the same form.
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (grant, request) = (granted(&arguments.grant)?, granted(&arguments.request)?);
    let Err(witness) = grant.contains(&request) else {
        output::line("contained")?;
        return Ok(ExitCode::SUCCESS);
    };
    output::line(match witness.certainty() {
        Certainty::Shown => format!("not contained: {witness}"),
        Certainty::Undecided => {
            format!("could not be shown: the patterns overlap in too many ways: {witness}")
        }
    })?;
    Ok(ExitCode::FAILURE)
}

/// The union of what the scopes of a file allow.
fn granted(path: &Path) -> anyhow::Result<Grant> {
    let text = source::text(path)?;
    let (scopes, findings) = parse_scopes(&text);
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        report::to_stderr(&path.display().to_string(), &text, &findings);
        bail!("{} has errors", path.display());
    }
    Ok(Grant::of(&scopes))
}
