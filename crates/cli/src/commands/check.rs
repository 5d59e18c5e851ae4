//! `deputize check`: is this a scope document, a connector or an IAM policy, and does it say what was meant?

mod connectors;
mod fix;
mod kind;
mod sarif;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use deputize_scope::{Finding, Severity};
use serde::Serialize;

use self::kind::Kind;
use crate::commands::catalogue::Shelf;
use crate::settings::Settings;
use crate::{output, report, source};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Documents, in YAML or JSON; IAM policies in JSON.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What the files are: scope, connector, or aws-policy[=identity|session|trust|managed]. With a scope document, the
    /// connectors that it names are checked too.
    #[arg(long, default_value = "scope")]
    kind: Kind,
    /// How to tell the findings.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Fail on warnings too.
    #[arg(long)]
    strict: bool,
    /// Mend what has exactly one way to mend it, in the files themselves.
    #[arg(long)]
    fix: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Excerpts for a person, on standard error.
    Text,
    /// One array on standard output.
    Json,
    /// SARIF 2.1.0 on standard output, for code hosts and editors.
    Sarif,
}

/// A file as `--format json` tells of it.
#[derive(Serialize)]
struct Checked {
    file: String,
    findings: Vec<Finding>,
    #[serde(skip)]
    text: String,
}

pub(crate) fn run(settings: &Settings, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let catalogues = Shelf::new(&settings.state.value).catalogues()?;
    let mut checked = Vec::new();
    let mut fixed = 0;
    for path in &arguments.files {
        let mut bytes = source::bytes(path)?;
        let file = path.display().to_string();
        if arguments.fix
            && let Some(mended) = fix::mend(&bytes, arguments.kind, &catalogues)
        {
            fix::replace(path, &mended.text)?;
            for edit in &mended.edits {
                eprintln!("fixed {file}:{}: {}", edit.line, edit.title);
            }
            fixed += mended.edits.len();
            bytes = mended.text.into_bytes();
        }
        let mut findings = arguments.kind.findings(&bytes, &catalogues);
        let named = match arguments.kind {
            Kind::Scope => connectors::named(path, &bytes, &mut findings),
            Kind::Connector | Kind::AwsPolicy(_) => Vec::new(),
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        checked.push(Checked { file, findings, text });
        for connector in named {
            // Several documents may name the same one.
            if checked.iter().all(|one| one.file != connector.file) {
                checked.push(connector);
            }
        }
    }
    if arguments.format == Format::Text {
        for one in &checked {
            report::to_stderr(&one.file, &one.text, &one.findings);
        }
    }
    match arguments.format {
        Format::Json => output::line(serde_json::to_string_pretty(&checked)?)?,
        Format::Sarif => output::line(serde_json::to_string_pretty(&sarif::log(&checked))?)?,
        Format::Text => output::line(summary(&checked, fixed))?,
    }
    let bound = if arguments.strict { Severity::Warning } else { Severity::Error };
    let mut findings = checked.iter().flat_map(|one| &one.findings);
    // Severities are ordered from the heaviest.
    Ok(ExitCode::from(u8::from(findings.any(|finding| finding.severity <= bound))))
}

fn summary(checked: &[Checked], fixed: usize) -> String {
    let count = |severity| {
        checked.iter().flat_map(|one| &one.findings).filter(|finding| finding.severity == severity).count()
    };
    let files = plural(checked.len(), "file");
    let mended = if fixed == 0 { String::new() } else { format!(", {fixed} fixed") };
    let counts = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "note")];
    let counts = counts.map(|(severity, what)| (count(severity), what));
    if counts.iter().all(|(count, _)| *count == 0) {
        return format!("{files} checked{mended}, no findings");
    }
    // Notes are only mentioned where there are any.
    let told = counts.iter().filter(|(count, what)| *count > 0 || *what != "note");
    let told: Vec<String> = told.map(|(count, what)| plural(*count, what)).collect();
    format!("{files} checked{mended}, {}", told.join(", "))
}

fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
