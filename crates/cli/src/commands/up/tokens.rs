//! Token files: one for the administrator, one for auditors, and one for each agent of the current scope document.

use std::path::Path;

use anyhow::Context as _;
use deputize_broker::Role;
use deputize_broker::caller::Actor;
use deputize_broker::token::PresentedToken;

use super::state::{self, State};
use super::wiring::Served;

/// Makes the token files that are missing. The store keeps a hash; the file is the only place of the token itself.
pub(super) async fn hand_out(served: &Served, state: &State) -> anyhow::Result<()> {
    ensure(served, &state.admin_token(), Role::Admin).await?;
    ensure(served, &state.auditor_token(), Role::Auditor).await?;
    let scopes = served.broker.scopes().await.context("cannot read the scope document")?;
    for agent in scopes.iter().flat_map(|scopes| scopes.document.agents.keys()) {
        ensure(served, &state.agent_token(agent), Role::Agent { agent: agent.clone() }).await?;
    }
    Ok(())
}

/// A token file that the store knows for this role is kept.
async fn ensure(served: &Served, path: &Path, role: Role) -> anyhow::Result<()> {
    let tenant = served.broker.tenant();
    if let Some(text) = state::read(path)? {
        if let Ok(presented) = text.reveal().trim().parse::<PresentedToken>() {
            let record = served.tokens.find(tenant, &presented.id).await.context("cannot read the tokens")?;
            if record.is_some_and(|record| record.matches(&presented) && record.role == role) {
                return Ok(());
            }
        }
        tracing::warn!(file = %path.display(), "the token in this file is not known here; it is replaced");
    }
    // The record first: a token that nobody has does no harm, one that is not known is of no use.
    let token = served.broker.issue_token(Actor::Broker, role).await.context("cannot write the tokens")?;
    Ok(state::write(path, token.reveal())?)
}
