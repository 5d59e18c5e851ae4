//! `deputize contains`: does one scope lie within another?

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use deputize_scope::aws::authority::{Authority, Certainty};
use deputize_scope::document::parse_scopes;
use deputize_scope::{Scope, Severity};

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
    let (grant, request) = (authority(&arguments.grant)?, authority(&arguments.request)?);
    let Err(witness) = grant.contains(&request) else {
        output::line("contained")?;
        return Ok(ExitCode::SUCCESS);
    };
    output::line(match witness.certainty {
        Certainty::Shown => format!("not contained: {witness}"),
        Certainty::Undecided => {
            format!("could not be shown: the patterns overlap in too many ways: {witness}")
        }
    })?;
    Ok(ExitCode::FAILURE)
}

/// The union of what the scopes of a file allow on AWS.
fn authority(path: &Path) -> anyhow::Result<Authority> {
    let text = source::text(path)?;
    let (scopes, findings) = parse_scopes(&text);
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        report::to_stderr(&path.display().to_string(), &text, &findings);
        bail!("{} has errors", path.display());
    }
    let mut statements = Vec::new();
    for scope in &scopes {
        match scope {
            Scope::Aws(scope) => statements.extend_from_slice(scope.authority().statements()),
            other => bail!(
                "this version compares scopes of aws only; {} has one of {}",
                path.display(),
                other.cloud()
            ),
        }
    }
    Ok(Authority::new(statements))
}
