//! The scope document that the process starts with, and the tenant that it is of.

use anyhow::{Context as _, bail};
use deputize_broker::Broker;
use deputize_broker::caller::Actor;
use deputize_broker::ports::rotation::ConnectorText;
use deputize_broker::scopes::Precondition;
use deputize_scope::{ScopeDocument, TenantId};

use super::state::State;
use crate::settings::{Settings, Which};
use crate::source::{self, NamedConnector};

/// What a newcomer gets, to have something to ask for.
const EXAMPLE: &str = include_str!("../../../../../examples/mission.yaml");
/// The connector that it names, as it does.
const CONNECTOR: (&str, &str) =
    ("connectors/sandbox.yaml", include_str!("../../../../../examples/connectors/sandbox.yaml"));

/// Which document the process starts with.
#[derive(Debug)]
pub(super) struct FirstDocument {
    tenant: TenantId,
    /// What to publish; none where what was published before goes on.
    given: Option<(String, ScopeDocument)>,
    /// The connectors that it names.
    connectors: Vec<NamedConnector>,
}

impl FirstDocument {
    /// The files of the settings, else what the state directory has, else the example where there is only a sandbox.
    pub(super) fn choose(settings: &Settings, state: &State) -> anyhow::Result<Self> {
        let known = state.tenant()?;
        let mut connectors = Vec::new();
        let given = match settings.scopes.value.as_slice() {
            [] if known.is_some() => None,
            [] if settings.aws.value == Which::Sandbox => {
                eprintln!("no scope document was given: starting with the example, examples/mission.yaml");
                connectors
                    .push(NamedConnector { name: CONNECTOR.0.to_owned(), text: CONNECTOR.1.to_owned() });
                Some((EXAMPLE.to_owned(), source::sound("examples/mission.yaml", EXAMPLE)?))
            }
            [] => bail!("no scope document: give one with --scopes FILE"),
            files => {
                let given = source::scopes(files)?;
                connectors = source::connectors(files)?;
                Some(given)
            }
        };
        let tenant = match (&given, known) {
            (Some((_, document)), Some(known)) if document.tenant != known => {
                bail!(
                    "the state directory is of tenant {known}, the scope document of tenant {}",
                    document.tenant
                )
            }
            (Some((_, document)), _) => document.tenant.clone(),
            (None, known) => known.context("no scope document: give one with --scopes FILE")?,
        };
        Ok(Self { tenant, given, connectors })
    }

    pub(super) fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Publishes it where it is not the current one already, and before it the connectors that it names.
    pub(super) async fn publish(&self, broker: &Broker) -> anyhow::Result<()> {
        for NamedConnector { name, text } in self.connectors.clone() {
            let context = format!("cannot put the connector {name} in place");
            let connector = ConnectorText { name, text };
            broker.install_connector(Actor::Broker, connector).await.context(context)?;
        }
        if let Some((text, _)) = &self.given {
            let published = broker.publish(Actor::Broker, text.clone(), Precondition::Any).await;
            published.context("cannot publish the scope document")?;
        }
        Ok(())
    }
}
