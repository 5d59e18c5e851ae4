//! `deputize compile`: what the cloud will be sent.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use deputize_scope::aws::authority::Authority;
use deputize_scope::aws::compile::compile;
use deputize_scope::document::AwsScope;
use deputize_scope::{Agent, AgentId, Cloud, Scope, ScopeDocument};

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
    let policy = compile(&authority(agent, arguments.index)?)?;
    output::line(policy.text())?;
    eprintln!("{} characters, {} to spare", policy.characters(), policy.headroom());
    Ok(ExitCode::SUCCESS)
}

/// What one session may have: one scope, or all of them where they share a role.
fn authority(agent: &Agent, index: Option<usize>) -> anyhow::Result<Authority> {
    let scopes: Vec<&AwsScope> = agent
        .scopes
        .iter()
        .filter_map(|scope| if let Scope::Aws(scope) = scope { Some(scope) } else { None })
        .collect();
    let (first, rest) = scopes.split_first().context("the agent has no scope for aws")?;
    if let Some(index) = index {
        let scope = scopes.get(index).with_context(|| {
            format!(
                "there is no scope {index}: the agent's scopes for aws are counted from 0 to {}",
                rest.len()
            )
        })?;
        return Ok(scope.authority());
    }
    if rest.iter().any(|scope| scope.role != first.role || scope.external_id != first.external_id) {
        bail!(
            "the agent's scopes are of several roles, which no session has at once: choose one with --index"
        );
    }
    let statements = scopes.iter().flat_map(|scope| scope.authority().statements().to_vec());
    Ok(Authority::new(statements.collect()))
}
