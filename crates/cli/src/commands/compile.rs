//! `deputize compile`: what the cloud will be sent.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use deputize_scope::aws::compile::compile;
use deputize_scope::{AgentId, Cloud, ScopeDocument};

use crate::{output, report, source};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A scope document.
    file: PathBuf,
    /// The agent to compile for.
    #[arg(long)]
    agent: AgentId,
    /// The cloud: aws.
    #[arg(long)]
    cloud: Cloud,
    /// Only this one of the agent's scopes for the cloud, counted from 0. Without it, all of them.
    #[arg(long)]
    index: Option<usize>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if arguments.cloud != Cloud::Aws {
        bail!("this version compiles for aws only, not for {}", arguments.cloud);
    }
    let bytes = source::bytes(&arguments.file)?;
    let parsed = ScopeDocument::parse_bytes(&bytes);
    let Some(document) = parsed.document else {
        let name = arguments.file.display().to_string();
        report::to_stderr(&name, &String::from_utf8_lossy(&bytes), &parsed.findings);
        bail!("the scope document has errors");
    };
    let agent = document
        .agents
        .get(&arguments.agent)
        .with_context(|| format!("the document has no agent {}", arguments.agent))?;
    let policy = compile(&agent.aws_session(arguments.index)?)?;
    output::line(policy.text())?;
    eprintln!("{} characters, {} to spare", policy.characters(), policy.headroom());
    Ok(ExitCode::SUCCESS)
}
