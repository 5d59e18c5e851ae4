//! `deputize check`: is this a scope document, and does it say what was meant?

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use deputize_scope::{Finding, ScopeDocument, Severity};
use serde::Serialize;

use crate::{output, report, source};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Scope documents, in YAML or JSON.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How to tell the findings.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Fail on warnings too.
    #[arg(long)]
    strict: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Excerpts for a person, on standard error.
    Text,
    /// One array on standard output.
    Json,
}

/// A file as `--format json` tells of it.
#[derive(Serialize)]
struct Checked {
    file: String,
    findings: Vec<Finding>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut checked = Vec::new();
    for path in &arguments.files {
        let bytes = source::bytes(path)?;
        let (file, findings) = (path.display().to_string(), ScopeDocument::parse_bytes(&bytes).findings);
        if arguments.format == Format::Text {
            report::to_stderr(&file, &String::from_utf8_lossy(&bytes), &findings);
        }
        checked.push(Checked { file, findings });
    }
    match arguments.format {
        Format::Json => output::line(serde_json::to_string_pretty(&checked)?)?,
        Format::Text => output::line(summary(&checked))?,
    }
    let bound = if arguments.strict { Severity::Warning } else { Severity::Error };
    let mut findings = checked.iter().flat_map(|one| &one.findings);
    // Severities are ordered from the heaviest.
    Ok(ExitCode::from(u8::from(findings.any(|finding| finding.severity <= bound))))
}

fn summary(checked: &[Checked]) -> String {
    let count = |severity| {
        checked.iter().flat_map(|one| &one.findings).filter(|finding| finding.severity == severity).count()
    };
    let files = plural(checked.len(), "file");
    match (count(Severity::Error), count(Severity::Warning)) {
        (0, 0) => format!("{files} checked, no findings"),
        (errors, warnings) => {
            format!("{files} checked, {}, {}", plural(errors, "error"), plural(warnings, "warning"))
        }
    }
}

fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
