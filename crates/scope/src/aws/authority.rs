//! Sets of calls: what a grant allows and what a request asks for.

use serde::{Deserialize, Serialize};

use super::containment::{Union, pivots};
use super::normal::normal_form;
use super::pattern::{ActionPattern, ResourcePattern};
use super::region::{Regions, is_global};
use super::restriction::{common_actions, common_resources};
use crate::glob::automaton::Effort;

pub use super::witness::Witness;
pub use crate::proof::{Certainty, TooComplex};

/// Calls of any of the actions, on any of the resources, in any of the regions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Statement {
    /// The actions.
    pub actions: Vec<ActionPattern>,
    /// The resources.
    pub resources: Vec<ResourcePattern>,
    /// The regions. Calls to global services do not heed them.
    #[serde(default)]
    pub regions: Regions,
}

/// A set of calls (action, resource, region): the union of statements, without the STS pivots.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Authority {
    statements: Vec<Statement>,
}

impl Authority {
    /// The union of the statements.
    pub fn new(statements: Vec<Statement>) -> Self {
        Self { statements }
    }

    /// The statements.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Whether one call is in the set.
    pub fn allows(&self, action: &str, resource: &str, region: &str) -> bool {
        pivots().iter().all(|pivot| !pivot.matches(action))
            && self.allows_where(action, resource, |statement| statement.regions.contains(region))
    }

    /// Whether a statement has the action and the resource, and either the action heeds no region or the
    /// statement's regions are as wanted.
    pub(super) fn allows_where(
        &self,
        action: &str,
        resource: &str,
        in_region: impl Fn(&Statement) -> bool,
    ) -> bool {
        let everywhere = is_global(action);
        self.statements.iter().any(|statement| {
            (everywhere || in_region(statement))
                && statement.actions.iter().any(|pattern| pattern.matches(action))
                && statement.resources.iter().any(|pattern| pattern.matches(resource))
        })
    }

    /// Proves that the set has every call of `request`, or names one that it has not.
    ///
    /// The proof is exact, over unions of statements, over `*` and `?`, and over regions. Only where patterns
    /// overlap in extravagantly many ways is it given up: the witness then says so, and is not a proof.
    pub fn contains(&self, request: &Authority) -> Result<(), Witness> {
        let union = Union::new(&self.statements);
        let effort = Effort::generous();
        for statement in &request.statements {
            match union.gap(statement, &effort) {
                Ok(None) => {}
                Ok(Some(gap)) => return Err(Witness::of(gap, self)),
                Err(TooComplex) => return Err(Witness::undecided(statement)),
            }
        }
        Ok(())
    }

    /// Proves that each of the actions may be called on each of the resources in at least one region; with
    /// `None`, on at least one resource. An action that is nothing but an STS pivot never may be called.
    pub fn covers(
        &self,
        actions: &[ActionPattern],
        resources: Option<&[ResourcePattern]>,
    ) -> Result<(), Witness> {
        let any = [ResourcePattern::any()];
        let asked = Statement {
            actions: actions.to_vec(),
            resources: resources.unwrap_or(&any).to_vec(),
            regions: Regions::All,
        };
        if let Some(pivot) = actions.iter().find(|action| action.is_pivot()) {
            return Err(Witness::of_pivot(pivot, asked.resources.first()));
        }
        // Where any region will do, a statement that has one may as well have all; the same for resources.
        let widened = self.statements.iter().cloned().map(|mut statement| {
            if !statement.regions.is_empty() {
                statement.regions = Regions::All;
            }
            if resources.is_none() && !statement.resources.is_empty() {
                statement.resources = any.to_vec();
            }
            statement
        });
        Self::new(widened.collect()).contains(&Self::new(vec![asked]))
    }

    /// The calls of the set that are of these actions and on these resources (`None`: on any), in any region.
    pub fn restrict(
        &self,
        actions: &[ActionPattern],
        resources: Option<&[ResourcePattern]>,
    ) -> Result<Authority, TooComplex> {
        let effort = Effort::generous();
        let mut statements = Vec::new();
        for statement in &self.statements {
            let actions = common_actions(&statement.actions, actions, &effort)?;
            let resources = match resources {
                Some(asked) => common_resources(&statement.resources, asked, &effort)?,
                None => statement.resources.clone(),
            };
            statements.push(Statement { actions, resources, regions: statement.regions.clone() });
        }
        Ok(Self::new(statements).normalized())
    }

    /// The same set with redundant patterns and statements removed and statements merged, in a fixed order.
    #[must_use]
    pub fn normalized(self) -> Self {
        Self::new(normal_form(self.statements))
    }
}
