//! `deputize config`: the settings in effect, and where each is from.

use std::fmt::Display;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::output;
use crate::settings::{Setting, Settings};

pub(crate) fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    let path = |path: &PathBuf| path.display().to_string();
    line("url", &settings.url, |url| or_none(url.as_ref()))?;
    line("token", &settings.token, |token| or_none(token.as_ref().map(|_| "(redacted)")))?;
    line("token_file", &settings.token_file, |file| or_none(file.as_ref().map(path)))?;
    line("state", &settings.state, path)?;
    line("listen", &settings.listen, ToString::to_string)?;
    line("scopes", &settings.scopes, |files| {
        or_none((!files.is_empty()).then(|| files.iter().map(path).collect::<Vec<_>>().join(", ")))
    })?;
    line("console", &settings.console, |directory| or_none(directory.as_ref().map(path)))?;
    line("aws.cloud", &settings.aws, ToString::to_string)?;
    line("aws.role", &settings.aws_role, |role| or_none(role.as_ref()))?;
    Ok(ExitCode::SUCCESS)
}

fn line<T>(name: &str, setting: &Setting<T>, told: impl Fn(&T) -> String) -> io::Result<()> {
    output::line(format!("{name:<12} {:<40} {}", told(&setting.value), setting.origin))
}

fn or_none(value: Option<impl Display>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}
