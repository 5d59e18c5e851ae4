//! `deputize explain`: what a finding's code stands for and how to write it instead, or all that is known of a
//! permission.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use deputize_scope::Cloud;
use deputize_scope::catalogue::{Catalogues, Description};
use deputize_scope::finding::{Code, Example};
use serde_json::json;

use crate::commands::catalogue::Shelf;
use crate::output;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The code of a finding, such as duplicate-identity, or a permission of a cloud, such as iam:PassRole.
    #[arg(value_name = "FINDING|PERMISSION")]
    what: String,
    /// How to tell it.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a person.
    Text,
    /// An object on standard output.
    Json,
}

pub(crate) fn run(settings: &Settings, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let what = arguments.what.as_str();
    if let Some(code) = Code::ALL.iter().find(|code| code.as_str() == what) {
        output::line(match arguments.format {
            Format::Text => explained(*code),
            Format::Json => serde_json::to_string_pretty(&finding(*code))?,
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let catalogues = Shelf::new(&settings.state.value).catalogues()?;
    let description = Description::of(what, &catalogues);
    if !description.known {
        if arguments.format == Format::Json {
            output::line(serde_json::to_string_pretty(&description)?)?;
        }
        eprintln!("error: {}", unknown(what, &description, &catalogues));
        return Ok(ExitCode::from(2));
    }
    output::line(match arguments.format {
        Format::Text => described(&description),
        Format::Json => serde_json::to_string_pretty(&description)?,
    })?;
    Ok(ExitCode::SUCCESS)
}

fn finding(code: Code) -> serde_json::Value {
    let examples: Vec<_> = Example::of(code)
        .map(|one| json!({ "in": one.frame.describe(), "wrong": one.wrong, "right": one.right }))
        .collect();
    json!({ "finding": code, "explanation": code.explanation(), "examples": examples })
}

fn explained(code: Code) -> String {
    let mut text = format!("{code}\n\n{}\n", code.explanation());
    for example in Example::of(code) {
        let indented = |text: &str| text.lines().map(|line| format!("    {line}\n")).collect::<String>();
        text += &format!("\nIn {}:\n\n{}", example.frame.describe(), indented(example.wrong));
        if let Some((part, times)) = example.grown {
            text += &format!("    (… stands for {times} times {part:?})\n");
        }
        text += &format!("\nInstead:\n\n{}", indented(example.right));
    }
    text.trim_end().to_owned()
}

/// What is neither a code nor a known permission.
fn unknown(what: &str, description: &Description, catalogues: &Catalogues) -> String {
    // Codes have hyphens alone; every permission has something else between its parts.
    let near = Code::nearest(what).filter(|_| !what.contains([':', '.', '/']));
    let meant = near.map(|code| code.to_string()).or_else(|| description.nearest.clone());
    let mut text = format!("there is no finding and no permission {what:?}");
    if let Some(meant) = meant {
        text += &format!("; did you mean {meant}?");
    } else if let Some(catalogue) = description.cloud.and_then(|cloud| catalogues.of(cloud)) {
        let (cloud, date) = (catalogue.cloud(), catalogue.date());
        text += &format!(", as of {date}; `deputize catalogue pull --cloud {cloud}` gets the newest");
    }
    text
}

fn described(permission: &Description) -> String {
    let mut lines: Vec<String> = permission.name.iter().cloned().collect();
    lines.extend(permission.cloud.map(|cloud| format!("  cloud: {cloud}")));
    lines.extend(permission.access.map(|access| format!("  access: {access}")));
    let planes: Vec<&str> = permission.planes.iter().map(|plane| plane.as_str()).collect();
    if !planes.is_empty() {
        lines.push(format!("  plane: {}", planes.join(" and ")));
    }
    for kind in &permission.resources {
        let required = if kind.required { ", required" } else { "" };
        lines.push(format!("  resource: {}{required}: {}", kind.name, kind.arns.join(" or ")));
    }
    if permission.resources.is_empty() && permission.cloud == Some(Cloud::Aws) {
        lines.push("  resource: none; only \"*\" stands for that".to_owned());
    }
    let keys = permission.condition_keys.iter();
    lines.extend(keys.map(|key| format!("  condition key: {} ({})", key.name, key.kind)));
    for rule in &permission.escalation {
        lines.push(format!("  escalation: {}: {}, which gives {}", rule.rule, rule.title, rule.gives));
    }
    lines.join("\n")
}
