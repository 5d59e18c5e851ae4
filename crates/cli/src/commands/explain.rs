//! `deputize explain`: what a finding's code stands for, why it matters, and how to write it instead.

use std::process::ExitCode;

use clap::Args;
use deputize_scope::finding::{Code, Example};

use crate::output;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The code of a finding, such as duplicate-identity.
    #[arg(value_name = "CODE")]
    code: String,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Some(code) = Code::ALL.iter().find(|code| code.as_str() == arguments.code) else {
        let near =
            Code::nearest(&arguments.code).map_or(String::new(), |code| format!("; did you mean {code}?"));
        eprintln!("error: there is no finding {:?}{near}", arguments.code);
        return Ok(ExitCode::from(2));
    };
    output::line(explained(*code))?;
    Ok(ExitCode::SUCCESS)
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
