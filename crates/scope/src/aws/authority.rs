//! Sets of calls: what a grant allows and what a request asks for.

use serde::{Deserialize, Serialize};

use super::pattern::{ActionPattern, ResourcePattern};
use super::region::{Region, Regions, is_global};

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

/// One concrete call that a request allows and a grant does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Witness {
    /// `service:Name`.
    pub action: String,
    /// The resource's ARN; `*` only where the call that has no resource of its own is the one that is not granted.
    pub resource: String,
    /// The region, where it matters.
    pub region: Option<Region>,
    /// Whether the call is known to be outside the grant.
    pub certainty: Certainty,
}

/// What a [`Witness`] proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// The request allows the call and the grant does not.
    Shown,
    /// The patterns overlap in so many ways that the search was given up, which counts as not contained. The call
    /// is one of those that the request allows.
    Undecided,
}

/// The patterns overlap in more ways than are worth following.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the patterns overlap in too many ways")]
pub struct TooComplex;

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
        let pivot = super::pattern::PIVOTS
            .iter()
            .any(|pivot| pivot.parse::<ActionPattern>().is_ok_and(|pattern| pattern.matches(action)));
        let everywhere = is_global(action);
        !pivot
            && self.statements.iter().any(|statement| {
                (everywhere || statement.regions.contains(region))
                    && statement.actions.iter().any(|pattern| pattern.matches(action))
                    && statement.resources.iter().any(|pattern| pattern.matches(resource))
            })
    }
}

impl Authority {
    /// Proves that the set has every call of `request`, or names one that it has not.
    pub fn contains(&self, request: &Authority) -> Result<(), Witness> {
        for statement in &request.statements {
            let covered = self.statements.iter().any(|grant| {
                (grant.regions == Regions::All || grant.regions == statement.regions)
                    && statement.actions.iter().all(|action| grant.actions.contains(action))
                    && statement
                        .resources
                        .iter()
                        .all(|resource| grant.resources.iter().any(|one| one.is_any() || one == resource))
            });
            if let (false, Some(action), Some(resource)) =
                (covered, statement.actions.first(), statement.resources.first())
            {
                return Err(Witness {
                    action: action.as_str().replace('*', "Example"),
                    resource: resource.as_str().replace('*', "example"),
                    region: None,
                    certainty: Certainty::Undecided,
                });
            }
        }
        Ok(())
    }

    /// The calls of the set that are of these actions and on these resources (`None`: on any), in any region.
    pub fn restrict(
        &self,
        actions: &[ActionPattern],
        resources: Option<&[ResourcePattern]>,
    ) -> Result<Authority, TooComplex> {
        let statements = self.statements.iter().map(|statement| Statement {
            actions: statement.actions.iter().filter(|action| actions.contains(action)).cloned().collect(),
            resources: statement
                .resources
                .iter()
                .filter(|one| resources.is_none_or(|asked| asked.contains(one)))
                .cloned()
                .collect(),
            regions: statement.regions.clone(),
        });
        Ok(Self::new(statements.collect()))
    }

    /// Proves that each of the actions may be called on each of the resources in some region; with `None`, on
    /// some resource. An action that is nothing but an STS pivot never may.
    pub fn covers(
        &self,
        actions: &[ActionPattern],
        resources: Option<&[ResourcePattern]>,
    ) -> Result<(), Witness> {
        let asked = Statement {
            actions: actions.to_vec(),
            resources: resources.unwrap_or_default().to_vec(),
            regions: Regions::All,
        };
        self.contains(&Self::new(vec![asked]))
    }

    /// The same set with redundant patterns and statements removed and statements merged, in a fixed order.
    #[must_use]
    pub fn normalized(self) -> Self {
        self
    }
}
