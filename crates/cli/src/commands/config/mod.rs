//! `deputize config`: the settings in effect, where each is from, and whether the clouds are as they say.

mod check;

use std::fmt::Display;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::output;
use crate::settings::{Flags, Origin, Setting, Settings, UpFlags};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tries what the agents of a scope document would be issued, says what is missing in a cloud and how to make it, and
    /// changes nothing. Exit 1: something is missing.
    Check(UpFlags),
}

pub(crate) fn run(flags: Flags, arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        None => show(&Settings::load(flags)?),
        Some(Command::Check(up)) => check::run(&Settings::load_up(flags, up)?),
    }
}

fn show(settings: &Settings) -> anyhow::Result<ExitCode> {
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
    line("gcp.cloud", &settings.gcp, ToString::to_string)?;
    line("azure.cloud", &settings.azure, ToString::to_string)?;
    written("", &settings.clouds_written, settings.clouds.origin)?;
    Ok(ExitCode::SUCCESS)
}

/// What is said of the clouds, a line each. Nothing of it is a secret.
fn written(name: &str, value: &Value, origin: Origin) -> io::Result<()> {
    let Value::Object(fields) = value else {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        return line(name, &Setting { value: text, origin }, Clone::clone);
    };
    for (field, value) in fields {
        let name = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
        written(&name, value, origin)?;
    }
    Ok(())
}

fn line<T>(name: &str, setting: &Setting<T>, told: impl Fn(&T) -> String) -> io::Result<()> {
    output::line(format!("{name:<20} {:<40} {}", told(&setting.value), setting.origin))
}

fn or_none(value: Option<impl Display>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}
