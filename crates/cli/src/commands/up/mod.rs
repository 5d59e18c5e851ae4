//! `deputize up`: the whole product in one process.

mod clouds;
mod console;
mod document;
mod ledger;
mod serve;
mod state;
mod tokens;
mod wiring;

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context as _;
use deputize_broker::Broker;
use deputize_host::{Format, init_tracing};
use deputize_scope::{AgentId, Cloud};
use tokio::net::TcpListener;

use self::document::FirstDocument;
use self::state::State;
use self::wiring::Host;
use crate::output;
use crate::settings::{Settings, Which};

pub(crate) async fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    init_tracing(Format::Text)?;
    let state = State::open(&settings.state.value)?;
    let document = FirstDocument::choose(settings, &state)?;
    let console = settings.console.value.as_deref().map(console::routes).transpose()?;
    let has_console = console.is_some();
    // Listening goes before everything that costs time, and its port before everything that names it.
    let listen = &settings.listen.value;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let address = listener.local_addr()?;
    let url = format!("http://{}", reachable(address));

    let host = Host::start();
    let mut served = wiring::wire(settings, &state, document.tenant(), &url, &host).await?;
    served.router = served.router.merge(console.unwrap_or_default());
    document.publish(&served.broker).await?;
    tokens::hand_out(&served, &state).await?;
    state.announce(&url)?;
    if !address.ip().is_loopback() {
        eprintln!("warning: tokens and credentials go unencrypted over the network that {address} is on");
    }
    let agent = an_agent(&served.broker).await?;
    let stopped = serve::until_stopped(listener, &served, &state, || {
        output::line(format!("ready {url}"))?;
        if has_console {
            eprintln!("console: {url}/");
        }
        eprint!("{}", hints(&url, &state, agent.as_ref(), settings.aws.value));
        Ok(())
    });
    let stopped = stopped.await;
    state.withdraw();
    stopped.map(|()| ExitCode::SUCCESS)
}

/// Where a client of this machine finds a listener, also one that listens on every address.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// An agent that can be tried on AWS.
async fn an_agent(broker: &Broker) -> anyhow::Result<Option<AgentId>> {
    let scopes = broker.scopes().await.context("cannot read the scope document")?;
    let mut agents = scopes.iter().flat_map(|scopes| &scopes.document.agents);
    let found = agents.find(|(_, agent)| agent.scopes.iter().any(|scope| scope.cloud() == Cloud::Aws));
    Ok(found.map(|(name, _)| name.clone()))
}

/// What a newcomer can try.
fn hints(url: &str, state: &State, agent: Option<&AgentId>, aws: Which) -> String {
    let mut text = format!("admin token: {}\n", state.admin_token().display());
    let Some(agent) = agent else { return text };
    let directory = state.root().display();
    text += &format!("try:\n  deputize request {agent} aws --state {directory} --duration 15m\n");
    if aws == Which::Sandbox {
        text += &format!(
            "  (eval \"$(deputize request {agent} aws --state {directory} --format env)\" && curl -s {url}/sandbox/aws/authorize \
             --json '{{\"access_key_id\":\"'$AWS_ACCESS_KEY_ID'\",\"session_token\":\"'$AWS_SESSION_TOKEN'\",\
             \"action\":\"iam:CreateUser\",\"resource\":\"*\",\"region\":\"us-east-1\"}}')\n"
        );
    }
    text + &format!("  deputize leases list --state {directory}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_every_address_is_told_by_one_that_can_be_called() {
        for (listening, told) in
            [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "[::1]:80"), ("10.0.0.1:80", "10.0.0.1:80")]
        {
            assert_eq!(reachable(listening.parse().unwrap()).to_string(), told);
        }
    }
}
