//! `deputize compile`: what the cloud will be sent.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use deputize_scope::gcp::boundary::{CHARACTERS_LIMIT, RULES_LIMIT};
use deputize_scope::{AgentId, Cloud, ScopeDocument, aws, azure, gcp};
use serde_json::json;

use crate::{output, report, source};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A scope document.
    file: PathBuf,
    /// The agent to compile for.
    #[arg(long)]
    agent: AgentId,
    /// The cloud: aws, gcp or azure.
    #[arg(long)]
    cloud: Cloud,
    /// Only this one of the agent's scopes for the cloud, counted from 0. Without it, all of them.
    #[arg(long)]
    index: Option<usize>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
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
    match arguments.cloud {
        Cloud::Aws => aws(&agent.aws_session(arguments.index)?),
        Cloud::Gcp => gcp(&agent.gcp_session(arguments.index)?),
        Cloud::Azure => azure(&agent.azure_session(arguments.index)?),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn aws(authority: &aws::authority::Authority) -> anyhow::Result<()> {
    let policy = aws::compile::compile(authority)?;
    output::line(policy.text())?;
    eprintln!("{} characters, {} to spare", policy.characters(), policy.headroom());
    Ok(())
}

fn gcp(authority: &gcp::authority::Authority) -> anyhow::Result<()> {
    let request = gcp::compile::compile(authority)?;
    output::line(serde_json::to_string(&json!({
        "scopes": request.scopes,
        "access_boundary": request.boundary,
    }))?)?;
    let Some(boundary) = &request.boundary else {
        let broad: Vec<&str> = request.broad.iter().map(|permission| permission.as_str()).collect();
        if !broad.is_empty() {
            eprintln!("no OAuth scope narrower than cloud-platform serves {}", broad.join(", "));
        }
        eprintln!("below the OAuth scopes, the service account's own roles decide what the token allows");
        return Ok(());
    };
    let (rules, characters) = (boundary.rules().len(), boundary.text().chars().count());
    eprintln!(
        "{rules} rules, {} to spare; {characters} characters, {} to spare",
        RULES_LIMIT.saturating_sub(rules),
        CHARACTERS_LIMIT.saturating_sub(characters)
    );
    if !boundary.beyond().is_empty() {
        eprintln!(
            "the boundary's roles also let through, where the service account has it: {}",
            boundary.beyond().join(", ")
        );
    }
    Ok(())
}

fn azure(authority: &azure::authority::Authority) -> anyhow::Result<()> {
    let request = azure::compile::compile(authority)?;
    output::line(serde_json::to_string(&json!({ "scopes": [request.scope()] }))?)?;
    if !request.elsewhere.is_empty() {
        let elsewhere: Vec<&str> = request.elsewhere.iter().map(|audience| audience.service()).collect();
        eprintln!("what else the operations match wants tokens of its own, for {}", elsewhere.join(", "));
    }
    eprintln!("the role assignments of the identity decide what the token allows");
    Ok(())
}
